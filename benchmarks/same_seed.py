"""Makes the founding run twice, as `make demo` makes it, under two hash seeds, and compares every byte of the records.

    python -m benchmarks.same_seed

Compared are journals without what stands outside the hash chain, head hashes, and all rows of all tables. Two
processes, a minute or two.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.end_to_end.test_same_seed_whole import DEMO, inside, make_both, tables


def main() -> int:
    """0 when the two are the same."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = [Path(scratch) / seed / "runs" for seed in ("one", "two")]
        for folder in folders:
            folder.mkdir(parents=True)
        first, second = make_both(DEMO, folders)
        same = inside(first.run) == inside(second.run) and tables(first.run) == tables(second.run)
        events, rows = len(inside(first.run)), len(tables(first.run)["samples"])
        heads = [one.run.info["head"][:16] for one in (first, second)]
        print(
            f"exit codes {first.code} and {second.code}; {events} events, {rows} rows; {first.wall_s:.0f} s"
        )
        print(f"heads {heads[0]} and {heads[1]}: {'the same' if same else 'DIFFERENT'}")
        return 0 if same and (first.code, second.code) == (0, 0) else 1


if __name__ == "__main__":
    sys.exit(main())
