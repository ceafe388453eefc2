"""A process that edits recipes of a store at random until so many edits are acknowledged, to be killed at any moment.

    writer.py STORE NAME EDITS LOG

Each acknowledged edit is one line of LOG, appended in one write after `save` has returned: "saved ID REVISION SHA256";
each conflict "conflict ID BASE NEWEST AUTHOR". A writer started anew goes on from its log.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import time
from pathlib import Path

from recipes.store import Conflict, Store
from tests.recipes.store.texts import FOUNDING

IDS = ("pan", "pvp", "tio2")


def sealed(body: bytes) -> bytes:
    """A text whose first line is the hash of the rest: half of it can be told from the whole."""
    return b"# " + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def is_whole(text: bytes) -> bool:
    """Whether a sealed text is all there."""
    head, _, body = text.partition(b"\n")
    return head == b"# " + hashlib.sha256(body).hexdigest().encode()


def edit(store: Store, name: str, rng: random.Random, number: int) -> str:
    """One edit of one recipe from its newest revision: what came of it, as a line for the log."""
    id = rng.choice(IDS)
    base = store.history(id)[-1].number if id in store.ids() else None
    time.sleep(rng.uniform(0, 0.02))  # the person types: long enough for another to come in between
    text = sealed(b"# %s, edit %d, %d\n" % (name.encode(), number, rng.getrandbits(32)) + FOUNDING)
    try:
        kept = store.save(id, text, name, f"edit {number}", base, "2026-11-20T14:32:05Z")
    except Conflict as conflict:
        return f"conflict {id} {base or 0} {conflict.newest.number} {conflict.newest.author}\n"
    return f"saved {id} {kept.revision} {kept.sha256}\n"


def main(folder: str, name: str, edits: int, log: Path) -> None:
    store = Store(folder)
    done = log.read_text(encoding="ascii").count("saved ") if log.exists() else 0
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    rng = random.Random(f"{name} {os.getpid()}")
    print("ready", flush=True)
    while done < edits:
        line = edit(store, name, rng, done + 1)
        os.write(descriptor, line.encode("ascii"))
        done += line.startswith("saved ")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
