"""The furnace part of the founding recipe on a furnace whose controller was badly tuned: it completes, and the verdict
says what was not as asked.

A proportional band of 120 °C with an integral time of 600 s and no derivative lags on the ramp, where the controller's
own hold-back makes the set point wait for it, and overshoots its target by some 12 °C.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest

from rig.cli.summary import summary_lines
from rig.engine.host import Result
from rig.records.report import report_html
from rig.records.run import Run, open_run
from rig.records.verdict import Verdict
from rig.records.verdicts import verdicts
from tests.end_to_end.furnace_runs import FOUNDING, FURNACE
from tests.end_to_end.spinning import Spinning

pytestmark = pytest.mark.timeout(300)

BADLY_TUNED = f"""
[{FURNACE}]
tuning = {{ band = "120 degC", integral = "600 s", derivative = "0 s" }}
"""
PV, SP = f"{FURNACE}.temperature_degc", f"{FURNACE}.setpoint_degc"
BAND_DEGC = 5.0
Made = tuple[Spinning, Result, Run]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    spun = Spinning(
        tmp_path_factory.mktemp("runs"), FOUNDING.read_text(encoding="utf-8"), seed=7, start=BADLY_TUNED
    )
    result = spun.run()
    yield spun, result, open_run(result.folder)


@pytest.fixture(scope="module")
def judged(made: Made) -> dict[str, Verdict]:
    run = made[2]
    with run.read_samples() as reader:
        return {verdict.step.id: verdict for verdict in verdicts(run, reader)}


def rows(made: Made, step: str) -> pd.DataFrame:
    samples = made[2].samples
    return samples[samples["run.step"] == step]


def ramp(made: Made, step: str, target_degc: float) -> pd.DataFrame:
    """The rows between 20 % and 90 % of the way up, by the process value."""
    found = rows(made, step)
    part = (found[PV] - found[PV].iloc[0]) / (target_degc - found[PV].iloc[0])
    return found.loc[part[part >= 0.2].index[0] : part[part >= 0.9].index[0]]


def test_it_completes(made: Made) -> None:
    spun, result, _ = made
    assert (result.ending.outcome, result.ending.reason) == ("completed", None)
    assert spun.found("trip") == spun.found("alarm") == []


def test_it_overshoots_by_12_degc_and_the_soak_is_served_in_band_all_the_same(
    made: Made, judged: dict[str, Verdict]
) -> None:
    pv = rows(made, "stabilise")[PV]
    overshoot = pv.max() - 280.0
    in_band_min = ((pv - 280.0).abs() <= BAND_DEGC).sum() / 60
    figures = judged["stabilise"].figures
    print(f"overshoot {overshoot:.2f} degC, in band {in_band_min:.2f} min")
    assert overshoot == pytest.approx(12.0, abs=0.5)
    assert figures["overshoot_degc"] == pytest.approx(overshoot)
    # Once on its way up through the band, and then the soak itself: nothing outside of the band counts.
    assert 150.0 <= in_band_min <= 151.0
    assert figures["soak_min"] == pytest.approx(150.0, abs=0.1)


@pytest.mark.parametrize(
    ("step", "target_degc", "slope", "lag_k"),
    [("stabilise", 280.0, 4.02, 5.0), ("carbonise", 800.0, 2.0, 1.76)],
)
def test_the_verdict_has_slope_and_lag_of_the_process_value(
    made: Made, judged: dict[str, Verdict], step: str, target_degc: float, slope: float, lag_k: float
) -> None:
    found = ramp(made, step, target_degc)
    fitted = np.polyfit(found.index, found[PV], 1)[0] * 60
    behind = (found[SP] - found[PV]).mean()
    print(f"{step}: {fitted:.4f} degC/min, {behind:.3f} K behind")
    assert fitted == pytest.approx(slope, abs=0.05)
    assert behind == pytest.approx(lag_k, abs=0.2)
    figures = judged[step].figures  # one row more or less at the ends of the stretch is no other ramp
    assert figures["ramp_degc_min"] == pytest.approx(fitted, rel=1e-4)
    assert figures["lag_k"] == pytest.approx(behind, rel=1e-4)
    assert figures["lag_min"] == pytest.approx(behind / fitted, rel=1e-4)


def test_the_words_of_the_verdicts(judged: dict[str, Verdict]) -> None:
    stabilise = judged["stabilise"]
    assert stabilise.word.startswith("deviates: overshoot 12.1 °C, 14 min ")
    assert "above the band; ramp 4.02 instead of 5 °C/min" in stabilise.word
    assert "soak 150.0 of 150 min within ± 5 °C by the furnace thermocouple" in stabilise.findings
    assert "the temperature of the mat was not measured" in stabilise.findings
    ramp_said = next(one for one in stabilise.findings if "ramped" in one)
    assert ramp_said.startswith("process value ramped 4.02 °C/min (asked 5), mean lag 5.0 K (1.3 min)")
    assert judged["carbonise"].word == "as asked"
    for name in ("cool-in-air", "close-tube", "purge", "cool"):
        assert judged[name].word == "as asked", name


def test_summary_and_report_say_the_same(made: Made, judged: dict[str, Verdict]) -> None:
    run = made[2]
    word = judged["stabilise"].word
    summary = " ".join("\n".join(summary_lines(run)).split())
    assert word.replace("deviates", "DEVIATES") in summary
    assert word in report_html(run)
