"""What holds for the repository as a whole: no host, no path of a machine, lock files that can be trusted."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
UNKEPT = {".git", ".venv", "build", "dist", "runs", "node_modules"}
LOCKS = {"run.txt": (), "gui.txt": ("gui",), "test.txt": ("gui", "test")}

# Written in pieces, so that this file does not find itself.
REGISTRY = re.compile(
    r"\b(?:py" + r"pi\.org|files\.pythonhosted|registry\.npm" + r"js|deb\.deb" + r"ian\.org)"
    r"|https?://[^\s\"']+/simple\b"
    r"|--(?:extra-)?index-url[ =]\S*//"
)
HOME = re.compile(r"(?<![\w.:/-])/(?:home|Users)/\w|(?<![\w.:/-])/ro[o]t/|[A-Z]:\\+Users\\")


def kept_files() -> Iterator[tuple[Path, str]]:
    """Each text file that is part of the repository, and its text."""
    for folder, below, names in os.walk(ROOT):
        below[:] = [
            name
            for name in below
            if name not in UNKEPT and not name.endswith(("cache", "cache__", ".egg-info"))
        ]
        below[:] = [name for name in below if name != ".hypothesis"]
        for name in names:
            path = Path(folder, name)
            try:
                yield path.relative_to(ROOT), path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue  # a picture or the like


def places(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in kept_files()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pins(name: str) -> dict[str, set[Version]]:
    """Package name to the versions locked for it; more than one only where markers tell them apart."""
    found: dict[str, set[Version]] = {}
    for package, version in re.findall(
        r"^([a-z0-9-]+)==(\S+)", (ROOT / "lock" / name).read_text(encoding="utf-8"), flags=re.MULTILINE
    ):
        found.setdefault(package, set()).add(Version(version))
    return found


def required(extras: tuple[str, ...]) -> list[Requirement]:
    table = project()
    texts = list(table["build-system"]["requires"]) + list(table["project"]["dependencies"])
    for extra in extras:
        texts += table["project"]["optional-dependencies"][extra]
    return [Requirement(text) for text in texts]


def test_the_patterns_find_what_they_are_for() -> None:
    slash = "/"
    assert REGISTRY.search("see https://" + "py" + "pi.org/project/x")
    assert REGISTRY.search("--index-url" + "=https://mirror.example/x")
    assert HOME.search(f"open('{slash}home{slash}anna/rig.toml')")
    assert HOME.search(f"cd {slash}root{slash}rig")
    assert not HOME.search("socket://host/home/page")


def test_no_file_names_a_package_registry() -> None:
    assert places(REGISTRY) == []


def test_no_file_names_a_home_or_this_checkout() -> None:
    assert places(HOME) == []
    # A checkout at the top of the disk has too common a name to be looked for.
    if len(ROOT.parts) > 2:
        assert places(re.compile(re.escape(str(ROOT)) + r"(?![\w-])")) == []


def test_no_lock_of_another_tool_is_kept() -> None:
    names = [path.name for path, _ in kept_files()]
    assert [name for name in names if name == "uv.lock" or name.startswith("pylock")] == []


@pytest.mark.parametrize("name", sorted(LOCKS))
def test_a_lock_file_names_no_host_and_hashes_everything(name: str) -> None:
    text = (ROOT / "lock" / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=sha256:)", text, flags=re.MULTILINE)
    for entry in re.split(r"\n(?=\S)", text.strip()):
        if not entry.startswith("#"):
            assert re.match(r"[a-z0-9-]+==\S+", entry), entry
            assert re.search(r"--hash=sha256:[0-9a-f]{64}", entry), entry


@pytest.mark.parametrize("name", sorted(LOCKS))
def test_a_lock_file_answers_every_requirement(name: str) -> None:
    locked = pins(name)
    for requirement in required(LOCKS[name]):
        versions = locked[re.sub(r"[-_.]+", "-", requirement.name).lower()]
        assert all(requirement.specifier.contains(version) for version in versions), requirement


def test_the_lock_files_agree() -> None:
    everything = pins("test.txt")
    for name in LOCKS:
        assert pins(name).items() <= everything.items()


def test_qt_is_older_than_the_release_that_kills_the_interpreter() -> None:
    for name in ("gui.txt", "test.txt"):
        assert all(version < Version("6.12") for version in pins(name)["pyside6-essentials"])


def test_running_needs_no_qt() -> None:
    assert not {"pyside6-essentials", "shiboken6", "pyqtgraph", "pytest"} & pins("run.txt").keys()


def test_the_list_of_packages_is_the_tree() -> None:
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("recipes", "rig", "gui")
        for path in (ROOT / top).rglob("*.py")
    }
    assert sorted(project()["tool"]["setuptools"]["packages"]) == sorted(found)
