"""Two writers, killed at any moment: nothing acknowledged is lost or half there, nobody writes over anybody."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from recipes.problems import InputError
from recipes.store import Store
from tests.cli.terminal import ROOT
from tests.recipes.store.texts import ANNA, BEN, FOUNDING, LATER, UTC, git, quick_folder, with_voltage
from tests.recipes.store.writer import is_whole

EDITS, KILLS = 500, 20
WRITERS = ("ann", "bob")
MOST_S = 100.0


class Writer:
    """One of the writers, started again after it was killed."""

    def __init__(self, folder: Path, name: str) -> None:
        self.folder, self.name, self.log = folder, name, folder.parent / f"{name}.log"
        self.start()

    def start(self) -> None:
        words = [str(self.folder), self.name, str(EDITS // len(WRITERS)), str(self.log)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.recipes.store.writer", *words],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert self.process.stdout is not None
        self.process.stdout.readline()  # it has begun
        self.process.stdout.close()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()

    def lines(self) -> list[list[str]]:
        """What it has noted; a line is written at once, so none is half."""
        return [line.split() for line in self.log.read_text(encoding="ascii").splitlines()]

    def saved(self) -> int:
        return sum(line[0] == "saved" for line in self.lines()) if self.log.exists() else 0


def test_two_writers_and_twenty_kills_lose_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with quick_folder(tmp_path) as base, ExitStack() as ending:
        rng = random.Random("kills")
        folder = base / "store"
        begun = time.perf_counter()
        writers = [Writer(folder, name) for name in WRITERS]
        for writer in writers:
            ending.callback(writer.end)
        for after in sorted(rng.randrange(5, EDITS * 9 // 10) for _ in range(KILLS)):
            while sum(writer.saved() for writer in writers) < after:
                assert time.perf_counter() - begun < MOST_S
                time.sleep(0.001)
            time.sleep(rng.uniform(0, 0.01))
            alive = [writer for writer in writers if writer.process.poll() is None]
            victim = rng.choice(alive)
            victim.end()
            victim.start()
        for writer in writers:
            assert writer.process.wait(MOST_S) == 0

        lines = [line for writer in writers for line in writer.lines()]
        acknowledged = {(line[1], int(line[2])): line[3] for line in lines if line[0] == "saved"}
        conflicts = [line for line in lines if line[0] == "conflict"]
        store = Store(folder)
        assert store.verify() == []
        revisions = {(one.id, one.number): one for id in store.ids() for one in store.history(id)}
        for key, sha256 in acknowledged.items():
            assert revisions[key].sha256 == sha256
        for id in store.ids():
            numbers = [one.number for one in store.history(id)]
            assert numbers == list(range(1, len(numbers) + 1))
            for number in numbers:
                assert is_whole(store.get(id, number).content)
            assert (folder / f"{id}.toml").read_bytes() == store.get(id).content
        # No edit was taken for a person's own, and every conflict told of a revision that is there.
        assert {one.author for one in revisions.values()} == set(WRITERS)
        for _, id, base_number, newest, author in conflicts:
            assert int(base_number) < int(newest) and revisions[id, int(newest)].author == author
        assert len(acknowledged) == EDITS
        assert len(conflicts) > 0
        took = time.perf_counter() - begun
        git(folder, "fsck", "--strict", "--full")
        assert git(folder, "status", "--porcelain") == ""
    with capsys.disabled():
        print(
            f"\nrecipe store: {EDITS} edits acknowledged, {len(revisions) - EDITS} more were whole when their writer "
            f"was killed, {len(conflicts)} conflicts told, {KILLS} kills, {took:.1f} s"
        )


class Killed(BaseException):
    """Stands for kill -9 in one process: nothing of the store catches it."""


def count_down(patch: pytest.MonkeyPatch, calls: int) -> list[int]:
    """Let the process die at the so-manieth call that changes the disk; the calls so far are counted in the list."""
    made = [0]

    def dying(function: object) -> object:
        def call(*args: object, **kwargs: object) -> object:
            made[0] += 1
            if made[0] > calls:
                raise Killed
            return function(*args, **kwargs)  # type: ignore[operator]

        return call

    for name in ("fsync", "link", "ftruncate"):
        patch.setattr(os, name, dying(getattr(os, name)))
    for name in ("replace", "unlink", "mkdir"):
        patch.setattr(Path, name, dying(getattr(Path, name)))
    return made


def test_dying_at_any_step_of_a_save_leaves_the_old_or_the_new_revision(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second save, over a file that somebody had changed by hand: two commits that come together."""
    outcomes = set()
    for calls in range(200):
        with quick_folder(tmp_path / str(calls)) as base:
            folder = base / "store"
            store = Store(folder)
            store.save("pan", FOUNDING, ANNA, "as published", None, UTC)
            (folder / "pan.toml").write_bytes(with_voltage(19))
            died = False
            with monkeypatch.context() as patch:
                count_down(patch, calls)
                try:
                    store.save("pan", with_voltage(18), BEN, "lower", 1, LATER)
                except InputError:
                    pass  # the edit by hand came in between, and is told
                except Killed:
                    died = True
            after = Store(folder)
            edits = after.hand_edits()  # the next to open it
            numbers = [one.number for one in after.history("pan")]
            assert numbers in ([1], [1, 2])
            # Changed by hand, as a revision or still as an edit; never lost.
            assert (folder / "pan.toml").read_bytes() == with_voltage(19)
            assert len(edits) == (1 if numbers == [1] else 0)
            assert [one.code for one in after.verify()] == ["changed-by-hand"] * len(edits)
            kept = after.save("pan", with_voltage(19), BEN, "keep it", numbers[-1], LATER)
            assert kept.revision == 2
            outcomes.add((died, len(numbers)))
            if not died:
                break
    assert outcomes == {(True, 1), (True, 2), (False, 2)}
    assert calls > 20


@pytest.mark.parametrize("first", [True, False], ids=["a new store", "a second revision"])
def test_dying_at_any_step_of_a_plain_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    outcomes = set()
    for calls in range(200):
        with quick_folder(tmp_path / str(calls)) as base:
            folder = base / "store"
            store = Store(folder)
            if not first:
                store.save("pan", FOUNDING, ANNA, "as published", None, UTC)
            died = False
            with monkeypatch.context() as patch:
                count_down(patch, calls)
                try:
                    store.save("pan", with_voltage(18), BEN, "lower", None if first else 1, LATER)
                except Killed:
                    died = True
            after = Store(folder)
            before = 0 if first else 1
            numbers = [one.number for one in after.history("pan")] if "pan" in after.ids() else []
            assert len(numbers) in (before, before + 1)
            new = len(numbers) > before
            if new:  # also while the file is still the old one, or not there
                assert after.current("pan").revision == before + 1
                assert after.current("pan").content == with_voltage(18)
            assert after.hand_edits() == () and after.verify() == []
            if numbers:
                assert (folder / "pan.toml").read_bytes() == (with_voltage(18) if new else FOUNDING)
            kept = after.save("pan", with_voltage(17), ANNA, "lower still", len(numbers) or None, LATER)
            assert kept.revision == len(numbers) + 1 and after.verify() == []
            outcomes.add((died, new))
            if not died:
                break
    assert outcomes == {(True, False), (True, True), (False, True)}
    assert calls > 20


def test_a_killed_owner_leaves_no_lock_behind(tmp_path: Path) -> None:
    store = Store(tmp_path / "store", patience_s=0.05)
    store.save("pan", FOUNDING, ANNA, "as published", None, UTC)
    program = (
        "import sys, time; from pathlib import Path; from recipes.store.lock import held\n"
        "with held(Path(sys.argv[1])):\n    print('held', flush=True); time.sleep(60)\n"
    )
    lock = store.folder / ".git" / "spinrig" / "lock"
    owner = subprocess.Popen([sys.executable, "-c", program, str(lock)], cwd=ROOT, stdout=subprocess.PIPE)
    try:
        assert owner.stdout is not None and owner.stdout.readline() == b"held\n"
        with pytest.raises(InputError, match=f"in use by process {owner.pid} on ") as caught:
            store.save("pan", with_voltage(18), BEN, "lower", 1, LATER)
        assert caught.value.problems[0].code == "store-busy"
        assert len(store.history("pan")) == 1  # reading waits for nobody
    finally:
        owner.kill()
        owner.wait()
        assert owner.stdout is not None
        owner.stdout.close()
    assert store.save("pan", with_voltage(18), BEN, "lower", 1, LATER).revision == 2
