"""The report's first page: what each step was asked to do and did, and what was left behind."""

from __future__ import annotations

from collections.abc import Sequence

from rig.records.page import Html, clock, duration, table, text
from rig.records.stretches import Course, still_flowing
from rig.records.verdict import AS_ASKED, Verdict


def steps_section(verdicts: Sequence[Verdict]) -> Html:
    """One row a step: when, how long, the verdict, and below it what it rests on."""
    if not verdicts:
        return Html("<p>No step was begun.</p>")
    rows = []
    for number, verdict in enumerate(verdicts, 1):
        step = verdict.step
        rows.append(
            (number, step.id, step.do, clock(step.begin_s), duration(step.lasted_s), _verdict(verdict))
        )
    return Html(
        table(("", "Step", "Does", "Began at", "Lasted", "Verdict"), rows, (1, 2, 3, 4))
        + '<p class="quiet">Verdicts are derived from the journal and the samples. Ramps are least-squares slopes of '
        "the process value between 20 % and 90 % of the way; temperatures are those of the furnace thermocouple.</p>"
    )


def _verdict(verdict: Verdict) -> Html:
    kind = "good" if verdict.word == AS_ASKED else "off"
    findings = "".join(f'<span class="finding">{text(finding)}</span>' for finding in verdict.findings)
    return Html(f'<span class="verdict {kind}">{text(verdict.word)}</span>{findings}')


def still_flowing_banner(course: Course) -> str:
    """Gases that flowed when the record ended; empty when none did."""
    return "\n".join(
        f'<div class="outcome open"><b>{text(one.gas)} was left flowing</b>: {one.flow_sccm:.0f} sccm at the last '
        f"reading ({clock(one.read_s)}). Nothing in this run closed it.</div>"
        for one in still_flowing(course)
    )
