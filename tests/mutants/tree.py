"""A copy of the tree in which things are broken, and the tests run on it in a process of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.mutant import ROOT, Mutant

LIMIT_S = 60.0
"""A mutant that is not found within it counts as not found."""
SOUND_LIMIT_S = 300.0

COPIED = (
    "recipes",
    "rig",
    "tests",
    "benchmarks",
    "docs",
    "scripts",
    "pyproject.toml",
    "README.md",
    "Makefile",
)
PLACE = "SPINRIG_MUTANT_TREE"


@dataclass(frozen=True, slots=True)
class Found:
    """What came of the tests: pytest's exit code (None: time ran out), the first test that failed, or what else there
    is to say, and how long it took."""

    code: int | None
    by: str
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether a test failed; an error of pytest's own or one that never ended finds nothing."""
        return self.code == 1


@dataclass(frozen=True, slots=True)
class Tree:
    """One copy. `broken` leaves it as it was."""

    root: Path

    @classmethod
    def copied(cls, root: Path) -> Tree:
        """A new copy of what the tests need, without anybody's leavings."""
        root.mkdir(parents=True)
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(
                    source, root / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
                )
            else:
                shutil.copy(source, root / name)
        return cls(root)

    def sound(self, tests: Sequence[str]) -> Found:
        """The tests on the tree as it is."""
        return self._run(tests, SOUND_LIMIT_S)

    def broken(self, mutant: Mutant) -> Found:
        """The tests on the tree with the mutant in it."""
        sound = (self.root / mutant.file).read_text(encoding="utf-8")
        if mutant.occurrences(self.root) != 1:
            raise ValueError(
                f"{mutant.name}: its text stands {mutant.occurrences(self.root)} times in {mutant.file}"
            )
        try:
            self._put(mutant.file, mutant.applied(self.root))
            return self._run(mutant.tests, LIMIT_S)
        finally:
            self._put(mutant.file, sound)

    def _put(self, file: str, text: str) -> None:
        """Compiled files go by second and size, which a mutant may share with the sound source."""
        path = self.root / file
        path.write_text(text, encoding="utf-8")
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):
            compiled.unlink()

    def _run(self, tests: Sequence[str], limit_s: float) -> Found:
        command = [
            sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=line", "-rfE",
            "-p", "no:cacheprovider", "-p", "tests.mutants.here", *tests,
        ]  # fmt: skip
        environment = {**os.environ, "PYTHONPATH": str(self.root), PLACE: str(self.root)}
        began_s = time.monotonic()
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                said, _ = process.communicate(timeout=limit_s)
                code: int | None = process.returncode
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                said, _ = process.communicate()
                code = None
        seconds = time.monotonic() - began_s
        return Found(code, _first(said, code, limit_s), seconds)


def _first(said: str, code: int | None, limit_s: float) -> str:
    """The first test that failed, or why there is none."""
    if code is None:
        return f"no test had failed after {limit_s:.0f} s"
    if code == 0:
        return "every test passed"
    for line in said.splitlines():
        if line.startswith(("FAILED ", "ERROR ")):
            return line.split(" ", 1)[1].partition(" - ")[0]
    return " / ".join(said.splitlines()[-3:])
