"""Presence: what needs a person at the rig, how it is shown, and that it is journalled as what it is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rig.bench.fit import fit
from rig.bench.model import Bench
from rig.bench.rigfile import load_rig
from rig.bench.sheet import demo_sheet
from rig.cli.making import answered_here
from rig.engine.host import Host, NotReady
from rig.engine.ownership import NEED_PRESENCE, absent, presence_record, witness
from rig.engine.phases.permissives import missing
from rig.engine.phases.prime import PrimePhase
from rig.engine.planning import permissives, plan_visits
from rig.engine.questions import Question
from rig.readings import Reading, Readings
from rig.running import FileAnswers, Options, Session
from rig.simulation.laboratory import Laboratory
from rig.simulation.liquids import scene_data
from rig.simulation.serve import Server
from tests.end_to_end.spinning import Spinning, bench_of, demo_text, read, recipe_text
from tests.engine.hand import INPUTS, Hand, prime_plan

KEY = "inputs.bench.key"
TAPS = 'tube_pressure_ok  = { channel = 4, healthy = "closed" }'


def bench(presence: str = "console", real: bool = True) -> Bench:
    """The demonstration rig, at ports that only look real; nothing is opened."""
    made = load_rig(None)[0]
    lines = (
        {where.replace("sim:", "real:"): names for where, names in made.lines.items()} if real else made.lines
    )
    return replace(made, safety=replace(made.safety, presence=presence), lines=lines)


class Listening(Host):
    """A host of which only rig, readings, journal and answers are asked."""

    def __init__(self, made: Bench, key: float | None) -> None:
        self.bench = made
        self.journal: list[tuple[str, dict[str, Any]]] = []
        self.answers_taken: list[tuple[str, Any]] = []
        newest = {KEY: Reading(key, 0, None if key is not None else "no reply")}
        self.engine = self  # type: ignore[assignment]
        self.readings = Readings(0, newest, {})

    def write(self, kind: str, data: dict[str, Any]) -> None:
        self.journal.append((kind, data))

    def answer(self, step: str, key: str, value: Any, by: str, run_id: str | None = None) -> str | None:
        self.answers_taken.append((f"{step}.{key}", value))
        return None


@pytest.mark.parametrize(
    ("presence", "real", "came_from", "key", "holds"),
    [
        ("console", True, "console", None, True),
        ("console", True, "ssh", None, False),
        ("console", True, "elsewhere", None, False),
        ("console", True, "ssh", 1.0, False),
        (KEY, True, "ssh", 1.0, True),
        (KEY, True, "console", 0.0, False),
        (KEY, True, "console", None, False),
        ("console", False, "ssh", None, True),
        (KEY, False, "ssh", 0.0, True),
    ],
)
def test_presence_is_the_console_or_a_turned_key_and_holds_on_an_emulated_rig(
    presence: str, real: bool, came_from: str, key: float | None, holds: bool
) -> None:
    assert (absent(bench(presence, real), came_from, key) is None) is holds


def test_what_the_console_says_is_journalled_as_claimed_and_a_key_as_read() -> None:
    host = Listening(bench(), None)
    assert witness(host, "clear", "Ada", "console") is None
    assert host.journal == [("presence", {"for": "clear", "by": "Ada", "how": "console", "claimed": True})]
    assert presence_record(bench(KEY), "ssh") == {"how": KEY, "claimed": False}


def test_on_an_emulated_rig_nothing_is_claimed() -> None:
    host = Listening(bench(real=False), None)
    assert witness(host, "clear", "Ada", "ssh") is None
    assert host.journal == []


@pytest.mark.parametrize("key", ["present", "primed", "wiped", "earthed", "attested"])
def test_an_answer_typed_at_the_runs_own_terminal_needs_the_key_at_that_moment(key: str) -> None:
    question = Question("co-deposit", key, "Is it so?")
    away = Listening(bench(KEY), 0.0)
    why = answered_here(away, question, True, "Ada", "console")
    assert why == f"a person at the rig has to do this, and the key {KEY} does not say that one is there"
    assert away.answers_taken == [] and away.journal[0][0] == "refused"
    there = Listening(bench(KEY), 1.0)
    assert answered_here(there, question, True, "Ada", "console") is None
    assert there.answers_taken == [(f"co-deposit.{key}", True)]
    assert there.journal[0] == (
        "presence",
        {"for": f"[co-deposit] {key}", "by": "Ada", "how": KEY, "claimed": False},
    )


def test_a_weight_can_be_told_from_anywhere() -> None:
    away = Listening(bench(KEY), 0.0)
    assert answered_here(away, Question("transfer", "mat_mass", "Weigh it."), "470 mg", "Ada", "ssh") is None
    assert away.answers_taken == [("transfer.mat_mass", "470 mg")]


def test_priming_and_spinning_start_with_the_key_turned() -> None:
    assert permissives(bench(KEY))[-1] == KEY
    assert KEY not in permissives(bench(KEY, real=False)) and "console" not in permissives(bench())
    hand = Hand(PrimePhase(prime_plan(permissives=(*INPUTS, KEY))))
    hand.values[KEY] = 0.0
    for _ in range(20):
        assert hand.scan().outputs == {}
    assert hand.said("waiting")[0]["for"] == f"the key {KEY} does not say that a person is at the rig"
    hand.values[KEY] = 1.0
    assert hand.scan().outputs
    assert missing(hand.context(), (KEY,)) is None


def test_after_hours_without_anybody_priming_asks_whether_somebody_is_there() -> None:
    hand = Hand(PrimePhase(prime_plan(ask_present=True)))
    hand.answers_itself = False
    for _ in range(100):
        assert hand.scan().outputs == {}
    assert [question.key for _, question in hand.asked] == ["present"]
    hand.answer("present")
    assert hand.scan().outputs


def test_it_is_asked_on_a_real_rig_after_a_step_that_needed_nobody(tmp_runs: Any) -> None:
    later = recipe_text().replace(
        "[[steps]]", '[[steps]]\nid = "rest"\ndo = "wait"\nduration = "5 h"\n\n[[steps]]', 1
    )
    recipe = read(later)
    assignment = Spinning(tmp_runs).fit.assignment

    def asks(text: Any, made: Bench) -> list[bool]:
        phases = [phase for visit in plan_visits(text, assignment, made) for phase in visit.phases()]
        return [phase._plan.ask_present for phase in phases if isinstance(phase, PrimePhase)]

    assert asks(recipe, bench()) == [True]
    assert asks(recipe, bench(KEY)) == [False]
    assert asks(recipe, bench(real=False)) == [False]
    assert asks(read(recipe_text()), bench()) == [False]


@pytest.mark.parametrize(
    ("presence", "says"),
    [
        (KEY, f"the key {KEY} does not say that one is there: nothing was started"),
        ("console", "this came over SSH"),
    ],
)
def test_a_spin_run_does_not_start_with_nobody_at_the_rig(presence: str, says: str, tmp_runs: Path) -> None:
    text = demo_text(
        **{
            TAPS: f'{TAPS}\nkey = {{ channel = 5, healthy = "closed" }}',
            '"console"': f'"{presence}"',
            'prove_every = "30 d"': "",
        }
    )
    emulated = bench_of(text)
    recipe = read(recipe_text(duration="1 min"))
    sheet = demo_sheet(recipe)
    laboratory = Laboratory(
        emulated, scene_data(emulated, recipe, fit(recipe, emulated, sheet).assignment), 0
    )
    laboratory.scene.contacts.set(0, "key", False)
    server = Server(laboratory)
    for name, settings in emulated.instruments.items():
        text = text.replace(f'"{settings.where}"', f'"{server.urls[name]}"')
    made = bench_of(text)
    options = Options(FileAnswers(None, True), runs_dir=tmp_runs, came_from="ssh")
    session = Session(recipe, made, sheet, fit(recipe, made, sheet).assignment, options)
    server.start()
    try:
        with pytest.raises(NotReady, match=re.escape(says)):
            session.run()
    finally:
        server.close()
        laboratory.close()
    assert list(tmp_runs.iterdir()) == []


def test_what_needs_a_person_at_the_rig() -> None:
    assert {"clear", "reset", "resume", "shelve", "out-of-service", "trust"} <= NEED_PRESENCE
    assert not {"hold", "stop", "abort", "ack", "pause"} & NEED_PRESENCE
