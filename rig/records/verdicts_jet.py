"""The verdict on a spin step's jets: how long each mode lasted while the clock ran, as the jet watch wrote it down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from recipes.timeline import duration_text
from rig.records.stretches import Course, Window
from rig.records.verdict import Verdict

UNKNOWN: Final = "unknown"
LOST: Final = ("clogged", "bubble", "corona", "dripping")
"""Modes in which a jet that should be there is not."""

WORTH_SAYING_S: Final = 10.0


def judge_jets(verdict: Verdict, course: Course, windows: Sequence[Window]) -> None:
    """One sentence a meter: "jet stable 97.2 % of 4 h", what else it was, or why it was not judged."""
    total_s = sum(end_s - begin_s for begin_s, end_s in windows)
    begin_s, end_s = course.window(verdict.step)
    changes: dict[str, list[tuple[float, str, str]]] = {}
    for line in course.lines:
        if line["kind"] == "jet" and begin_s <= line["t_s"] <= end_s:
            data = line["data"]
            changes.setdefault(str(data["meter"]), []).append(
                (line["t_s"], str(data["mode"]), str(data.get("text") or ""))
            )
    if not changes:
        verdict.findings.append("jet not judged: no current meter saw it")
    for meter, said in changes.items():
        lasted: dict[str, float] = {}
        reasons: dict[str, float] = {}
        for (at_s, mode, why), next_s in zip(said, [t for t, _, _ in said[1:]] + [end_s], strict=True):
            part_s = sum(max(0.0, min(next_s, to_s) - max(at_s, from_s)) for from_s, to_s in windows)
            lasted[mode] = lasted.get(mode, 0.0) + part_s
            if mode == UNKNOWN:
                reasons[why] = reasons.get(why, 0.0) + part_s
        _say(verdict, meter, total_s, lasted, max(reasons, key=lambda why: reasons[why], default=""))


def _say(verdict: Verdict, meter: str, total_s: float, lasted: dict[str, float], why: str) -> None:
    if total_s <= 0:
        return
    if lasted.get(UNKNOWN, 0.0) >= 0.99 * total_s:
        verdict.findings.append(f"jet not judged at {meter}: {why}")
        return
    stable = 100 * lasted.get("stable", 0.0) / total_s
    others = [
        f"{mode} {duration_text(lasting_s)}"
        for mode, lasting_s in sorted(lasted.items(), key=lambda one: -one[1])
        if mode != "stable" and lasting_s >= WORTH_SAYING_S
    ]
    verdict.figures[f"{meter}.stable_pct"] = stable
    verdict.findings.append(
        f"jet stable {stable:.1f} % of {duration_text(total_s)} at {meter}"
        + (f"; {', '.join(others)}" if others else "")
    )
    lost_s = sum(lasted.get(mode, 0.0) for mode in LOST)
    if lost_s >= WORTH_SAYING_S:
        verdict.deviations.append(f"jet lost for {duration_text(lost_s)}")
