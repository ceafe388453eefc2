"""Set-up asks for what is missing, once, and for nothing that is there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
QT = "libgl1 libegl1 libxkbcommon0 libdbus-1-3 libfontconfig1 libglib2.0-0"


class Machine:
    """A PATH of its own: a Python that finds things or does not, an apt-get that notes what it is asked."""

    def __init__(self, folder: Path, *, user: int, sudo: bool, missing: bool, apt: bool = True) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.asked = folder / "asked"
        for name in ("bash", "env", "mktemp", "rm", "tail", "dirname"):
            found = shutil.which(name)
            assert found is not None
            (self.bin / name).symlink_to(found)
        self._program("id", f"echo {user}")
        self._program("uname", "echo Linux")
        self._program("python", f"exit {int(missing)}")
        self._program("sudo", '[ "$1" = -n ] && shift; exec "$@"' if sudo else "exit 1")
        self._program("true", "exit 0")
        if apt:
            self._program("apt-get", f'echo "$*" >> {self.asked}')

    def _program(self, name: str, body: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
        path.chmod(0o755)

    def debian(self, what: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", ROOT / "scripts" / "debian.sh", what, "python"],
            env={"PATH": str(self.bin)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
        )

    def orders(self) -> list[str]:
        return self.asked.read_text(encoding="utf-8").splitlines() if self.asked.exists() else []


@pytest.mark.parametrize(("what", "packages"), [("venv", "python3-venv"), ("qt", QT)])
@pytest.mark.parametrize("user", [0, 1000])
def test_what_is_missing_is_installed_by_root_or_sudo(
    tmp_path: Path, what: str, packages: str, user: int
) -> None:
    machine = Machine(tmp_path, user=user, sudo=user != 0, missing=True)
    done = machine.debian(what)
    assert done.returncode == 0, done.stderr
    update, install = machine.orders()
    assert update.endswith(" update")
    assert install.endswith(f" install -y --no-install-recommends {packages}")
    assert done.stdout == f"set-up: Debian packages {packages}\n"


@pytest.mark.parametrize(("what", "packages"), [("venv", "python3-venv"), ("qt", QT)])
@pytest.mark.parametrize("apt", [True, False])
def test_without_the_right_to_install_one_line_says_what(
    tmp_path: Path, what: str, packages: str, apt: bool
) -> None:
    machine = Machine(tmp_path, user=1000, sudo=False, missing=True, apt=apt)
    done = machine.debian(what)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line == f"set-up: please have these Debian packages installed and run make again: {packages}"
    assert (done.stdout, machine.orders()) == ("", [])


@pytest.mark.parametrize("what", ["venv", "qt"])
def test_nothing_is_asked_for_when_all_is_there(tmp_path: Path, what: str) -> None:
    machine = Machine(tmp_path, user=0, sudo=False, missing=False)
    done = machine.debian(what)
    assert (done.returncode, done.stdout, done.stderr, machine.orders()) == (0, "", "", [])


STAMPS = (".made", ".run", ".package", ".test", ".qt-libraries")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The set-up's files and an environment whose stamps say that all of it is done."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for folder in ("scripts", "lock"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    venv = tmp_path / ".venv"
    venv.mkdir()
    (venv / ".made").write_text(f"{tmp_path.resolve()}\n", encoding="utf-8")
    newest = max(path.stat().st_mtime for path in tmp_path.rglob("*"))
    for later, name in enumerate(STAMPS, 1):
        (venv / name).touch()
        os.utime(venv / name, (newest + later, newest + later))
    return tmp_path


def planned(tree: Path, *targets: str) -> str:
    """What make would do."""
    kept = {
        key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    command = ["make", "--dry-run", "--no-print-directory", "-C", str(tree), *targets]
    done = subprocess.run(command, env=kept, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_second_make_installs_nothing(tree: Path) -> None:
    orders = planned(tree, "demo", "test", "lint")
    assert "pytest" in orders
    assert "pip" not in orders
    assert "scripts/" not in orders


def test_a_new_lock_file_is_installed(tree: Path) -> None:
    later = (tree / ".venv" / STAMPS[-1]).stat().st_mtime + 10
    os.utime(tree / "lock" / "test.txt", (later, later))
    orders = planned(tree, "demo", "test")
    assert "-r lock/test.txt" in orders
    assert "-r lock/run.txt" not in orders


def test_the_demonstration_needs_neither_qt_nor_the_test_packages(tree: Path) -> None:
    shutil.rmtree(tree / ".venv")
    orders = planned(tree, "demo")
    assert "-r lock/run.txt" in orders
    assert "lock/test.txt" not in orders
    assert "debian.sh qt" not in orders


def test_an_environment_of_another_place_is_made_anew(tree: Path) -> None:
    made = tree / ".venv" / ".made"
    before = made.stat()
    made.write_text("/somewhere/else\n", encoding="utf-8")
    os.utime(made, (before.st_mtime, before.st_mtime))
    assert "scripts/venv.sh" in planned(tree, "demo")
