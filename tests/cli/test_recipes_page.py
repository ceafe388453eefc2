"""docs/recipes.md does what it says: its commands are run in their order, its files written, its output compared."""

from __future__ import annotations

import re
import shlex
from importlib.resources import files
from pathlib import Path

import pytest

from rig.bench.rigfile import read_rig
from rig.cli.main import main

PAGE = Path(__file__).parents[2] / "docs" / "recipes.md"
BLOCK = re.compile(r"^```(\w+)(?: ([^\n]+))?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
BLOCKS = [match.groups(default="") for match in BLOCK.finditer(PAGE.read_text(encoding="utf-8"))]
EDITED = "store/pan-monday.toml"
COMMANDS = ("check", "plan", "recipes new", "recipes save", "recipes diff", "recipes approve", "recipes history",
            "recipes search", "recipes sweep", "recipes methods", "recipes export", "recipes import")  # fmt: skip


def said_as_printed(expected: list[str], said: list[str]) -> bool:
    """Whether the page's lines are those that were printed; "..." stands for any number of them."""
    if not expected:
        return not said
    if expected[0] == "...":
        return any(said_as_printed(expected[1:], said[index:]) for index in range(len(said) + 1))
    return bool(said) and said[0] == expected[0] and said_as_printed(expected[1:], said[1:])


def test_the_page_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SPINRIG_STORE", raising=False)
    run = []
    for kind, about, text in BLOCKS:
        if kind == "console":
            for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, *expected = part.splitlines()
                program, *words = shlex.split(command)
                if program == "export":
                    monkeypatch.setenv(*words[0].split("=", 1))
                    continue
                assert program == "spinrig"
                code = main(words)
                shown = capsys.readouterr()
                said = (shown.err + shown.out).replace("\\", "/").splitlines()
                assert code == 0, (command, said)
                assert said_as_printed(expected, said), (command, "\n".join(said))
                run.append(" ".join(words))
        elif about.startswith("replaces "):
            path, old = tmp_path / EDITED, about.removeprefix("replaces ") + "\n"
            before = path.read_text(encoding="utf-8")
            assert before.count(old) == 1, old
            path.write_text(before.replace(old, text), encoding="utf-8")
        elif about == "in a rig file":
            demo = files("rig.bench").joinpath("demo/rig.toml").read_text(encoding="utf-8")
            bench, problems = read_rig(demo.replace("format = 1\n", "format = 2\n") + "\n" + text, "page")
            assert bench is not None and list(bench.syringes) and len(problems) == 0
        else:
            (tmp_path / about).write_text(text, encoding="utf-8")
    assert {word for word in COMMANDS if not any(one.startswith(word) for one in run)} == set()


def test_nothing_but_what_was_printed_is_taken() -> None:
    assert said_as_printed(["a", "...", "c"], ["a", "b", "c"]) and said_as_printed(["...", "c"], ["c"])
    assert not said_as_printed(["a"], ["a", "b"]) and not said_as_printed(["a", "...", "c"], ["a", "b"])
