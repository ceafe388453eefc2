"""kill -9 at any moment: the folder opens, no acknowledged event is lost, and at most one second of samples."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rig.records import open_run, verify_run
from rig.records.journal import read_journal
from rig.records.writer import RunRecord

ROOT = Path(__file__).parents[2]

PROGRAM = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("course", sys.argv[1])
course = importlib.util.module_from_spec(spec)
spec.loader.exec_module(course)
record = course.create(Path(sys.argv[2]), durable=sys.argv[3] == "durable")
if sys.argv[4] == "threaded":
    from rig.records.threaded import ThreadedRecord
    record = ThreadedRecord(record)
S = 1_000_000_000
for tenth in range(10_000_000):
    t_ns = tenth * S // 10
    if tenth % 10 == 0:
        record.sample(t_ns, {"hv.needle.voltage_kv": tenth / 10, "run.step": "spin"})
    if tenth % 7 == 0:
        ticket = record.event("told", {"tenth": tenth}, t_ns)
        if ticket.wait(10):
            print("event", ticket.n, ticket.hash, flush=True)
    record.tick(t_ns)
    if tenth % 10 == 0:
        print("second", tenth // 10, flush=True)
"""


@pytest.mark.parametrize("seed", range(8))
def test_killed_at_a_random_moment(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    durable = ("durable", "quick")[seed % 2]
    threaded = ("inline", "threaded")[seed // 2 % 2]
    heard = tmp_path / "heard"
    course = str(Path(__file__).with_name("conftest.py"))
    with heard.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, course, str(tmp_path / "runs"), durable, threaded],
            stdout=out,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        try:
            limit = time.monotonic() + 30
            while b"second 3\n" not in heard.read_bytes():
                assert time.monotonic() < limit and process.poll() is None
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
        finally:
            process.kill()
            process.wait()

    (folder,) = (tmp_path / "runs").iterdir()
    verdict = verify_run(folder)
    assert verdict.status == "open", verdict.text
    lines = read_journal(folder / "journal.jsonl").lines
    acknowledged = re.findall(r"event (\d+) ([0-9a-f]{64})\n", heard.read_text())
    assert len(acknowledged) > 3
    for n, digest in acknowledged:
        assert lines[int(n) - 1]["hash"] == digest
    assert verdict.good_to >= int(acknowledged[-1][0])

    # Inline, the row of a second is committed when its tick returns. Behind the thread the tick is queued before the
    # next event and done before that one is acknowledged; seven tenths later at the latest.
    last_second = int(re.findall(r"second (\d+)\n", heard.read_text())[-1])
    rows = open_run(folder).samples
    assert len(rows) >= last_second + (1 if threaded == "inline" else 0)
    assert list(rows["hv.needle.voltage_kv"]) == [float(i) for i in range(len(rows))]

    record, _ = RunRecord.reopen(folder, durable=False)
    assert record.close(int(1e15), {"outcome": "lost", "reason": "killed"}) is not None
    assert verify_run(folder).status == "good"
