"""The report: the facts are on the page, and nothing from a record becomes markup."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from rig.records import open_run
from rig.records.page import clock, duration, event_words, say
from rig.records.report import report_html, write_report
from rig.records.utc import NS_PER_S
from rig.records.verify import verify_run
from rig.records.writer import RunRecord

Make = Callable[..., RunRecord]


class Page(HTMLParser):
    """The page's words, its tags, and what it points at; raises when tags do not close in order."""

    VOID = frozenset({"meta", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("href", "src", "xlink:href", "data")]
        assert not any(name.startswith("on") for name, _ in attrs)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


@pytest.fixture
def page(closed: Path) -> Page:
    return Page(report_html(open_run(closed)))


def test_facts_stand_on_the_page(page: Page, closed: Path, recorder: Any) -> None:
    info = json.loads((closed / "run.json").read_text())
    for fact in (
        "TiO2@PCNF <interlayer>",
        recorder.RUN_ID,
        "SIMULATED",
        "Completed : every step was made to its end. Not as asked: co-deposit.",
        "S-2026-117",
        "M. Röhr <script>alert(1)</script>",
        "2 min 41 s",
        info["head"],
        info["recipe"]["sha256"],
        "Seed 7",
        "10.1039/d0ra01791d",
        "no hardware interlock declared",
        "Independent furnace limiter declared",
        "Ducted exhaust declared",
        "concentration: 1 wt% (assumed)",
        "duration: 4 h (assumed)",
        "humidity stale for 12 min (priority: low; tag: CLIMATE)",
        "door open (limit: 1; tag: DOOR; took: hv.needle; value: 0)",
        "FJ40P03, v2 & <b>",
        "answers: mat_mass: 472 mg; step: transfer; user: <i>mr</i>",
        "Peel the mat off the collector, weigh it. (step: transfer)",
        "monitor_v: 0; readings: 3; unit: spin; what: HV off",
        "The run was simulated",
        "this record was not synced",
    ):
        assert fact in page.text, fact
    assert "1 co-deposit spin 0:00:01 2 min 9 s deviates: the clock never ran" in page.text
    assert "2 transfer prompt 0:02:10 30.0 s as asked" in page.text
    assert "voltage: 20 kV (assumed)" not in page.text and "voltage: 20 kV" in page.text


def test_two_steps_of_one_id_begin_where_each_began(tmp_path: Path, recorder: Any) -> None:
    record = recorder.create(tmp_path)
    for t_s, data in (
        (3, {"do": "prime", "phase": "started"}),
        (31, {"do": "prime", "phase": "ended", "outcome": "done", "duration_s": 28.0}),
        (31, {"do": "spin", "phase": "started"}),
        (45, {"do": "spin", "phase": "ended", "outcome": "stopped", "duration_s": 14.0}),
    ):
        record.event("step", {"id": "co-deposit", **data}, t_s * NS_PER_S)
    record.close(60 * NS_PER_S, {"outcome": "stopped"})
    text = Page(report_html(open_run(record.folder))).text
    assert "1 co-deposit prime 0:00:03 28.0 s as asked" in text
    assert "2 co-deposit spin 0:00:31 14.0 s not finished: stopped" in text


def test_the_page_is_plain_and_self_contained(page: Page, closed: Path) -> None:
    assert not {"script", "img", "link", "iframe", "object", "b>", "i"} & set(page.tags)
    assert set(page.links) == {"https://doi.org/10.1039/d0ra01791d"}
    html = report_html(open_run(closed))
    assert "url(" not in html and "@import" not in html
    assert "safe to open" not in page.text.replace("says that anything is safe to open", "")


def test_plots_have_units_curves_and_bands(page: Page, closed: Path) -> None:
    for title in (
        *("Voltage, kV", "Current returned to earth, nA", "Flow rate, ml/h", "Delivered in the step, ml"),
        *("Humidity, %RH", "Chamber temperature, °C", "Current of the supply, µA"),
    ):
        assert title in page.text
    assert page.tags.count("svg") == 7 and "time since start, s" in page.text
    assert page.text.count("1 co-deposit") >= 7
    html = report_html(open_run(closed))
    humidity = html[html.index('aria-label="Humidity') :]
    humidity = humidity[: humidity.index("</svg>")]
    assert humidity.count("<polyline") == 2, "the stale stretch is a gap, not a line"


def test_it_is_written_beside_and_may_be_written_again(closed: Path) -> None:
    path = write_report(open_run(closed))
    assert path == closed / "report.html"
    first = path.read_bytes()
    assert write_report(open_run(closed)).read_bytes() == first
    assert verify_run(closed).status == "good"


def test_real_durable_and_aborted(tmp_path: Path, recorder: Any) -> None:
    rig = b"[safety]\nhardware_interlock = true\n"
    record = recorder.create(
        tmp_path, opened=recorder.OPENED | {"simulated": False, "seed": None}, rig_bytes=rig, durable=True
    )
    record.event("step", {"id": "co-deposit", "do": "spin", "phase": "started"}, 0)
    record.close(NS_PER_S, {"outcome": "aborted", "early": True, "reason": "door <open> after 0.14 s"})
    text = Page(report_html(open_run(record.folder))).text
    assert "SIMULATED" not in text and "The run was simulated" not in text and "not synced" not in text
    assert (
        "Aborted : the outputs were taken away at once. A person ended a step early. Reason: door <open>"
        in text
    )
    assert "Hardware interlock declared" in text and "no ducted exhaust declared" in text
    assert "no independent furnace limiter declared" in text
    assert "No readings were recorded." in text and "not finished: the record ends within it" in text
    assert "Seed none" in text


def test_an_open_run_and_a_rig_without_safety(new_record: Make) -> None:
    record = new_record(rig_bytes=b"format = 1\n", recipe_bytes=b"this is = = no TOML <b>")
    text = Page(report_html(open_run(record.folder))).text
    record.abandon()
    assert "Open : the run has not been closed." in text
    assert "no hardware interlock declared" in text
    assert "The frozen recipe is not TOML; it says: this is = = no TOML <b>" in text
    assert (
        "No alarm and no trip." in text
        and "Nobody was asked anything." in text
        and "No step was begun." in text
    )


def test_a_whole_step_and_parts_of_a_key_that_are_assumed(new_record: Make) -> None:
    recipe = b"""
parameters = { v = { default = "20 kV", min = "14 kV" } }
[[steps]]
id = "a"
do = "cool"
below = "60 degC"
assumed = ["*"]
[[steps]]
id = "b"
do = "spin"
needle = { gauge = "21 G", kind = "single" }
assumed = ["needle.kind"]
[[steps]]
id = "c"
do = "prompt"
assumed = ["*"]
"""
    record = new_record(recipe_bytes=recipe)
    text = Page(report_html(open_run(record.folder))).text
    record.abandon()
    assert "below: 60 degC (assumed) (the whole step is assumed)" in text
    assert "needle: single (gauge: 21 G) (assumed: kind)" in text
    assert "3 c prompt (the whole step is assumed)" in text
    assert "v default: 20 kV; min: 14 kV" in text and "Source: none given" in text


def test_a_damaged_journal_is_said_to_be_damaged(closed: Path) -> None:
    path = closed / "journal.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"DOOR"', b'"DOOM"'))
    text = Page(report_html(open_run(closed))).text
    assert "The journal is damaged : line" in text and "DOOM" not in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0.04, "0.0 s"),
        (59.94, "59.9 s"),
        (60.0, "1 min"),
        (3600.0, "1 h"),
        (93784.0, "1 d 2 h 3 min 4 s"),
    ],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


def test_words() -> None:
    assert clock(12.5) == "0:00:12.5" and clock(50000.0) == "13:53:20"
    assert say({"a": None}) == "–" and say([True, False, 0.1234567]) == "yes, no, 0.123457"
    assert event_words({}) == "–" and event_words({"text": "x"}) == "x"
