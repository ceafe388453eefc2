"""The built wheel, installed where there is no checkout: everything is in it, and it starts quickly.

Nothing here needs a network: the build backend is locked and installed with the rest, and the fresh
environment borrows the third-party packages of the one that runs the tests. Only spinrig is the wheel's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("PySide6", "pandas", "numpy", "pyarrow", "pyvisa", "pyvisa_py", "pyqtgraph")


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel in it, and a folder outside of any checkout to stand in."""

    wheel: Path
    scripts: Path
    elsewhere: Path

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))
        }
        return subprocess.run(
            [self.scripts / program, *arguments],
            cwd=self.elsewhere,
            env=kept | {"PYTHONUTF8": "1"},
            capture_output=True,
            text=True,
            timeout=60,
        )


def _pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-input", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    # Built from a copy: a build folder that setuptools left behind would put old files into the wheel.
    for name in ("pyproject.toml", "README.md", "LICENSE", "recipes", "rig", "gui"):
        if (ROOT / name).exists():
            _copy(ROOT / name, source / name)
    offline = ("--no-index", "--no-deps")
    _pip("wheel", *offline, "--no-build-isolation", "--wheel-dir", folder, source)
    (wheel,) = folder.glob("spinrig-*.whl")
    fresh = folder / "fresh"
    venv.create(fresh, with_pip=False)
    on_windows = sys.platform == "win32"
    scripts = fresh / ("Scripts" if on_windows else "bin")
    python = scripts / ("python.exe" if on_windows else "python")
    _pip("--python", python, "install", *offline, "--ignore-installed", wheel)
    # Only a .pth: the borrowed folder's own .pth files, with the link to the checkout, are not followed.
    site = Path(sysconfig.get_path("purelib", vars={"base": str(fresh), "platbase": str(fresh)}))
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    return Installed(wheel, scripts, elsewhere)


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        target.write_bytes(source.read_bytes())
        return
    target.mkdir()
    for child in source.iterdir():
        if child.name != "__pycache__":
            _copy(child, target / child.name)


def _shipped(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_what_the_tree_holds(installed: Installed) -> None:
    tree = {
        path.relative_to(ROOT).as_posix()
        for top in ("recipes", "rig", "gui")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".md"
    }
    assert _shipped(installed.wheel) == tree


def test_the_library_and_the_marks_of_types_are_in_the_wheel(installed: Installed) -> None:
    assert {"recipes/library/tio2-pcnf.toml", "recipes/py.typed", "rig/py.typed"} <= _shipped(installed.wheel)


def test_the_wheel_names_its_licence(installed: Installed) -> None:
    with zipfile.ZipFile(installed.wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        text = archive.read(metadata).decode("utf-8")
        assert "License-Expression: Apache-2.0" in text
        assert any(name.endswith("/LICENSE") for name in archive.namelist())


def test_it_is_the_wheel_that_is_imported(installed: Installed) -> None:
    done = installed.run("python", "-c", "import recipes, rig; print(recipes.__file__); print(rig.__file__)")
    assert done.returncode == 0, done.stderr
    for line in done.stdout.splitlines():
        assert Path(line).is_relative_to(installed.scripts.parent)


def test_importing_takes_nothing_heavy_along(installed: Installed) -> None:
    program = f"import sys, recipes, rig; print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    done = installed.run("python", "-c", program)
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_help_names_the_commands(installed: Installed) -> None:
    done = installed.run("spinrig", "--help")
    assert done.returncode == 0, done.stderr
    for command in ("run", "check", "plan", "instruments"):
        assert command in done.stdout


def test_the_founding_recipe_is_good(installed: Installed) -> None:
    done = installed.run("spinrig", "check", "tio2-pcnf")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_recipe_that_is_nowhere_is_refused(installed: Installed) -> None:
    done = installed.run("spinrig", "check", "no-such-recipe")
    assert done.returncode == 2
    assert "no-such-recipe" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_drivers_are_listed(installed: Installed) -> None:
    done = installed.run("spinrig", "instruments")
    assert done.returncode == 0, done.stderr
    for driver in ("new-era", "glassman", "keithley-6485", "adam-4000", "vaisala"):
        assert driver in done.stdout


def test_checking_starts_in_half_a_second(installed: Installed) -> None:
    took = []
    for _ in range(5):
        began = time.perf_counter()
        done = installed.run("spinrig", "check", "tio2-pcnf")
        took.append(time.perf_counter() - began)
        assert done.returncode == 0, done.stdout + done.stderr
    assert min(took) < 0.5


def test_checking_loads_nothing_heavy(installed: Installed) -> None:
    program = (
        "import sys; from rig.cli.main import main\n"
        "sys.argv = ['spinrig', 'check', 'tio2-pcnf']\n"
        "try: code = main()\n"
        "except SystemExit as left: code = left.code\n"
        f"print(code or 0, sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = installed.run("python", "-c", program)
    assert done.stdout.splitlines()[-1:] == ["0 []"], done.stdout + done.stderr
