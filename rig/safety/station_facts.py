"""What the spinning station knows beyond readings: the recipe's climate windows, the vapour estimate, arcs to spare."""

from __future__ import annotations

from dataclasses import dataclass

from rig.safety.climate import ClimateWindow
from rig.safety.conditions import Condition, Finding, Situation, Then
from rig.safety.priorities import AtRisk, Respond
from rig.safety.vapour import REFUSED_ABOVE, VapourEstimate


@dataclass(slots=True)
class StationFacts:
    """Moved on at each scan. windows: of the spin step under way, held or not; spinning: its jets are checked or its
    clock runs, and the windows count; vapour: None where the rig file
    declares no chamber; arcs_left: how often the step may still be ramped up again by itself after an arc."""

    windows: tuple[ClimateWindow, ...] = ()
    spinning: bool = False
    vapour: VapourEstimate | None = None
    arcs_left: int = 0


def station_facts(situation: Situation) -> StationFacts:
    """The facts of the spinning station."""
    facts = situation.facts
    assert isinstance(facts, StationFacts)
    return facts


def vapour_condition() -> Condition:
    """High voltage is refused, and goes off, where solvent vapour may come above a tenth of its explosive limit."""

    def test(situation: Situation) -> Finding | None:
        estimate = station_facts(situation).vapour
        if estimate is None or estimate.lel_fraction <= REFUSED_ABOVE:
            return None
        share = f"{estimate.lel_fraction * 100:.1f} % of the lower explosive limit"
        return Finding(
            f"Solvent vapour in the chamber is estimated at {share}.", share, f"{REFUSED_ABOVE * 100:.0f} %"
        )

    return Condition(
        tag="vapour",
        title="Too much solvent vapour",
        unit="spin",
        takes=("hv", "pump"),
        armed=lambda situation: situation.live,
        test=test,
        then=Then.ABORT,
        at_risk=AtRisk.PERSON,
        respond=Respond.WITHIN_THE_HOUR,
        cause="More solvent is fed than the exhaust carries away, or the exhaust was off while pumps ran.",
        consequence="High voltage off and refused, pumps stopped: a spark could ignite it.",
        what_to_do="Let the exhaust run until the estimate is below the limit. Feed less, or exhaust more.",
        source="safety rule 4; upper estimate, nothing is measured",
        limit=f"{REFUSED_ABOVE * 100:.0f} % of the lower explosive limit, estimated",
        measured_in="% LEL",
    )
