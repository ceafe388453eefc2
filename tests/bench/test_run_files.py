"""Run sheet, syringes, answers, faults and start states."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recipes.model import Recipe
from recipes.units import quantity
from rig.bench.answers import Answers, Attestation, questions, read_answers, simulated_answers
from rig.bench.faults import Fault, read_faults
from rig.bench.model import Bench
from rig.bench.rigfile import load_rig
from rig.bench.sheet import read_sheet
from rig.bench.start import (
    ClimateStart,
    FurnaceStart,
    GasStart,
    HvStart,
    InputsStart,
    OxygenStart,
    PumpStart,
    read_start,
)
from rig.bench.syringes import catalogue

SHEET = """
sample = "S-2026-117"
collector = "foil 7"
note = "second try"
[masses]
foil = "1234 mg"
[streams.co-deposit.tio2]
pump = "a"
syringe = { diameter = "14.43 mm", volume = "10 ml" }
loaded = "5 ml"
needle = "left"
lot = "T-12"
prepared = 2026-11-19
"""


@pytest.fixture(scope="module")
def bench() -> Bench:
    return load_rig(None)[0]


@pytest.fixture(scope="module")
def recipe(spin_text: str, recipe_of: Callable[..., Recipe]) -> Recipe:
    return recipe_of(spin_text)


def test_every_key_of_a_run_sheet_is_read() -> None:
    sheet, problems = read_sheet(SHEET)
    assert sheet is not None and len(problems) == 0
    assert (sheet.sample, sheet.collector, sheet.note) == ("S-2026-117", "foil 7", "second try")
    assert sheet.masses == {"foil": quantity(1.234, "g", "mass")}
    stream = sheet.streams["co-deposit", "tio2"]
    assert (stream.pump, stream.loaded_ml, stream.needle) == ("pumps.a", 5.0, "left")
    assert (stream.lot, stream.prepared) == ("T-12", "2026-11-19")
    assert (stream.syringe.diameter_mm, stream.syringe.volume_ml) == (14.43, 10.0)


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ('loaded = "5 ml"', 'loaded = "12 ml"', "above-capacity", "streams.co-deposit.tio2.loaded"),
        ('loaded = "5 ml"', 'loaded = "5 cm"', "wrong-dimension", "streams.co-deposit.tio2.loaded"),
        ("lot =", "batch =", "unknown-key", "streams.co-deposit.tio2.batch"),
        ("2026-11-19", '"last week"', "not-a-date", "streams.co-deposit.tio2.prepared"),
        ("[streams.co-deposit.tio2]", "[streams.tio2]", "wrong-type", "streams.tio2.pump"),
        (
            '{ diameter = "14.43 mm", volume = "10 ml" }',
            '"BD Plastipack 10 ml"',
            "unknown-syringe",
            "streams.co-deposit.tio2.syringe",
        ),
    ],
)
def test_mistakes_in_a_run_sheet(old: str, new: str, code: str, where: str) -> None:
    assert old in SHEET
    sheet, problems = read_sheet(SHEET.replace(old, new))
    assert sheet is None
    assert (code, where) in [(problem.code, problem.where) for problem in problems]
    assert all(problem.line is not None for problem in problems)


def test_questions_and_what_simulation_answers(recipe: Recipe) -> None:
    assert [questions(recipe, step) for step in recipe.steps] == [
        ("primed", "wiped", "earthed"),
        ("mat_mass",),
    ]
    assert Answers().missing(recipe) == (
        "co-deposit.primed",
        "co-deposit.wiped",
        "co-deposit.earthed",
        "transfer.mat_mass",
    )
    assert Answers().missing(recipe, "transfer") == ("transfer.mat_mass",)
    answers, problems = simulated_answers(recipe)
    assert len(problems) == 0 and answers.missing(recipe) == ()
    assert answers.get("transfer", "mat_mass") == quantity(470, "mg", "mass")
    assert answers.get("co-deposit", "attested") is None


def test_a_field_without_a_value_for_simulation(spin_text: str, recipe_of: Callable[..., Recipe]) -> None:
    answers, problems = simulated_answers(recipe_of(spin_text, (', simulate = "470 mg"', "")))
    (problem,) = problems
    assert (problem.code, problem.where) == ("no-simulate-value", "steps.transfer.record.mat_mass")
    assert problem.line is not None and answers.get("transfer", "mat_mass") is None


def test_a_spin_step_after_a_prime_step_does_not_ask_for_priming(
    spin_text: str, recipe_of: Callable[..., Recipe]
) -> None:
    prime = '[[steps]]\nid = "fill"\ndo = "prime"\n\n[[steps]]\nid = "co-deposit"'
    recipe = recipe_of(spin_text, ('[[steps]]\nid = "co-deposit"', prime))
    assert [questions(recipe, step) for step in recipe.steps[:2]] == [("primed", "wiped"), ("earthed",)]


def test_every_kind_of_answer_is_read(recipe: Recipe) -> None:
    answers, problems = read_answers(
        "[co-deposit]\nprimed = true\nwiped = true\nearthed = true\n"
        'attested = { name = "M. Ito", reason = "monitor dead" }\n[transfer]\nmat_mass = "472 mg"\n',
        recipe,
    )
    assert answers is not None and len(problems) == 0
    assert answers.missing(recipe) == ()
    assert answers.get("transfer", "mat_mass") == quantity(472, "mg", "mass")
    assert answers.get("co-deposit", "attested") == Attestation("M. Ito", "monitor dead")


@pytest.mark.parametrize(
    ("text", "code", "where", "line", "column"),
    [
        ('[transfer]\nmat_mass = "6 g"', "refused-answer", "transfer.mat_mass", 2, 12),
        ('[transfer]\nmat_mass = "472 kV"', "wrong-dimension", "transfer.mat_mass", 2, 12),
        ('[transfer]\nmat_mas = "472 mg"', "unknown-key", "transfer.mat_mas", 2, 1),
        ("[transfer]\ndone = true", "unknown-key", "transfer.done", 2, 1),
        ("[co-deposit]\nprimed = false", "refused-answer", "co-deposit.primed", 2, 10),
        ('[co-deposit]\nattested = { name = "M. Ito" }', "missing-key", "co-deposit.attested.reason", 2, 12),
        ("[trasfer]\ndone = true", "unknown-step", "trasfer", 1, 1),
    ],
)
def test_mistakes_in_an_answers_file(
    recipe: Recipe, text: str, code: str, where: str, line: int, column: int
) -> None:
    answers, problems = read_answers(text, recipe)
    assert answers is None
    (problem,) = problems
    assert (problem.code, problem.where, problem.line, problem.column) == (code, where, line, column)


def test_faults_are_read(bench: Bench, recipe: Recipe) -> None:
    faults, problems = read_faults(
        '[[fault]]\nat = "40 min"\non = "pumps.a"\nkind = "stall"\n'
        '[[fault]]\nstep = "co-deposit"\nafter = "10 min"\non = "inputs.bench.door_closed"\nkind = "open"\n'
        'duration = "30 s"\n'
        '[[fault]]\nat = "0 s"\non = "inputs.bench"\nkind = "flutter exhaust_ok"\n'
        '[[fault]]\nat = "1 h"\non = "climate.chamber"\nkind = "silent"\n'
        '[[fault]]\nat = "1 h"\non = "controller"\nkind = "crash"\n'
        '[[fault]]\nstep = "co-deposit"\non = "needles.left"\nkind = "clog"\n',
        bench,
        recipe,
    )
    assert len(problems) == 0
    assert faults == (
        Fault("pumps.a", "stall", 2400.0, None, 0.0, None),
        Fault("inputs.bench", "open", None, "co-deposit", 600.0, 30.0, "door_closed"),
        Fault("inputs.bench", "flutter", 0.0, None, 0.0, None, "exhaust_ok"),
        Fault("climate.chamber", "silent", 3600.0, None, 0.0, None),
        Fault("controller", "crash", 3600.0, None, 0.0, None),
        Fault("needles.left", "clog", None, "co-deposit", 0.0, None),
    )


@pytest.mark.parametrize(
    ("body", "code", "where"),
    [
        ('on = "pumps.a"\nkind = "stall"', "when-unclear", "fault[0]"),
        ('at = "1 min"\nstep = "co-deposit"\non = "pumps.a"\nkind = "stall"', "when-unclear", "fault[0].at"),
        ('at = "1 min"\nafter = "1 s"\non = "pumps.a"\nkind = "stall"', "when-unclear", "fault[0].after"),
        ('step = "co-depost"\non = "pumps.a"\nkind = "stall"', "unknown-step", "fault[0].step"),
        ('at = "1 min"\non = "pumps.c"\nkind = "stall"', "unknown-name", "fault[0].on"),
        ('at = "1 min"\non = "pumps.a"\nkind = "arc"', "unknown-choice", "fault[0].kind"),
        ('at = "1 min"\non = "needles.left"\nkind = "silent"', "unknown-choice", "fault[0].kind"),
        ('at = "1 min"\non = "inputs.bench"\nkind = "open"', "unknown-name", "fault[0].on"),
        ('at = "1 min"\non = "inputs.bench"\nkind = "open window"', "unknown-name", "fault[0].on"),
        ('at = "1 min"\non = "inputs.bench.door_closed"\nkind = "silent"', "unknown-choice", "fault[0].kind"),
        ('at = "-1 min"\non = "pumps.a"\nkind = "stall"', "out-of-range", "fault[0].at"),
    ],
)
def test_mistakes_in_a_faults_file(bench: Bench, recipe: Recipe, body: str, code: str, where: str) -> None:
    faults, problems = read_faults(f"[[fault]]\n{body}\n", bench, recipe)
    assert faults is None
    (problem,) = problems
    assert (problem.code, problem.where) == (code, where)
    assert problem.line is not None


def test_start_states_are_read(bench: Bench) -> None:
    start, problems = read_start(
        '[pumps.a]\nsyringe = "BD Plastipak 20 ml"\nloaded = "12 ml"\nsolution = "tio2"\nrate = "2 ml/h"\n'
        '[hv.needle]\nvoltage = "20 kV"\n'
        '[climate.chamber]\nhumidity = "60 %RH"\n'
        '[inputs.bench]\ndoor_closed = "open"\ntube_pressure_ok = "open"\n'
        '[furnace.tube]\ntemperature = "780 degC"\natmosphere = "argon"\nprogram = "held"\n'
        '[gas.argon]\nflow = "200 sccm"\n'
        '[oxygen.tube]\noxygen = "12 ppm O2"\n',
        bench,
    )
    assert start is not None and len(problems) == 0
    assert start.get("pumps.a") == PumpStart(catalogue()["BD Plastipak 20 ml"], 12.0, "tio2", 2.0)
    assert start.get("hv.needle") == HvStart(20.0)
    assert start.get("climate.chamber") == ClimateStart(None, 60.0)
    assert start.get("inputs.bench") == InputsStart({"door_closed": "open", "tube_pressure_ok": "open"})
    assert start.get("furnace.tube") == FurnaceStart(780.0, "argon", "held")
    assert start.get("gas.argon") == GasStart(200.0)
    assert start.get("oxygen.tube") == OxygenStart(12.0)
    assert start.get("pumps.b") is None


def test_the_tuning_a_furnace_controller_is_found_with(bench: Bench) -> None:
    text = '[furnace.tube]\ntuning = { band = "100 degC", integral = "10 min", derivative = "0 s" }\n'
    start, problems = read_start(text, bench)
    assert start is not None and len(problems) == 0
    assert start.get("furnace.tube") == FurnaceStart(tuning=(100.0, 600.0, 0.0))


@pytest.mark.parametrize(
    ("text", "code", "where"),
    [
        ('[hv.needle]\nvoltage = "-20 kV"', "out-of-range", "hv.needle.voltage"),
        ('[hv.needle]\nvoltage = "41 kV"', "out-of-range", "hv.needle.voltage"),
        ('[hv.nedle]\nvoltage = "20 kV"', "unknown-name", "hv.nedle"),
        ('[pump.a]\nloaded = "20 ml"', "unknown-key", "pump"),
        ('[pumps.a]\nsyringe = "BD Plastipak 5 ml"\nloaded = "20 ml"', "above-capacity", "pumps.a.loaded"),
        ('[inputs.bench]\ndoor = "open"', "unknown-key", "inputs.bench.door"),
        ('[furnace.oven]\ntemperature = "780 degC"', "unknown-name", "furnace.oven"),
        ('[furnace.tube]\ntemperature = "780 sccm"', "wrong-dimension", "furnace.tube.temperature"),
        (
            '[furnace.tube]\ntuning = { band = "100 degC", integral = "600 s" }',
            "missing-key",
            "furnace.tube.tuning.derivative",
        ),
        (
            '[furnace.tube]\ntuning = { band = "0 degC", integral = "600 s", derivative = "0 s" }',
            "out-of-range",
            "furnace.tube.tuning.band",
        ),
        ('[furnace.tube]\nprogram = "cooking"', "unknown-choice", "furnace.tube.program"),
        ('[gas.argon]\nflow = "-1 sccm"', "out-of-range", "gas.argon.flow"),
        # Passive: no instrument stands there that could be found in some state.
        ('[gas.air]\nflow = "100 sccm"', "unknown-name", "gas.air"),
        ('[oxygen.tube]\noxygen = "-1 ppm O2"', "out-of-range", "oxygen.tube.oxygen"),
    ],
)
def test_mistakes_in_a_start_state(bench: Bench, text: str, code: str, where: str) -> None:
    start, problems = read_start(text, bench)
    assert start is None
    (problem,) = problems
    assert (problem.code, problem.where) == (code, where)
    assert problem.line is not None
