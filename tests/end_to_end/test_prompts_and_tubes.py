"""No prompt sends anybody to a hot tube or a live chamber, wherever it stands: at a recipe's end, before a step of the
other unit, in a run that has nothing to do with the furnace.

Each time a question is put the truth is looked at, at the emulated furnace and the emulated supply.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rig.bench.fit import fit
from rig.bench.sheet import demo_sheet
from rig.jobs import Options
from rig.readings import NS
from rig.running import FileAnswers
from tests.end_to_end.furnace_runs import FURNACE
from tests.end_to_end.quick import HV, QUICK, changes
from tests.end_to_end.spinning import Spinning, read

pytestmark = pytest.mark.timeout(120)

OPEN_DEGC, DISCHARGE_S = 60.0, 30.0
BEFORE, SPIN = (
    text.rstrip() for text in QUICK.partition('[[steps]]\nid = "transfer"')[0].split("[[steps]]\n", 1)
)
SPIN = "\n[[steps]]\n" + SPIN.replace('duration = "3 min"', 'duration = "10 s"').replace(
    'duration = "2 min"', 'duration = "10 s"'
)
HEAT = """
[[steps]]
id = "bake"
do = "heat"
atmosphere = "air"
ramp = "10 degC/min"
to = "120 degC"
soak = "1 min"
[[steps]]
id = "cool-down"
do = "cool"
atmosphere = "air"
below = "60 degC"
"""
"""A recipe that asks somebody to a tube without cooling it is refused; so a person ends the cooling early."""
HOT = f'["{FURNACE.partition(".")[0]}".{FURNACE.partition(".")[2]}]\ntemperature = "180 degC"\n'


def prompt(say: str) -> str:
    return f'\n[[steps]]\nid = "hands"\ndo = "prompt"\nsay = "{say}"\n'


TAKE, LAY, WEIGH = "Take the mat out.", "Lay it flat in the furnace.", "Peel the mat off and weigh it."


class Asked:
    """A run, and what was true each time its prompt was put."""

    def __init__(self, runs: Path, *steps: str, start: str | None = None) -> None:
        self.spun = Spinning(runs, BEFORE + "".join(steps), start=start)
        self.put: list[dict[str, Any]] = []
        self.spun.session.watch(self._on_event)

    def _on_event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        if kind == "question" and data["step"] == "hands":
            self.put.append(
                {
                    "t_s": t_ns / NS,
                    "text": data["text"],
                    "tube_degc": self.spun.lab.hearths[FURNACE].furnace.tube_degc(t_ns),
                    "kv": self.spun.lab.scene.supplies[HV].output_kv(t_ns),
                }
            )

    def hv_off_s(self) -> float:
        return changes(self.spun, HV)[-1][0]


@pytest.mark.parametrize(
    ("steps", "start", "unit"),
    [
        pytest.param((HEAT, prompt(TAKE)), None, FURNACE, id="at the end, of the furnace"),
        pytest.param((HEAT, prompt(TAKE), SPIN), None, "spin", id="before a step of the station"),
        pytest.param((HEAT, SPIN, prompt(WEIGH)), None, "spin", id="at the end, of the station, after heat"),
        pytest.param((SPIN, prompt(WEIGH), HEAT), HOT, FURNACE, id="before a step of a furnace found hot"),
        pytest.param((SPIN, prompt(LAY)), HOT, "spin", id="names a furnace that its run does not use"),
    ],
)
def test_nobody_is_sent_to_a_hot_tube_or_a_live_chamber(
    tmp_path: Path, steps: tuple[str, ...], start: str | None, unit: str
) -> None:
    run = Asked(tmp_path, *steps, start=start)
    run.spun.after(
        "stage", 5.0, lambda: run.spun.session.host.command("complete", None, "Ada"), stage="cooling"
    )
    result = run.spun.run()
    assert (result.ending.outcome, result.ending.reason) == ("completed", None)
    (put,) = run.put
    assert put["tube_degc"] < OPEN_DEGC + 1.0 and put["kv"] < 0.06
    assert "KEEP SHUT" not in put["text"]
    # What comes before it in that visit and sends somebody to the rig (needles primed and wiped) waits as well.
    waited = [str(data["for"]) for _, data in run.spun.found("waiting") if FURNACE in str(data["for"])]
    assert waited
    if steps[0] == SPIN:
        assert put["t_s"] > run.hv_off_s() + DISCHARGE_S
    visits = [data["unit"] for _, data in run.spun.found("state", to="Starting")]
    assert unit in visits


def test_a_prompt_that_has_nothing_to_do_with_a_hot_furnace_says_that_it_stays_shut(tmp_path: Path) -> None:
    """To take a mat out while another one is carbonised is normal work."""
    run = Asked(tmp_path, SPIN, prompt(WEIGH), start=HOT)
    result = run.spun.run()
    assert result.ending.outcome == "completed"
    (put,) = run.put
    assert put["tube_degc"] > OPEN_DEGC and put["kv"] < 0.06
    assert put["text"].startswith(f"{WEIGH} KEEP SHUT: {FURNACE} is at 1")
    assert put["t_s"] > run.hv_off_s() + DISCHARGE_S


def test_a_prompt_of_a_furnace_waits_for_the_voltage_of_another_runs_spinning(tmp_path: Path) -> None:
    run = Asked(tmp_path, SPIN.replace('duration = "10 s"', 'duration = "5 min"'))

    def begin() -> None:
        session = run.spun.session
        recipe = read(BEFORE + prompt(LAY) + HEAT)
        sheet = demo_sheet(recipe)
        options = Options(FileAnswers(None, yes=True), runs_dir=tmp_path, seed=7)
        session.begin_beside(recipe, sheet, fit(recipe, session.bench, sheet).assignment, options)

    run.spun.after("clock", 10.0, begin, running=True)
    assert run.spun.run().ending.outcome == "completed"
    (put,) = run.put
    assert put["kv"] < 0.06 and put["t_s"] > run.hv_off_s() + DISCHARGE_S


def test_a_prompt_waits_while_another_run_heats_a_tube_that_is_still_cold(tmp_path: Path) -> None:
    """The tube is below its open limit for minutes: its heater is on, and it stays shut."""
    run = Asked(tmp_path, SPIN, prompt(LAY))

    def begin() -> None:
        session = run.spun.session
        recipe = read(BEFORE + HEAT)
        sheet = demo_sheet(recipe)
        options = Options(FileAnswers(None, yes=True), runs_dir=tmp_path, seed=7)
        session.begin_beside(recipe, sheet, fit(recipe, session.bench, sheet).assignment, options)

    run.spun.after("proof", 28.0, begin, step="co-deposit")
    assert run.spun.run().ending.outcome == "completed"
    waited = [data["for"] for _, data in run.spun.found("waiting", step="hands")]
    assert waited[0] == f"the heater of {FURNACE} is not read back as off"
    (put,) = run.put
    assert put["tube_degc"] < OPEN_DEGC + 1.0
    off_s = run.spun.found("off", output=FURNACE)[-1][0] / NS
    assert put["t_s"] > off_s + 600.0, "after it was heated to 120 °C and has cooled"
