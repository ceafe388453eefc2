"""The live display of a run on a terminal: drawn about four times a second from the newest status, by its own thread.

When no scan has come for too long the values are taken off the screen: an old number must not look like a new one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from recipes.timeline import duration_text
from rig.cli.answering import Asker
from rig.cli.output import visible
from rig.cli.panel import BAD, DIM, LOUD, WARN, Cell, rows
from rig.cli.sentences import ALARM, INFO, answer_command, clock_text, sentence
from rig.engine.questions import Question

DRAWS_A_SECOND = 4
LATE_SCANS = 3
LATE_S = 2.0
"""Without a scan for so long, and for so many scan periods, values are withheld."""

BAR_CELLS = 20
COLUMNS = (10, 18, 10)
"""Widths of a row's first columns, so that numbers of one kind stand under each other."""

_LEVELS = {INFO: DIM, ALARM: BAD}


class LiveDisplay:
    """Fills `rig.cli.reporting.Reporter` on a terminal.

    title: recipe, rig and how it is run; speed: virtual seconds per wall second, None for as fast as it can;
    answerable, rig: as for plain lines; over: whether the run is being closed.
    """

    every_s = 1 / DRAWS_A_SECOND
    at_once = frozenset({"question"})  # unpaced, no scan comes while somebody thinks about the answer

    def __init__(
        self,
        title: str,
        speed: float | None,
        answerable: bool,
        rig: str | None,
        over: Callable[[], bool],
        console: Console | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.asker: Asker | None = None
        self.console = console if console is not None else Console(highlight=False)
        self._title = title
        self._speed = speed
        self._answerable = answerable
        self._rig = rig
        self._over = over
        self._clock = clock
        self._lock = threading.Lock()
        self._status: Mapping[str, Any] | None = None
        self._drawn_s = 0.0
        self._began: tuple[float, float] | None = None
        self._asking: tuple[Question, str] | None = None
        self._refused = ""
        self._live: Live | None = None

    # Told by the run

    def start(self) -> None:
        """Take the lower part of the terminal."""
        self._live = Live(
            console=self.console,
            get_renderable=self.render,
            refresh_per_second=DRAWS_A_SECOND,
            transient=True,  # what was drawn last must not stay on the screen as if it still held
        )
        self._live.start()

    def event(self, kind: str, data: Mapping[str, Any], t_s: float) -> None:
        """What is for people scrolls by above."""
        said = sentence(kind, data)
        if said is not None and kind != "question":
            level, text = said
            line = Text(f"[{clock_text(t_s)}] {visible(text)}", style=_LEVELS.get(level, WARN))
            self.console.print(line)

    def progress(self, status: Mapping[str, Any]) -> None:
        """The newest status, drawn at the next turn."""
        with self._lock:
            self._status, self._drawn_s = status, self._clock()
            if self._began is None:
                self._began = (self._drawn_s, float(status["t_s"]))

    def ask(self, question: Question, wanted: str) -> None:
        """A question for this terminal."""
        with self._lock:
            self._asking, self._refused = (question, wanted), ""

    def refuse(self, text: str) -> None:
        """What was typed is not taken."""
        with self._lock:
            self._refused = text

    def asked(self) -> None:
        """Nothing is asked any more."""
        with self._lock:
            self._asking, self._refused = None, ""

    def finish(self) -> None:
        """Give the terminal back, without the panel."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    # Drawing

    def render(self) -> RenderableType:
        """The panel as of now."""
        with self._lock:
            status, drawn_s = self._status, self._drawn_s
            asking, refused = self._asking, self._refused
        head = Text(f" {self._title} ", style="bold reverse", no_wrap=True, overflow="ellipsis")
        if self._over():
            return Group(head, Text("the run has ended; its record is being closed"))
        if status is None:
            return Group(head, Text("connecting: every output is told off first"))
        parts: list[RenderableType] = [head, self._bar(status)]
        age_s = self._clock() - drawn_s
        waits = self._speed is None and asking is not None
        if age_s > self._late_after_s(status) and not waits:
            parts.append(Text(f"NO SCAN FOR {age_s:.0f} s: no value is known", style=LOUD))
        else:
            parts.append(self._panel(status))
        parts += self._questions(status, asking, refused)
        return Group(*parts)

    def _late_after_s(self, status: Mapping[str, Any]) -> float:
        if self._speed is None:
            return 5.0
        return max(LATE_S, LATE_SCANS * float(status.get("scan_period_s") or 1.0) / self._speed)

    def _bar(self, status: Mapping[str, Any]) -> RenderableType:
        remaining_s, planned_s = status.get("remaining_s"), status.get("planned_s")
        grid = Table.grid(padding=(0, 2))
        cells: list[RenderableType] = []
        if planned_s and remaining_s is not None and status.get("step"):
            done = min(1.0, max(0.0, 1 - remaining_s / planned_s))
            cells += [
                ProgressBar(total=1.0, completed=done, width=BAR_CELLS, complete_style="green"),
                Text(f"{done:.0%}"),
            ]
            cells.append(Text(f"{duration_text(status['t_s'])} gone, {duration_text(remaining_s)} to go"))
        else:
            cells.append(Text(f"{duration_text(status['t_s'])} gone"))
        if self._began is not None and self._speed is None and self._drawn_s > self._began[0]:
            factor = (float(status["t_s"]) - self._began[1]) / (self._drawn_s - self._began[0])
            cells.append(Text(f"{factor:.0f} x", style=DIM))
        for _ in cells:
            grid.add_column(no_wrap=True)
        grid.add_row(*cells)
        return grid

    @staticmethod
    def _panel(status: Mapping[str, Any]) -> RenderableType:
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style=DIM, no_wrap=True)
        grid.add_column()
        for row in rows(status):
            if row.label == "time":
                continue  # the bar says it
            grid.add_row(row.label, _joined(row.cells))
        return grid

    def _questions(
        self, status: Mapping[str, Any], asking: tuple[Question, str] | None, refused: str
    ) -> list[RenderableType]:
        parts: list[RenderableType] = []
        if asking is not None:
            question, wanted = asking
            parts.append(
                Text(f"\n? {question.step}.{question.key}: {visible(question.text)}", style="bold cyan")
            )
            if refused:
                parts.append(Text(visible(refused), style=BAD))
            typed = self.asker.keyboard.typed if self.asker is not None else ""
            parts.append(Text.assemble((f"  {wanted} > ", "cyan"), (visible(typed), "bold"), ("▏", "cyan")))
        for one in status.get("questions") or []:
            if asking is not None and (one["step"], one["key"]) == (asking[0].step, asking[0].key):
                continue
            parts.append(Text(f"\n? {one['step']}.{one['key']}: {visible(one['text'])}", style="bold cyan"))
            if self._answerable:
                command = answer_command(one["step"], one["key"], one["kind"], self._rig)
                parts.append(Text(f"  answer with: {command}", style="cyan"))
        return parts


def _joined(cells: tuple[Cell, ...]) -> Text:
    """The cells of a row, each in its look; numbers are set in columns of their own width."""
    text = Text()
    for index, cell in enumerate(cells):
        if not cell.text:
            continue
        last = index == len(cells) - 1
        width = 0 if last else COLUMNS[min(index, len(COLUMNS) - 1)]
        text.append(f"{visible(cell.text):<{width}}", style=cell.style)
        if not last:
            text.append("  ")
    return text
