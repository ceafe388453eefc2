"""`make mutants`: breaks the program in each of the ways of the table, and looks whether its tests find it.

    python -m tests.mutants [--page FILE] [NAME ...]

Two workers, each with a copy of the tree of its own. A mutant is found when its tests fail on it within a minute and
pass on the sound tree; one that survives is a hole in the tests, or in the program. Exit code 1 if any survived.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from tests.mutants.page import Verdict, page
from tests.mutants.table import MUTANTS
from tests.mutants.tree import Found, Tree

WORKERS = 2
T = TypeVar("T")
R = TypeVar("R")


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 all found, 1 some survived, 2 the campaign itself is at fault."""
    options = _options(arguments)
    chosen = [one for one in MUTANTS if not options.names or one.name in options.names]
    unknown = set(options.names) - {one.name for one in chosen}
    if unknown:
        print(f"no such mutant: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    astray = [one.name for one in chosen if one.occurrences() != 1]
    if astray:
        print(f"the source has changed under these mutants: {', '.join(astray)}", file=sys.stderr)
        return 2
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="spinrig-mutants-") as folder:
        trees: SimpleQueue[Tree] = SimpleQueue()
        for number in range(WORKERS):
            trees.put(Tree.copied(Path(folder, str(number))))
        selections = list(dict.fromkeys(one.tests for one in chosen))
        print(f"sound tree: {len(selections)} selections of tests", flush=True)
        unsound: dict[tuple[str, ...], Found] = {}
        for tests, found in _each(trees, Tree.sound, selections):
            if found.code != 0:
                unsound[tests] = found
                print(f"  fails without any mutant: {' '.join(tests)}: {found.by}", flush=True)
        verdicts: dict[str, Verdict] = {}
        for mutant, found in _each(trees, Tree.broken, [one for one in chosen if one.tests not in unsound]):
            verdict = verdicts[mutant.name] = Verdict(mutant, found)
            print(verdict.line(), flush=True)
    survived = [verdict for verdict in verdicts.values() if not verdict.found.failed]
    untried = [one for one in chosen if one.name not in verdicts]
    passed_s = time.monotonic() - began_s
    print(
        f"{len(chosen)} mutants: {len(verdicts) - len(survived)} found, {len(survived)} survived, {len(untried)} not "
        f"tried (their tests fail on the sound tree); {passed_s / 60:.1f} min"
    )
    for verdict in survived:
        print(f"SURVIVED: {verdict.mutant.name} ({verdict.mutant.file}): {verdict.found.by}")
    if options.page is not None and not survived and not untried:
        options.page.write_text(page([verdicts[one.name] for one in chosen]), encoding="utf-8")
    return 1 if survived else 2 if untried else 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="these mutants only")
    parser.add_argument("--page", type=Path, metavar="FILE", help="write the table there when all are found")
    return parser.parse_args(arguments)


def _each(
    trees: SimpleQueue[Tree], work: Callable[[Tree, T], R], things: Sequence[T]
) -> Iterator[tuple[T, R]]:
    """Each thing with what came of it, as they end; each worker takes a tree for itself."""

    def on_a_tree(thing: T) -> tuple[T, R]:
        tree = trees.get()
        try:
            return thing, work(tree, thing)
        finally:
            trees.put(tree)

    with ThreadPoolExecutor(WORKERS) as pool:
        for future in as_completed([pool.submit(on_a_tree, thing) for thing in things]):
            yield future.result()


if __name__ == "__main__":
    sys.exit(main())
