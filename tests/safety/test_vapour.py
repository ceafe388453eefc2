"""The vapour estimate: arithmetic of a well-mixed chamber, and what one millilitre of a solution gives off."""

from __future__ import annotations

import pytest

from recipes.materials import read_materials
from recipes.solutions import Solution, Solvent
from recipes.vapour import vapour_over_lel
from rig.outputs import PUMP_OFF, PumpOutput
from rig.readings import NS
from rig.safety.vapour import UNKNOWN_L_PER_ML, VapourEstimate, settled_fraction

HOUR = 3600 * NS
RUNNING = {"pumps.a": PumpOutput(True, 2.0, 14.43, 1)}


def test_with_the_exhaust_it_settles_at_source_over_exhaust() -> None:
    estimate = VapourEstimate(200.0, 1000.0, {"pumps.a": 10.0})
    for minute in range(180):
        estimate.update(minute * 60 * NS, RUNNING, True)
    assert estimate.lel_fraction == pytest.approx(2.0 * 10.0 / 1000.0)
    assert settled_fraction({"pumps.a": 2.0}, {"pumps.a": 10.0}, 1000.0) == pytest.approx(0.02)


def test_without_the_exhaust_it_fills_and_does_not_leave() -> None:
    estimate = VapourEstimate(200.0, 1000.0, {"pumps.a": 10.0})
    estimate.update(0, RUNNING, False)
    estimate.update(HOUR, RUNNING, False)
    assert estimate.lel_fraction == pytest.approx(2.0 * 10.0 / 200.0)
    estimate.update(2 * HOUR, {"pumps.a": PUMP_OFF}, False)
    assert estimate.lel_fraction == pytest.approx(0.1)
    estimate.update(3 * HOUR, {"pumps.a": PUMP_OFF}, True)
    assert estimate.lel_fraction == pytest.approx(0.1 * 2.718281828**-5.0, rel=1e-6)


def test_withdrawing_feeds_nothing_and_an_unknown_liquid_counts_as_the_worst() -> None:
    estimate = VapourEstimate(100.0, 0.0)
    estimate.update(0, RUNNING, True)
    estimate.update(HOUR, {"pumps.a": PumpOutput(True, -2.0, 14.43, 1)}, True)
    assert estimate.lel_fraction == 0.0
    estimate.update(2 * HOUR, RUNNING, True)
    assert estimate.lel_fraction == pytest.approx(2.0 * UNKNOWN_L_PER_ML / 100.0)


def test_what_a_solution_gives_off() -> None:
    """Methanol: 0.791 g/ml over 32.04 g/mol at 24.06 l/mol is 0.594 l/ml, over 6 vol% is 9.9."""
    methanol = Solution("a", (Solvent("Methanol"),))
    assert vapour_over_lel(methanol) == pytest.approx(9.90, abs=0.01)
    dmf = Solution("b", (Solvent("DMF"),))
    assert vapour_over_lel(dmf) == pytest.approx(0.945 / 73.09 * 24.06 / 0.018, rel=1e-9)
    mixed = Solution("c", (Solvent("DMF", 1.0), Solvent("methanol", 3.0)))
    assert vapour_over_lel(mixed) == pytest.approx(
        0.25 * vapour_over_lel(dmf) + 0.75 * vapour_over_lel(methanol)
    )
    unsaid = Solution("d", (Solvent("DMF"), Solvent("methanol", 3.0)))
    assert vapour_over_lel(unsaid) == vapour_over_lel(dmf)
    assert vapour_over_lel(Solution("e", (Solvent("chloroform"),))) == 0.0
    assert vapour_over_lel(Solution("f", (Solvent("liquid of the month"),))) == pytest.approx(59.4, abs=0.1)
    assert vapour_over_lel(Solution("g", (Solvent("HFIP"),))) > 0, "unknown is never safe"


def test_what_is_only_remembered_makes_nothing_safer() -> None:
    """Ethylene glycol: its limit of 3.2 vol% is general knowledge, so it counts with 1 vol% as an unknown one does."""
    glycol = vapour_over_lel(Solution("a", (Solvent("ethylene glycol"),)))
    assert glycol == pytest.approx(1.113 / 62.07 * 24.06 / 0.01)


def test_a_labs_own_table_counts() -> None:
    own, _ = read_materials(
        'format = 1\n[solvents."blend 7"]\nlel = { value = "2 vol%", source = "supplier, 2026" }\n'
        '[solvents."dry blend"]\nflammable = { is = false, source = "supplier, 2026" }\n'
    )
    assert own is not None
    blend, dry = Solution("a", (Solvent("blend 7"),)), Solution("b", (Solvent("dry blend"),))
    assert vapour_over_lel(blend, own) == pytest.approx(29.7, abs=0.05), "as light as methanol: nothing said"
    assert vapour_over_lel(blend) == pytest.approx(59.4, abs=0.1), "the built-in tables do not know it"
    assert vapour_over_lel(dry, own) == 0.0
