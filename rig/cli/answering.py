"""Answers from the person at the terminal: asked there, held against what the question allows, asked again if need be.

Where virtual time can stand still the scan waits for the person. Where time goes on by itself, a thread asks and the
answer is posted to the scan's thread; the same question can then be answered from elsewhere, too.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol

from rig.cli.keyboard import Keyboard
from rig.engine.questions import BadAnswer, Question, check_answer
from rig.running import FileAnswers

YES = frozenset({"y", "yes", "true", "j", "ja", "ok"})
ASK_S = 0.1


class Screen(Protocol):
    """Where questions appear. Every method may be called from any thread."""

    def ask(self, question: Question, wanted: str) -> None:
        """A question is asked now; `wanted` says what is to be typed."""

    def refuse(self, text: str) -> None:
        """What was typed is not taken."""

    def asked(self) -> None:
        """Nothing is asked any more."""


def wanted(question: Question) -> str:
    """What is to be typed."""
    if question.kind == "yes":
        return "yes"
    if question.kind == "attest":
        return "name and reason"
    assert question.field is not None
    field = question.field
    text = f"a value with its unit, e.g. {field.simulate or f'1 {field.unit}'}"
    return text + (f" (expected {field.expect})" if field.expect is not None else "")


def read_value(question: Question, text: str) -> Any:
    """What was typed as the value of an answer. Raises BadAnswer."""
    if question.kind == "yes":
        if text.casefold() not in YES:
            raise BadAnswer('type "yes" when it is so; until then nothing goes on')
        return True
    if question.kind == "attest":
        name, _, reason = text.partition(":")
        value = {"name": name.strip(), "reason": reason.strip()}
        if not value["name"] or not value["reason"]:
            raise BadAnswer('type your name, a colon and the reason: "A. Person: supply does not answer"')
        return value
    return text


class Asker:
    """Open questions at one keyboard, one after the other."""

    def __init__(self, keyboard: Keyboard, screen: Screen) -> None:
        self.keyboard = keyboard
        self._screen = screen
        self._open: list[Question] = []
        self._shown: Question | None = None
        self._odd: str | None = None
        self._lock = threading.Lock()

    @property
    def busy(self) -> bool:
        """Whether anything is asked."""
        return bool(self._open)

    def add(self, question: Question) -> None:
        """Ask this, too."""
        with self._lock:
            self._open.append(question)

    def refuse(self, why: str) -> None:
        """Say why an answer was not taken."""
        self._screen.refuse(why)

    def settle(self, step: str, key: str) -> None:
        """It has been answered, here or elsewhere."""
        with self._lock:
            self._open = [one for one in self._open if (one.step, one.key) != (step, key)]
            gone = self._shown is not None and (self._shown.step, self._shown.key) == (step, key)
        if gone:
            self._screen.asked()

    def turn(self, timeout_s: float) -> tuple[Question, Any] | None:
        """Wait so long for a line; the answer if there was a good one."""
        with self._lock:
            question = self._open[0] if self._open else None
        if question is not self._shown:
            self._shown, self._odd = question, None
            if question is None:
                self._screen.asked()
            else:
                self._screen.ask(question, wanted(question))
        text = self.keyboard.line(timeout_s)
        if question is None or text is None:
            return None
        try:
            value = read_value(question, text)
            _, odd = check_answer(question, value)
        except BadAnswer as error:
            self._odd = None
            self._screen.refuse(str(error))
            return None
        if odd and text != self._odd:
            assert question.field is not None
            self._odd = text
            self._screen.refuse(
                f"{text} is outside of what is expected ({question.field.expect}). Type it once more if it is right."
            )
            return None
        self._screen.refuse("")
        return question, value


class TerminalAnswers:
    """Answers of the file first (or of --yes), then of the terminal; fills `rig.engine.host.AnswerSource`.

    wait: stop virtual time until the person has answered; else a thread asks and `post_answer` takes it to the scan.
    interrupted: whether somebody has interrupted and the scan has not acted on it yet; give_up: called when no answer
    will come from here any more.
    """

    def __init__(
        self,
        known: FileAnswers,
        asker: Asker,
        wait: bool,
        interrupted: Callable[[], bool],
        give_up: Callable[[], None],
    ) -> None:
        self._known = known
        self._asker = asker
        self._wait = wait
        self._interrupted = interrupted
        self._give_up = give_up
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def can_attest(self) -> bool:
        """Somebody sits there."""
        return True

    def provide(self, question: Question) -> Any:
        """The known answer; else the person's, now or later."""
        value = self._known.provide(question)
        if value is not None:
            return value
        self._asker.add(question)
        return self._await(question) if self._wait else None

    def _await(self, question: Question) -> Any:
        while not self._interrupted():
            answer = self._asker.turn(ASK_S)
            if answer is not None:
                self._asker.settle(answer[0].step, answer[0].key)
                if answer[0] is question:
                    return answer[1]
            if self._asker.keyboard.ended:
                # Nobody will answer any more, and virtual time would run on for ever.
                self._give_up()
                break
        self._asker.settle(question.step, question.key)
        return None

    def start(self, post_answer: Callable[[Question, Any], None]) -> None:
        """Begin to ask in a thread of its own, where time goes on meanwhile."""
        if self._wait:
            return

        def work() -> None:
            with suppress(OSError):  # the terminal is gone
                while not self._stop.is_set() and not self._asker.keyboard.ended:
                    answer = self._asker.turn(ASK_S)
                    if answer is not None:
                        self._asker.settle(answer[0].step, answer[0].key)
                        post_answer(*answer)
            if not self._stop.is_set():
                self._give_up()

        self._thread = threading.Thread(target=work, name="terminal", daemon=True)
        self._thread.start()

    def again(self, question: Question, why: str) -> None:
        """What was typed was not taken after all: say why, and ask once more."""
        with suppress(OSError):
            self._asker.refuse(why)
        self._asker.add(question)

    def stop(self) -> None:
        """Ask no more."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def on_event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        """A question that was answered elsewhere is not asked any more."""
        if kind in ("answer", "withdrawn"):
            self._asker.settle(str(data.get("step")), str(data.get("key")))
