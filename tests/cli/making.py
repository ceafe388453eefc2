"""A run in a process of its own, followed by its JSON lines; and what its instruments were told, from wire.jsonl."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, Queue
from types import TracebackType
from typing import Any

from tests.cli.terminal import ROOT, environment

QUICK = ROOT / "tests" / "recipes_for_tests" / "quick-spin.toml"
LONG = "tio2-pcnf-spin"
PATIENCE_S = 60.0
EXCHANGE_S = 0.05
"""What may still be in flight on a line when "off" is ordered: the supply is ordered first, on a line of its own."""

Object = dict[str, Any]


def own_environment(state: Path) -> dict[str, str]:
    """A child's environment with rig locks of its own."""
    return environment(SPINRIG_STATE=str(state), SPINRIG_DEBUG="0")


class Making:
    """`spinrig run --json WORDS`, under way. Killed at the end if it has not ended by itself."""

    def __init__(self, *words: str | Path, env: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "rig.cli.main", "run", "--json", *map(str, words)],
            cwd=ROOT,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self.objects: list[Object] = []
        self.stderr = ""
        self._new: Queue[Object | None] = Queue()
        self._threads = [threading.Thread(target=work) for work in (self._read, self._listen)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Making:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._new.put(json.loads(line))
        self._new.put(None)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.stderr += line

    def until(self, wanted: Callable[[Object], bool]) -> Object:
        """Read on until an object is the wanted one."""
        while True:
            try:
                found = self._new.get(timeout=PATIENCE_S)
            except Empty:
                raise AssertionError(f"nothing more within {PATIENCE_S} s; {self.stderr}") from None
            if found is None:
                raise AssertionError(f"it ended before: {self.objects[-3:]}; {self.stderr}")
            self.objects.append(found)
            if wanted(found):
                return found

    def until_event(self, kind: str, **data: Any) -> Object:
        """Read on until an event of this kind with these values."""

        def wanted(found: Object) -> bool:
            return found.get("kind") == kind and all(
                found["data"].get(key) == value for key, value in data.items()
            )

        return self.until(wanted)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.process.pid, number)

    def end(self) -> tuple[int, Object]:
        """Wait for its end: exit code and result."""
        result = self.until(lambda found: found["type"] == "result")
        code = self.process.wait(PATIENCE_S)
        for thread in self._threads:
            thread.join(PATIENCE_S)
        return code, result


def journal(folder: str | Path) -> list[Object]:
    """All lines of a run's journal."""
    return [json.loads(line) for line in (Path(folder) / "journal.jsonl").read_text().splitlines()]


class Told:
    """What the emulated instruments were told, as bytes on the wire with their times in ns."""

    def __init__(self, folder: str | Path) -> None:
        lines = [json.loads(line) for line in (Path(folder) / "wire.jsonl").read_text().splitlines()]
        self.sent = [
            (line["t_ns"], line["line"], bytes.fromhex(line["hex"]))
            for line in lines
            if line["direction"] == "sent"
        ]

    def supply(self) -> list[tuple[int, int, int]]:
        """Each set command to the Glassman: time, voltage counts of 4095, control digit (1 off, 2 on, 0 keep)."""
        return [
            (t_ns, int(data[2:5], 16), int(data[14:15], 16))
            for t_ns, line, data in self.sent
            if line == "hv.needle" and data[1:2] == b"S"
        ]

    def pumps(self, word: bytes) -> list[tuple[int, bytes]]:
        """Each packet to a pump that holds this word: time, and the pump's address as one digit."""
        found = []
        for t_ns, line, data in self.sent:
            at = data.find(word)
            if line == "pumps.a" and at > 0:
                found.append((t_ns, data[at - 1 : at]))
        return found

    def supply_off_after(self, t_s: float) -> float:
        """When the supply was told off with zero set for the first time after t_s, in seconds."""
        return (
            min(
                t
                for t, counts, control in self.supply()
                if control == 1 and counts == 0 and t >= round(t_s * 1e9)
            )
            / 1e9
        )

    def stopped_after(self, t_s: float) -> dict[bytes, float]:
        """When each pump was told to stop for the first time after t_s, by its address, in seconds."""
        first: dict[bytes, float] = {}
        for t_ns, address in self.pumps(b"STP"):
            if t_ns >= round(t_s * 1e9):
                first.setdefault(address, t_ns / 1e9)
        return first
