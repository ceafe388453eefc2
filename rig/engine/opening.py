"""Who is kept away from a furnace's tube, how that is said, and how it ends (safety rule 4).

A question that may send hands to a tube is put only when every tube of the asking run is known to be below its open
limit and is flushed of what pyrolysis gave off. Until then it waits, with the heater off, and the wait is said. Where
nothing brings its end nearer (the temperature cannot be read, no gas flows) that is an alarm; and a named person at the
rig can say that the tube is flushed. Whoever is asked to a tube may open it: its purge proof is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rig.engine.phases.people import PromptPhase
from rig.engine.questions import FLUSHED, Answer, Question
from rig.engine.unit import Unit
from rig.readings import NS
from rig.safety.alarms_other import TUBE_SHUT, tube_shut
from rig.safety.furnace_facts import FurnaceFacts

if TYPE_CHECKING:
    from rig.engine.engine import Engine

LOUD_AFTER_NS: Final = 60 * NS
"""So long nothing may bring the end of a wait nearer before that is an alarm."""

ASKED_TO_TUBE: Final = "somebody was asked to the tube"


@dataclass(slots=True)
class _Wait:
    """A unit's question that is not put. reason: which kind of it was said last; stuck_ns: since when nothing brings
    its end nearer."""

    step: str
    furnace: Unit
    scan: int
    reason: str = ""
    stuck_ns: int | None = None


class Opening:
    """Looks after all units of one engine. `keep` is told of each question that is not put; `scan` ends a scan."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waits: dict[str, _Wait] = {}
        self._asked: dict[str, Question] = {}
        """By furnace: what a person is asked to attest."""

    def tubes(self, unit: Unit) -> list[Unit]:
        """The furnaces that a question of this unit may send somebody to: its own, those whose tube the asking run used
        last (no program knows which door a prompt's words open), and every one where its words name a furnace."""
        run, phase = self._engine.asker(unit.name), unit.phase
        names = {unit.name} | (run.tubes() if run is not None else set())
        if isinstance(phase, PromptPhase):
            names |= set(phase.opens)
        return [one for one in self._engine.units.values() if one.name in names and _facts(one) is not None]

    def why_not(self, unit: Unit) -> str | None:
        """Why nobody may be sent to a tube by this unit, or None."""
        return self._shut(unit)[1]

    def keep_shut(self, unit: Unit) -> str | None:
        """What whoever is sent elsewhere by this unit leaves shut: every other tube that may not be opened now."""
        own = self.tubes(unit)
        others = [one for one in self._engine.units.values() if one not in own and _facts(one) is not None]
        why = [text for furnace in others if (text := self._why_shut(furnace)) is not None]
        return f"KEEP SHUT: {'; '.join(why)}." if why else None

    def _shut(self, unit: Unit) -> tuple[Unit | None, str | None]:
        for furnace in self.tubes(unit):
            why = self._why_shut(furnace)
            if why is not None:
                return furnace, why
        return None, None

    def _why_shut(self, furnace: Unit) -> str | None:
        """Hot, not flushed, unknown, or with a heater that is not read back as off."""
        facts, engine = _facts(furnace), self._engine
        assert facts is not None
        why = facts.why_not_open(furnace.name, self._reading(furnace))
        if why is None and not engine.heater_off(engine.outlets[furnace.name], engine.readings):
            return f"the heater of {furnace.name} is not read back as off"
        return why

    def _reading(self, furnace: Unit) -> float | None:
        return self._engine.readings.value(f"{furnace.name}.temperature_degc")

    def keep(self, unit: Unit, question: Question) -> None:
        """A question of this unit is not put at this scan."""
        furnace, _ = self._shut(unit)
        if furnace is None:
            return  # kept away by high voltage, which is loud by itself
        wait = self._waits.get(unit.name)
        if wait is None or wait.step != question.step:
            wait = self._waits[unit.name] = _Wait(question.step, furnace, self._engine.scans)
        wait.furnace, wait.scan = furnace, self._engine.scans

    def scan(self, now_ns: int) -> None:
        """Once at the end of each scan."""
        engine = self._engine
        for unit in engine.units.values():
            if any(question.at_tube for question in unit.questions.open.values()):
                for tube in self.tubes(unit):
                    facts = _facts(tube)
                    assert facts is not None
                    facts.purge.lose(ASKED_TO_TUBE)
        if not self._waits and not self._asked:
            return
        for name, wait in list(self._waits.items()):
            if wait.scan != engine.scans or self.why_not(engine.units[name]) is None:
                del self._waits[name]
                engine.units[name].kept_away = None
                engine.units[name].stuck_ns = None
            else:
                self._look(engine.units[name], wait, now_ns)
        for unit in engine.units.values():
            if _facts(unit) is not None:
                self._look_at_tube(unit)

    def _look(self, unit: Unit, wait: _Wait, now_ns: int) -> None:
        """Say a wait whose reason is a new one, and note since when it is without an end."""
        furnace = wait.furnace
        why = self.why_not(unit)
        unit.kept_away = why
        reason, stuck = self._reason(furnace, now_ns)
        phase = unit.phase
        if reason != wait.reason and (wait.reason or phase is None or phase.do != "prompt"):
            self._engine.writer(unit.name)("waiting", {"step": wait.step, "for": why})
        wait.reason = reason
        if not stuck:
            wait.stuck_ns = None
        elif wait.stuck_ns is None:
            wait.stuck_ns = now_ns
        unit.stuck_ns = wait.stuck_ns
        if wait.stuck_ns is not None and now_ns - wait.stuck_ns >= LOUD_AFTER_NS and not furnace.tube_shut:
            furnace.tube_shut = True
            furnace.alarms += 1
            text = f"{wait.step} waits, and nothing brings its end nearer: {why}."
            priority = tube_shut(furnace.name).priority
            self._engine.writer(furnace.name)(
                "alarm", {"tag": TUBE_SHUT, "unit": furnace.name, "text": text, "priority": priority}
            )

    def _reason(self, furnace: Unit, now_ns: int) -> tuple[str, bool]:
        """(which kind of reason, whether nothing brings its end nearer)."""
        facts = _facts(furnace)
        assert facts is not None
        degc = facts.reckoned_degc(self._reading(furnace))
        if degc is None:
            return "unknown", True
        if degc >= facts.open_degc:
            return "hot", False
        if not facts.flush.owed:
            return "heater", False
        return "unflushed", not facts.flush.under_way(now_ns)

    # A person's word for a flush

    def _look_at_tube(self, furnace: Unit) -> None:
        """Ask for a person's word where somebody waits for a flush that does not go on; take it, or take it back."""
        waits = [w for w in self._waits.values() if w.furnace is furnace and w.stuck_ns is not None]
        furnace.tube_shut = furnace.tube_shut and bool(waits)
        unflushed = next((wait for wait in waits if wait.reason == "unflushed"), None)
        question = self._asked.get(furnace.name)
        if question is not None:
            answer = furnace.questions.given(question)
            if answer is not None:
                self._take(furnace, question, answer)
            elif unflushed is None:
                self._withdraw(furnace, question)
        elif unflushed is not None:
            self._ask(furnace, unflushed.step)

    def _ask(self, furnace: Unit, step: str) -> None:
        facts = _facts(furnace)
        assert facts is not None
        question = Question(
            step,
            FLUSHED,
            f"{facts.flush.why_not(furnace.name)}, and no gas flows for it. What pyrolysis gave off (hydrogen cyanide, "
            "carbon monoxide) may stand in the tube. Do not open it. Flush it with inert gas, the exhaust on, or make "
            "sure by other means; then attest with name, and how it was done.",
            "attest",
        )
        furnace.questions.forget(step, FLUSHED)  # a word given earlier says nothing about now
        self._asked[furnace.name] = question
        furnace.questions.ask(question)
        self._engine.writer(furnace.name)(
            "question", {"step": step, "key": FLUSHED, "text": question.text, "answer": question.kind}
        )

    def _withdraw(self, furnace: Unit, question: Question) -> None:
        del self._asked[furnace.name]
        if furnace.questions.withdraw(question):
            self._engine.writer(furnace.name)(
                "withdrawn",
                {
                    "step": question.step,
                    "key": question.key,
                    "text": "gas flows for it, or nobody waits for it",
                },
            )

    def _take(self, furnace: Unit, question: Question, answer: Answer) -> None:
        facts = _facts(furnace)
        assert facts is not None
        flush = facts.flush
        data = {
            "unit": furnace.name,
            "by": answer.value,
            "flowed_l": flush.flowed_l,
            "needed_l": flush.needed_l,
        }
        self._engine.writer(furnace.name)("flush-attested", data)
        flush.attested()
        del self._asked[furnace.name]
        furnace.questions.forget(question.step, question.key)


def _facts(unit: Unit) -> FurnaceFacts | None:
    facts = unit.spec.facts
    return facts if isinstance(facts, FurnaceFacts) else None
