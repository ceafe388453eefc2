"""The generated runs that are part of the tests: brief recipes, all else as in `make torture`."""

from __future__ import annotations

from rig.proving.campaign import campaign


def hold(seeds: range) -> None:
    """Run them; every violation is said with its seed: `spinrig torture --brief --runs 1 --seed N` makes it again."""
    figures = campaign(seeds, brief=True)
    assert figures.runs == len(seeds)
    assert figures.errors == []
    assert [f"seed {seed}: {one}" for seed, one in figures.violations] == []
    assert figures.scans > 100 * len(seeds)
    assert len(figures.outcomes) >= 2, "faults and commands do end some runs"
