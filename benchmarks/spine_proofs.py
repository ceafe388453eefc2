"""Prints the figures of the spine's safety: mute line, doors, stopped scan, unplugged supply.

    python -m benchmarks.spine_proofs

Measured as in tests/end_to_end, at the emulated instruments' end of the wire; "ptys" is real time and real threads.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.end_to_end import measures


def row(what: str, value: str, limit: str) -> None:
    """One line of the table."""
    print(f"{what:<74} {value:>14}   {limit}", flush=True)


def mute_climate(runs: Path) -> None:
    """A climate line mute for 5 s."""
    usual = measures.virtual_exchanges(runs / "usual", mute=False)
    mute = measures.virtual_exchanges(runs / "mute", mute=True)
    others = [line for line in usual if line != measures.CLIMATE]
    moved = sum(usual[line] != mute[line] for line in others)
    count = sum(len(usual[line]) for line in others)
    row(f"climate mute 5 s, virtual: lines of {len(others)} with a moved byte, of {count}", str(moved), "0")
    usual_ms, mute_ms = measures.real_p99_ms(runs, mute=False), measures.real_p99_ms(runs, mute=True)
    for line in others:
        share = mute_ms[line] / usual_ms[line]
        figure = f"{usual_ms[line]:.1f} -> {mute_ms[line]:.1f} ms"
        row(f"climate mute 5 s, ptys: p99 of {line} (x{share:.2f})", figure, "at most x2")


def doors(runs: Path) -> None:
    """Doors at random moments."""
    for name, found in (
        ("virtual", measures.virtual_doors(runs, 200)),
        ("ptys", measures.real_doors(runs, 20)),
    ):
        limit = f"fit: {found.fit_ms:.1f} ms"
        count = len(found.supply_ms)
        row(f"door at {count} random moments, {name}: supply off", f"{max(found.supply_ms):.1f} ms", limit)
        row(f"door at {count} random moments, {name}: pumps off", f"{max(found.pumps_ms):.1f} ms", limit)


def stopped_scan(runs: Path) -> None:
    """The scan stands still for 4 s."""
    for name, stop in (("virtual", measures.virtual_scan_stop), ("ptys", measures.real_scan_stop)):
        found = stop(runs / name, False)
        row(f"scan stopped 4 s, {name}: off has reached the supply", f"{found.hv_told_s:.3f} s", "0.8 s")
        row(f"scan stopped 4 s, {name}: off has reached the pumps", f"{found.pumps_told_s:.3f} s", "0.8 s")
        row(
            f"scan stopped 4 s, {name}: last byte before the scan is back",
            f"{found.last_byte_s:.3f} s",
            "1 s",
        )
        found = stop(runs / f"{name} lost", True)
        row(
            f"the same, off lost, {name}: supply lets go after its last message",
            f"{found.hv_off_after_valid_s:.3f} s",
            "1.5 s",
        )
        row(
            f"the same, off lost, {name}: pumps let go after their last message",
            f"{found.pumps_off_after_valid_s:.3f} s",
            "2 s",
        )


def unplugged(runs: Path) -> None:
    """The supply's cable pulled at 1 h."""
    found = measures.unplugged(runs / "unplugged")
    row("supply unplugged at 1 h: pumps stopped", f"{found.pumps_off_s:.3f} s", "1.0 s")
    row(
        "supply unplugged at 1 h: supply off after its last valid message",
        f"{found.off_after_valid_s:.3f} s",
        "1.6 s",
    )
    print(f"    outcome {found.result.ending.outcome}: {found.result.ending.reason}")
    print(f"    left: {found.result.left}")


def main() -> None:
    """All of them."""
    with tempfile.TemporaryDirectory() as folder:
        for proof in (mute_climate, doors, stopped_scan, unplugged):
            proof(Path(folder) / proof.__name__)


if __name__ == "__main__":
    main()
