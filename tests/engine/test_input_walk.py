"""Walking through the inputs on the emulated rig: what sticks, what is crossed, and who is sent where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from rig.bench.rigfile import load_rig
from rig.cli.prove import ByItself, host_of
from rig.engine.input_walk import InputWalk, moves
from rig.simulation.laboratory import Laboratory

DOOR, STOP = "inputs.bench.door_closed", "inputs.bench.emergency_stop_ok"


class Noted(ByItself):
    """Notes what a person would have been told, and when."""

    def __init__(self, laboratory: Laboratory) -> None:
        super().__init__(laboratory, load_rig(None)[0])
        self.laboratory = laboratory
        self.said: list[tuple[float, str]] = []

    def ask(self, channel: str, words: str, healthy: bool) -> None:
        self.said.append((self.laboratory.scheduler.now_ns / 1e9, words))
        super().ask(channel, words, healthy)


@pytest.fixture
def walk() -> Iterator[tuple[InputWalk, Noted]]:
    with ExitStack() as stack:
        host, laboratory = host_of(load_rig(None)[0], stack)
        assert laboratory is not None
        host.connect()
        stack.callback(host.release)
        guide = Noted(laboratory)
        made = InputWalk(host, (DOOR, STOP), guide, 5.0)
        yield made, guide


def test_nobody_is_sent_to_the_door_before_the_discharge_time_is_over(walk: tuple[InputWalk, Noted]) -> None:
    made, guide = walk
    made.ready()
    walked = made.prove(DOOR)
    assert walked.why is None and walked.opened_s is not None and 0 < walked.opened_s < 0.2
    assert [words for _, words in guide.said] == ["open the chamber door", "close the chamber door"]
    assert guide.said[0][0] >= 30.0


def test_a_contact_that_sticks_is_not_proved(walk: tuple[InputWalk, Noted]) -> None:
    made, guide = walk
    made.ready()
    guide.laboratory.scene.contacts.stick(0, "door_closed", True)
    walked = made.prove(DOOR)
    assert walked.why == "not seen unhealthy within 5 s"
    assert made.prove(STOP).why is None


def test_crossed_wires_are_seen(walk: tuple[InputWalk, Noted]) -> None:
    made, guide = walk
    made.ready()
    contacts = guide.laboratory.scene.contacts
    contacts.stick(0, "door_closed", True)

    def crossed(channel: str, healthy: bool) -> None:
        contacts.set(guide.laboratory.scheduler.now_ns, "emergency_stop_ok", healthy)

    guide.nudge = crossed  # type: ignore[method-assign]
    walked = made.prove(DOOR)
    assert walked.why == f"not seen unhealthy within 5 s; {STOP} moved instead: look at the wiring"


def test_every_input_has_words_of_its_own() -> None:
    assert moves(DOOR)[0] == "open the chamber door"
    assert moves("inputs.bench.water_ok") == ("make water_ok unhealthy", "make water_ok healthy again")
