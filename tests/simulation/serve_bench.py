"""The demonstration laboratory behind ports, and the command that serves it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rig.bench.rigfile import load_rig
from rig.simulation.laboratory import Laboratory
from rig.simulation.liquids import scene_data
from rig.simulation.serve import Server


def laboratory(seed: int = 0) -> Laboratory:
    """The demonstration rig's instruments with the founding solutions in the syringes."""
    bench, _ = load_rig(None)
    return Laboratory(bench, scene_data(bench), seed)


@contextmanager
def served(tcp_port: int | None = None) -> Iterator[Server]:
    """It, in real time."""
    made = laboratory()
    with Server(made, tcp_port=tcp_port) as server:
        yield server
    made.close()


@contextmanager
def emulate(*words: str) -> Iterator[subprocess.Popen[str]]:
    """`spinrig emulate`, killed at the end if it is still there."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rig.cli.main", "emulate", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()
