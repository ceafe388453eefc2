"""`report.html`: one plain page that tells a person what was done, what happened, and what that does not
prove.

Self-contained: no script, no file from elsewhere. It is derived from the run folder and may be written again
at any time, of an open run as well; `verify` does not look at it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rig.records import folder as folders
from rig.records.errors import RecordError
from rig.records.folder import write_whole
from rig.records.journal import Line
from rig.records.page import STYLE, Html, clock, code, duration, event_words, facts, section, table, text
from rig.records.report_plots import plots
from rig.records.report_recipe import recipe_section
from rig.records.report_steps import steps_section, still_flowing_banner
from rig.records.run import Run
from rig.records.stretches import Course
from rig.records.svgplot import Band
from rig.records.verdict import Verdict
from rig.records.verdicts import judge

_OUTCOMES = {
    "completed": "Completed: every step was made to its end.",
    "stopped": "Stopped: the run was ended in order before the recipe was through.",
    "aborted": "Aborted: the outputs were taken away at once.",
    "failed": "Failed: an internal error ended the run.",
    "lost": "Lost: the controller went away and nobody continued the run.",
}


def write_report(run: Run) -> Path:
    """Write report.html into the run's folder and return its path. Raises RecordError."""
    path = run.folder / folders.REPORT
    write_whole(path, report_html(run).encode("utf-8", "replace"), False)
    return path


def report_html(run: Run) -> str:
    """The page. Raises RecordError when the sample table cannot be read."""
    info, lines = run.info, run.journal.lines
    recipe_table = info["recipe"] if isinstance(info["recipe"], dict) else {}
    title = str(recipe_table.get("name") or recipe_table.get("id") or "Run")
    end_s = lines[-1]["t_s"] if lines else 0.0
    try:
        recipe = run.recipe
    except RecordError:
        recipe = None  # the recipe's own section says what is the matter with it
    with run.read_samples() as reader:
        course = Course(lines, reader)
        bands = _bands(course, end_s)
        judged = judge(run, course)
        drawn = plots(reader.channels, course, recipe, bands, end_s)
        flowing = still_flowing_banner(course)
    body = [
        f"<h1>{text(title)}</h1>",
        f'<p class="quiet">{text(info["run"])}</p>',
        *_banners(run, judged),
        flowing,
        section("The run", _facts(run)),
        section("Steps and verdicts", steps_section(judged)),
        section("Alarms and trips", _events(lines, ("alarm", "trip"), "No alarm and no trip.")),
        section(
            "Course",
            drawn or Html("<p>No readings were recorded.</p>"),
            _bands_note(bands),
            _oxygen_note(course),
        ),
        section("Recipe", recipe_section(_read(run, folders.RECIPE))),
        section(
            "Questions and answers", _events(lines, ("question", "answer"), "Nobody was asked anything.")
        ),
        section("Instruments", _instruments(info["instruments"])),
        section("Hardware behind the software", _hardware(run)),
        section(
            "Proofs",
            _events(
                lines, ("proof", "purge-proof", "flush-attested", "soak"), "Nothing was proved in this run."
            ),
        ),
        section(
            "Commands, faults and notes",
            _events(lines, ("command", "refused", "fault", "note"), "No command, no fault, no note."),
        ),
        section("What this run does not prove", _not_proved(run)),
        section("Files and hashes", _identity(run)),
        f'<p class="quiet">Check the record with <code>spinrig runs verify {text(info["run"])}</code>; it must give '
        "this head hash.</p>",
    ]
    head = f'<meta charset="utf-8"><title>{text(title)} – {text(info["run"])}</title><style>{STYLE}</style>'
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head>\n<body>\n'
        + "\n".join(body)
        + "\n</body></html>\n"
    )


def _read(run: Run, name: str) -> bytes:
    try:
        return (run.folder / name).read_bytes()
    except OSError as error:
        raise RecordError(f"{run.folder / name} cannot be read: {error.strerror or error}") from None


def _banners(run: Run, judged: Sequence[Verdict]) -> list[str]:
    info = run.info
    out = []
    if info["simulated"]:
        out.append(
            '<div class="simulated">SIMULATED. Every instrument was emulated: nothing was spun, heated or measured, '
            "and the times are virtual.</div>"
        )
    if run.journal.status == "damaged":
        out.append(
            f'<div class="outcome failed"><b>The journal is damaged</b>: {text(run.journal.first_bad)}. This page '
            f"shows what stands before.</div>"
        )
    outcome = info["outcome"]
    words = _OUTCOMES.get(str(outcome), "Open: the run has not been closed.")
    off = [verdict.step.id for verdict in judged if verdict.deviations and outcome == "completed"]
    if off:
        words += f" Not as asked: {', '.join(dict.fromkeys(off))}."
    if info["early"]:
        words += " A person ended a step early."
    if info["reason"]:
        words += f" Reason: {info['reason']}"
    if info["record_failed"]:
        words += f" The record is incomplete: {info['record_failed']}"
    name, _, rest = words.partition(":")
    out.append(f'<div class="outcome {text(outcome or "open")}"><b>{text(name)}</b>:{text(rest)}</div>')
    return out


def _facts(run: Run) -> Html:
    info = run.info
    recipe, rig = info["recipe"] or {}, info["rig"] or {}
    revision = f", revision {recipe['revision']}" if recipe.get("revision") is not None else ""
    rows: list[tuple[str, object]] = [
        ("Sample", info["sample"] or "none named"),
        ("Operator", info["operator"]),
        ("Started", info["started"]),
        ("Ended", info["ended"]),
        ("Duration", duration(info["duration_s"])),
        ("Recipe", f"{recipe.get('id')}{revision}"),
        ("Rig", rig.get("name")),
        ("Continues", info["continues"] or "no earlier run"),
    ]
    return facts(rows)


def _own_materials(given: Mapping[str, Any] | None) -> list[tuple[str, object]]:
    """Of a run that was checked by a lab's own values."""
    if given is None:
        return []
    used = ", ".join(given.get("own") or ()) or "none of this recipe's"
    return [("Own materials SHA-256", code(given.get("sha256"))), ("Own values of", used)]


def _identity(run: Run) -> Html:
    """What ties this page to files: for whoever has to prove that nothing was exchanged."""
    info = run.info
    rows: list[tuple[str, object]] = [
        ("Recipe SHA-256", code((info["recipe"] or {}).get("sha256"))),
        ("Rig file SHA-256", code((info["rig"] or {}).get("sha256"))),
        ("Run sheet SHA-256", code((info["sheet"] or {}).get("sha256"))),
        *_own_materials(info.get("materials")),
        ("Head hash", code(info["head"])),
        ("Seed", info["seed"] if info["seed"] is not None else "none"),
        ("Simulated", info["simulated"]),
        ("Synced to the disk", info["durable"]),
        ("Versions", info["versions"]),
        ("Host", info["host"]),
    ]
    return facts(rows)


def _hardware(run: Run) -> Html:
    """What the rig file declares, in the words of its [safety] table; what it does not declare is said,
    too."""
    try:
        rig = tomllib.loads(_read(run, folders.RIG).decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return Html('<p class="missing">The frozen rig file is not TOML: no hardware safety is known.</p>')
    found = rig.get("safety")
    safety: dict[str, Any] = dict(found) if isinstance(found, dict) else {}
    rows: list[tuple[str, object]] = []
    for key, name in (
        ("hardware_interlock", "hardware interlock"),
        ("furnace_limiter", "independent furnace limiter"),
        ("exhaust_ducted", "ducted exhaust"),
    ):
        declared = safety.pop(key, None)
        missing = Html(f'<span class="missing">no {text(name)} declared</span>')
        rows.append((name[0].upper() + name[1:], "declared" if declared is True else missing))
    rows += [(key.replace("_", " ").capitalize(), value) for key, value in safety.items()]
    quiet = '<p class="quiet">Declared in the rig file by its owner; nothing here was tested by this run.</p>'
    return Html(facts(rows) + quiet)


def _bands(course: Course, end_s: float) -> list[Band]:
    """The steps in the order of their starts; one that did not end runs to the end."""
    return [
        Band(step.begin_s, end_s if step.end_s is None else step.end_s, str(number), f"{number} {step.id}")
        for number, step in enumerate(course.steps, 1)
    ]


def _bands_note(bands: list[Band]) -> str:
    if not bands:
        return ""
    return (
        '<p class="quiet">Grey bands are the steps, with their numbers. A break in a curve is a time without '
        "readings.</p>"
    )


def _oxygen_note(course: Course) -> str:
    if not course.named("oxygen", "oxygen_ppm"):
        return ""
    return (
        '<p class="quiet">In the gas of a mat that pyrolyses a zirconia analyser reads low: while it is hot, a '
        "low reading proves nothing.</p>"
    )


def _events(lines: list[Line], kinds: tuple[str, ...], none: str) -> Html:
    chosen = [line for line in lines if line["kind"] in kinds]
    if not chosen:
        return Html(f"<p>{text(none)}</p>")
    rows = [(clock(line["t_s"]), line["utc"], line["kind"], event_words(line["data"])) for line in chosen]
    return table(("At", "UTC", "Kind", "What"), rows, (0, 1, 2))


def _instruments(found: Mapping[str, Any]) -> Html:
    if not found:
        return Html("<p>No instrument was identified.</p>")
    return table(("Instrument", "What it said of itself"), list(found.items()), (0,))


def _not_proved(run: Run) -> Html:
    info = run.info
    said: list[str] = []
    if info["simulated"]:
        said.append(
            "That this recipe makes this sample. The run was simulated: it shows what the program would do, with "
            "models of the process whose numbers are estimates."
        )
    else:
        said.append(
            "That the sample has the properties its recipe names. The record holds what the instruments were told "
            "and what they answered; fibres are proved by a microscope."
        )
    said += [
        "That a flow rate was the flow at the needle. A pump reports the rate it drives its plunger at; leaks, soft "
        "tubing and a wrong syringe in the run sheet do not show in it.",
        "That a current was the jet's. The meter sees what the collector returns to earth, leakage and corona "
        "included; the supply's own monitor cannot see a jet at all.",
        "That the enclosure, the interlock chain or the exhaust work. They were declared by the owner of the rig or "
        "read from an input; this run did not test them, and no line of this page says that anything is safe to open.",
        "That nobody changed the record. The chain of hashes shows damage and careless editing; whoever owns the disk "
        "can write all of it anew, unless the head hash was written down elsewhere.",
        "The time of day more exactly than the clock of the computer that ran it.",
    ]
    if not info["durable"]:
        said.append(
            "That nothing was lost in a power cut: this record was not synced to the disk while it was written."
        )
    return Html("<ul>\n" + "\n".join(f"<li>{text(line)}</li>" for line in said) + "\n</ul>")
