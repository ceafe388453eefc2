"""Recipes, people and times for the tests of the store."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recipes.catalogue import library_path
from recipes.problems import InputError

UTC = "2026-11-20T14:32:05Z"
LATER = "2026-11-21T08:00:00Z"
ANNA, BEN = "Anna Persson <anna@lab.example>", "Ben Ng"
FOUNDING = library_path("tio2-pcnf").read_bytes()

PERSON = {
    "GIT_AUTHOR_NAME": "Cara", "GIT_AUTHOR_EMAIL": "c@lab.example",
    "GIT_COMMITTER_NAME": "Cara", "GIT_COMMITTER_EMAIL": "c@lab.example",
}  # fmt: skip


def git(folder: Path, *words: str) -> str:
    """Run git, if this computer has it, as one would who knows nothing of the program; "" where it has not."""
    if shutil.which("git") is None:
        return ""
    alone = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, **PERSON}
    done = subprocess.run(
        ["git", "-c", "core.autocrlf=true", *words],
        cwd=folder,
        env={**os.environ, **alone},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def with_voltage(kv: float) -> bytes:
    """The founding recipe at another voltage."""
    changed = FOUNDING.replace(b'"20 kV"', f'"{kv:g} kV"'.encode())
    assert changed != FOUNDING or kv == 20
    return changed


def code_of(error: InputError) -> str:
    """The code of the one problem of an error."""
    (problem,) = error.problems
    return problem.code


@contextmanager
def quick_folder(otherwise: Path) -> Iterator[Path]:
    """A folder in memory where there is one: hundreds of saves, each forced to the disk a dozen times, would measure
    the disk.
    """
    memory = Path("/dev/shm")
    if os.access(memory, os.W_OK):
        with tempfile.TemporaryDirectory(dir=memory, prefix="recipe-store-") as name:
            yield Path(name)
    else:
        yield otherwise
