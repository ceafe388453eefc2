#!/usr/bin/env python3
"""Make the pictures of the README anew: `python scripts/pictures.py` (about two minutes).

Runs the founding recipe on the emulated demonstration rig, photographs the live display while it spins and while it
carbonises (docs/pictures/progress-*.svg), and the report's first page and furnace plots (docs/pictures/report-*.png)
where a chromium is installed.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rich.console import Console  # noqa: E402
from rich.terminal_theme import MONOKAI  # noqa: E402
from rich.text import Text  # noqa: E402

from rig.cli import making  # noqa: E402
from rig.cli.loading import load  # noqa: E402
from rig.cli.progress import LiveDisplay  # noqa: E402
from rig.cli.run import add_parser  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
COLUMNS = 96
LINES_ABOVE = 6
MOMENTS = (("spin", "co-deposit", 5_000.0), ("carbonise", "carbonise", 50_000.0))
"""Name of the picture, the step, and from which second of the run on."""

FONT = "'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace"
SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">
<style>
.{unique_id}-matrix {{ font-family: FONT; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>{lines}</defs>
<rect width="{width}" height="{height}" rx="8" fill="#161821"/>
<g transform="translate({terminal_x}, 12)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}<g class="{unique_id}-matrix">
{matrix}
</g></g></svg>
""".replace("FONT", FONT)
"""Rich's own frame without its title bar, its buttons and its font from elsewhere."""

FURNACE_PLOTS = ("Furnace temperature", "Soak of stabilise", "Gas flow", "Oxygen")
REPORT_PARTS = (("report-verdicts", 0, 1450), ("report-furnace", None, 1240))
"""Name of the picture, from which pixel on (None: the furnace's plots alone), and how high."""


class Camera(LiveDisplay):
    """The live display on no terminal: it keeps what would have scrolled by, and draws itself at the moments."""

    every_s = 0.0

    def __init__(self, title: str, *rest: Any) -> None:
        super().__init__(title, None, False, None, lambda: False, _console())
        self._left = list(MOMENTS)

    def start(self) -> None:
        """No terminal to take."""

    def progress(self, status: Mapping[str, Any]) -> None:
        """Draw, if it is time."""
        super().progress(status)
        for moment in list(self._left):
            name, step, from_s = moment
            if status.get("step") == step and status["t_s"] >= from_s:
                self._left.remove(moment)
                self._photograph(name)

    def _photograph(self, name: str) -> None:
        above = self.console.export_text(clear=False, styles=True).splitlines()[-LINES_ABOVE:]
        paper = _console()
        for line in above:
            paper.print(Text.from_ansi(line))
        paper.print(self.render())
        PICTURES.mkdir(parents=True, exist_ok=True)
        svg = paper.export_svg(code_format=SVG, theme=MONOKAI, unique_id=f"spinrig-{name}")
        (PICTURES / f"progress-{name}.svg").write_text(svg, encoding="utf-8")


def _console() -> Console:
    return Console(
        file=StringIO(),
        record=True,
        width=COLUMNS,
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
    )


def make_run(runs: Path) -> Path:
    """The founding recipe, photographed on its way; its folder."""
    parser = argparse.ArgumentParser()
    add_parser(parser.add_subparsers())
    args = parser.parse_args(["run", "tio2-pcnf", "--yes", "--runs", str(runs)])
    inputs = load(args, show=False)

    class Photographed(making.Making):
        """A run whose reporter is the camera."""

        def _choose_reporter(self) -> Camera:
            return Camera(self._title())

    with ExitStack() as stack:
        made = Photographed(args, inputs, None, False, False, stack)
        result = made.session.run()
        made.finish()
        made.tell(result)
    return result.folder


def photograph_report(page: Path, chromium: str) -> None:
    """Two parts of the report as PNG."""
    html = page.read_text(encoding="utf-8")
    for name, top, height in REPORT_PARTS:
        if top is None:
            # Some plots of the furnace alone: the same elements, the same style.
            plots = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
            body = "".join(
                plot for plot in plots if any(f'aria-label="{one}' in plot for one in FURNACE_PLOTS)
            )
            shown = f"{html[: html.index('<body>')]}<body>{body}</body></html>"
        else:
            shown = html
        with tempfile.NamedTemporaryFile("w", suffix=".html", encoding="utf-8") as file:
            file.write(shown)
            file.flush()
            command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
            command += [
                f"--window-size=1000,{height}",
                f"--screenshot={PICTURES / name}.png",
                f"file://{file.name}",
            ]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def main() -> int:
    """Everything anew; 0, or 1 where there is no chromium for the report."""
    with tempfile.TemporaryDirectory() as runs:
        folder = make_run(Path(runs))
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        if chromium is None:
            print("no chromium here: the report's pictures were not made anew", file=sys.stderr)
            return 1
        photograph_report(folder / "report.html", chromium)
    return 0


if __name__ == "__main__":
    sys.exit(main())
