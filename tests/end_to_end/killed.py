"""A rig of pseudo-terminals in one process and `spinrig run` on it in another, which is killed.

`python -m tests.end_to_end.killed emulate ...` is `spinrig emulate ...` whose time goes HURRY times as fast from a
SIGUSR1 on: a controller that nobody asks any more may be waited for.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from tests.end_to_end.spinning import demo_text

FURNACE, ARGON = "furnace.tube", "gas.argon"
FLOW_SCCM = 200.0
HURRY = 60.0
ATTEMPT_S = 40.0

FOUND = f"""[{FURNACE}]
temperature = "270 degC"
atmosphere = "argon"
program = "running"
[{ARGON}]
flow = "200 sccm"
"""

RECIPE = """format = 1
name = "Carbonise, a warm beginning"
summary = "Below 300 degC, where no purge proof is needed"
[[steps]]
id = "carbonise"
do = "heat"
atmosphere = "argon"
flow = "200 sccm"
ramp = "10 degC/min"
to = "290 degC"
soak = "1 min"
"""

NEXT = """format = 1
name = "The next command"
summary = "Asks for half the argon that flows"
[[steps]]
id = "cool"
do = "cool"
atmosphere = "argon"
flow = "100 sccm"
below = "60 degC"
"""


def rig_text(model: str) -> str:
    """The demonstration rig's furnace with this controller, and what belongs to it."""
    text = demo_text(
        **{
            'model = "epc3000"': f'model = "{model}"',
            "Demonstration bench": f"Furnace {model}",
            # Nobody walks through the inputs of these worlds: their age is warned of, not refused.
            'prove_every = "30 d"\n': "",
        }
    )
    before, _, rest = text.partition("[pumps.a]")
    return before + "[inputs.bench]" + rest.partition("[inputs.bench]")[2]


class Emulated:
    """`spinrig emulate --pty --start --status` in a process of its own. `seen`: (wall s, status) as it came."""

    def __init__(self, folder: Path, model: str) -> None:
        folder.mkdir()
        (folder / "emulated.toml").write_text(rig_text(model), encoding="utf-8")
        (folder / "found.toml").write_text(FOUND, encoding="utf-8")
        words = ["emulate", "emulated.toml", "--pty", "--start", "found.toml", "--status", "0.5", "--json"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.end_to_end.killed", *words],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.PIPE,
            text=True,
        )
        self.seen: list[tuple[float, dict[str, Any]]] = []
        assert self.process.stdout is not None
        text = rig_text(model)
        for line in self.process.stdout:
            told = json.loads(line)
            if "status" in told:
                break
            text = text.replace(f'"sim://{told["instrument"]}"', f'"{told["url"]}"')
        assert "sim://" not in text
        (folder / "rig.toml").write_text(text, encoding="utf-8")
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.seen.append((time.monotonic(), json.loads(line)["status"]))

    def hurry(self) -> None:
        """From now on a minute is a second."""
        self.process.send_signal(signal.SIGUSR1)

    def close(self) -> None:
        """Take it away."""
        self.process.kill()
        self._thread.join(5)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process.wait()

    @property
    def power_pct(self) -> float:
        """Of the heater, as it was said last."""
        return float(self.seen[-1][1][FURNACE]["power_pct"])


class Hosted:
    """`spinrig run` without anybody at it. `said`: its lines as they came. module: what stands for `spinrig`."""

    def __init__(self, folder: Path, name: str, recipe: str, module: str = "rig.cli.main") -> None:
        (folder / f"{name}.toml").write_text(recipe, encoding="utf-8")
        self.runs = folder / "runs"
        words = ["run", f"{name}.toml", "--rig", "rig.toml", "--runs", "runs", "--json", "--trace"]
        self.began_s = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *words],
            cwd=folder,
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.said: list[dict[str, Any]] = []
        self.complaints = ""
        self._threads = [
            threading.Thread(target=self._listen, daemon=True),
            threading.Thread(target=self._hear_complaints, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(json.loads(line))

    def _hear_complaints(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.complaints += line

    def has_said(self, kind: str, **data: Any) -> bool:
        """Whether it has told of an event of this kind with this data."""
        return any(
            line.get("kind") == kind and all(line["data"].get(key) == value for key, value in data.items())
            for line in list(self.said)
        )

    def ended(self) -> int:
        """Wait until it has left; its exit code."""
        code = self.process.wait(ATTEMPT_S)
        self.close()
        return code

    def close(self) -> None:
        """Take it away, if it is still there."""
        self.process.kill()
        for thread in self._threads:
            thread.join(5)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        self.process.wait()

    @property
    def folder(self) -> Path:
        """Its record."""
        return max(self.runs.iterdir(), key=lambda one: one.stat().st_mtime)

    def sent(self, line: str) -> list[bytes]:
        """What it sent to an instrument."""
        entries = map(json.loads, (self.folder / "wire.jsonl").read_text(encoding="utf-8").splitlines())
        return [
            bytes.fromhex(entry["hex"])
            for entry in entries
            if entry["line"] == line and entry["direction"] == "sent"
        ]


def environment(folder: Path) -> dict[str, str]:
    """Locks in the test's own folder; and nobody sits at the far end of a remote shell."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("SSH_")}
    root = str(Path(__file__).parents[2])
    return own | {"SPINRIG_STATE": str(folder / "state"), "PYTHONPATH": root}


def _main() -> int:
    import rig.lines.scheduler as scheduler
    from rig.cli.main import main
    from rig.lines.clocks import RealClock

    hurried_ns: list[int] = []

    true = RealClock()

    class Hurried(RealClock):
        """The machine's clock, and from the signal on HURRY times as fast."""

        @property
        def now_ns(self) -> int:
            now_ns = true.now_ns
            return now_ns if not hurried_ns else hurried_ns[0] + round((now_ns - hurried_ns[0]) * HURRY)

    clock = Hurried()
    vars(scheduler)["RealClock"] = lambda: clock
    signal.signal(signal.SIGUSR1, lambda number, frame: hurried_ns.append(true.now_ns))
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_main())
