"""The condition on a lost jet: told to the person at the rig, and nothing is taken away for it.

A clog spoils the mat and wastes solution; it hurts nobody. `unknown` never alarms.
"""

from __future__ import annotations

from collections.abc import Callable

from rig.safety.conditions import Condition, Finding, Situation, Then
from rig.safety.jet_watch import BUBBLE, CLOGGED, CORONA, DRIPPING, LOST, Verdict
from rig.safety.priorities import AtRisk, Respond

ALARM_AFTER_S = 10.0
"""A jet may be lost for so long, for a small bubble, before anybody is told [M]."""

BACK_AFTER_S = 10.0
"""So long a jet has to be back: one needle of several in weak corona comes and goes at the threshold [M]."""

SENTENCES = {
    CLOGGED: "a needle is clogging or has clogged",
    BUBBLE: "a jet has broken off, as by a gas bubble or an empty syringe",
    CORONA: "a needle without a jet ionises the air: it is dry or clogged",
    DRIPPING: "there is no jet, at most drops",
}


def jet_condition(meter: str, verdict: Callable[[], Verdict | None]) -> Condition:
    """No jet, or one less, at this meter ("current.collector"); verdict: what holds, None while nothing spins."""

    def test(situation: Situation) -> Finding | None:
        found = verdict()
        if found is None or found.mode not in LOST:
            return None
        return Finding(
            f"{meter}: {SENTENCES[found.mode]} ({found.why}).",
            f"{found.mode}, confidence {found.confidence:.2f}",
            "a jet on every needle",
        )

    return Condition(
        tag=f"jet-lost:{meter}",
        title="Jet lost",
        unit="spin",
        takes=(),
        armed=lambda situation: situation.hv_live,
        test=test,
        then=Then.NONE,
        at_risk=AtRisk.SAMPLE,
        respond=Respond.SOON,
        cause="Clogged or dry needle, gas bubble, empty syringe, voltage below onset.",
        consequence="The mat gets less fibre, or drops fall on it. Nothing is switched off.",
        what_to_do="Look at the needles from outside. Hold, then wipe and prime; keep hands away while voltage is on.",
        source="docs/jet-watch.md; own choice",
        on_delay_s=ALARM_AFTER_S,
        limit="a jet on every needle",
        off_delay_s=BACK_AFTER_S,
        within_s=120.0,
        latch=False,
    )
