"""What befalls the computer that runs the program, and the person who answers it (safety rule 10).

The emulated rig goes on without them: its instruments keep their own time-outs, programs and mains.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rig.engine.drive import VirtualDrive
from rig.engine.questions import Question
from rig.records.errors import RecordError
from rig.records.journal import Journal
from rig.records.record import Record
from rig.records.samples import Checkpoint, Samples
from rig.simulation.laboratory import Laboratory

if TYPE_CHECKING:
    from rig.engine.host import AnswerSource, Host

Action = Callable[[bool], object]
"""What begins (True) and ends (False) a fault."""

SUSPEND_S = 30.0
"""So long a suspended computer sleeps where the faults file gives no duration."""

TOO_MUCH = 1000.0
"""A wrong number is so many times the right one: a unit mistaken."""


class ControllerCrashed(BaseException):
    """The fault `crash` or `power-cut`: controller and mailboxes are gone, the laboratory can go on under another one.

    Not an Exception: nothing of the controller is left that could handle it.
    """


def crash(lab: Laboratory, drive: VirtualDrive) -> Action:
    """The program dies with its lines and mailboxes."""

    def act(on: bool) -> None:
        if on:
            lab.crash_controller()
            drive.detach()
            raise ControllerCrashed("the controller was made to crash (fault); its emulated rig goes on")

    return act


def power_cut(lab: Laboratory, drive: VirtualDrive) -> Action:
    """The mains of the whole room fail: computer and instruments; they come back without the program."""

    def act(on: bool) -> None:
        for device in lab.devices.values():
            device.power(not on)
        if on:
            lab.crash_controller()
            drive.detach()
            raise ControllerCrashed("the mains failed (fault): computer and instruments are without power")

    return act


def suspend(lab: Laboratory, drive: VirtualDrive, duration_s: float | None) -> Action:
    """The computer sleeps: no scan and no new exchange for so long, and its clock has counted on when it wakes.

    An exchange that is in flight still ends: what arrives while it sleeps waits in the port.
    """
    sleeps_s = duration_s or SUSPEND_S

    def act(on: bool) -> None:
        if on:
            drive.stall(sleeps_s)
            lab.suspend_lines(sleeps_s)

    return act


def disk_full(host: Host) -> Action:
    """Nothing more can be written into any open record: each write fails as it would with no space left."""
    struck: list[Record] = []

    def act(on: bool) -> None:
        if on:
            struck[:] = [book.record for book in host.engine.books.open]
        for record in struck:
            _fill(record, on)

    return act


class _FullJournal(Journal):
    """A journal on a disk without room."""

    __slots__ = ()

    def write(self, raw: bytes) -> None:
        """Nothing is written."""
        raise RecordError(f"the journal {self.path} cannot be written: No space left on device")


class _FullSamples(Samples):
    """A sample table on a disk without room."""

    def commit(self, checkpoint: Checkpoint | None = None) -> None:
        """Nothing is written; the rows go on waiting."""
        raise RecordError(f"the sample table {self.path} cannot be written: database or disk is full")


def _fill(record: Any, full: bool) -> None:
    """Take the room from a record's files, or give it back."""
    record._journal.__class__ = _FullJournal if full else Journal
    record._samples.__class__ = _FullSamples if full else Samples


def wrong_answer(host: Host) -> Action:
    """The next question is answered wrongly, once: a confirmation with no, a number with a thousand times its value."""
    host.answers = mistaken = Mistaken(host.answers)

    def act(on: bool) -> None:
        mistaken.wrong = on

    return act


class Mistaken:
    """Somebody who gives the answers of `answers`, but for one while `wrong`. Attests nothing wrongly."""

    def __init__(self, answers: AnswerSource) -> None:
        self._answers = answers
        self.wrong = False

    @property
    def can_attest(self) -> bool:
        """As whoever answers rightly."""
        return self._answers.can_attest

    def provide(self, question: Question) -> Any:
        """As it is known, or once wrong."""
        right = self._answers.provide(question)
        if not self.wrong or right is None or question.kind == "attest":
            return right
        self.wrong = False
        if question.kind == "quantity":
            number, _, unit = str(right).partition(" ")
            return f"{float(number) * TOO_MUCH:g} {unit}"
        return False
