"""One owner per rig: a lock that dies with its process, and a note in it: who, since when, how to reach it.

The lock is the operating system's (flock, or msvcrt on Windows), so a killed owner leaves nothing to clean up; the
file's text is for people and for `spinrig status`.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rig.lines.clocks import RealClock

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


LOOKS, LOOK_S = 25, 0.02
"""Looking who owns a rig takes its lock for a moment: so often and so far apart is tried before it counts as owned."""


class RigBusy(Exception):
    """Another process owns this rig; the text says which, since when, and what to do."""


def state_dir() -> Path:
    """Where owners of rigs are noted: $SPINRIG_STATE, or spinrig's folder in the user's state directory."""
    given = os.environ.get("SPINRIG_STATE")
    if given:
        return Path(given)
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "spinrig"


def lock_path(rig_name: str) -> Path:
    """The lock file of a rig, by its name in the rig file."""
    slug = re.sub(r"[^a-z0-9]+", "-", rig_name.lower()).strip("-") or "rig"
    return state_dir() / f"{slug}.lock"


def boot_id() -> str | None:
    """Which boot of this computer this is, where the system tells."""
    with contextlib.suppress(OSError):
        return BOOT_ID.read_text().strip()
    return None


def read_owner(rig_name: str) -> dict[str, Any] | None:
    """Who holds the rig now; None when nobody does."""
    return owner_of(lock_path(rig_name))


def owner_of(path: Path) -> dict[str, Any] | None:
    """The note in a lock file that somebody holds now; None when nobody does."""
    try:
        with path.open("r+b") as file:
            if _try_lock(file.fileno()):
                _unlock(file.fileno())
                return None
            file.seek(1)
            owner: dict[str, Any] = json.loads(file.read() or b"{}")
            return owner
    except (OSError, ValueError):
        return None


class RigLock:
    """Held from `acquire` to `release`. Raises RigBusy when another process holds it."""

    def __init__(self, rig_name: str) -> None:
        self.rig_name = rig_name
        self.path = lock_path(rig_name)
        self._file: Any = None

    def acquire(self, note: Mapping[str, Any]) -> None:
        """Take the rig, and say in the file who has it."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self.path.open("a+b")
        self.path.chmod(0o600)  # the note holds the control socket's token
        clock, owner = RealClock(), None
        for _ in range(LOOKS):
            if _try_lock(file.fileno()):
                break
            owner = read_owner(self.rig_name)
            if owner is not None:
                break
            clock.sleep(LOOK_S)  # somebody is only looking who owns it
        else:
            owner = {}
        if owner is not None:
            file.close()
            raise RigBusy(
                f"the rig {self.rig_name!r} is in use: {owner.get('user', 'somebody')} (process {owner.get('pid', '?')}"
                f" on {owner.get('host', 'this computer')}) has had it since {owner.get('since', 'an unknown time')}. "
                "Use `spinrig status` to look on, or wait until that run has ended."
            )
        self._file = file
        self.update(note)

    def update(self, note: Mapping[str, Any]) -> None:
        """Write the note anew. The first byte is what is locked, and is a blank."""
        text = json.dumps({**note, "pid": os.getpid(), "host": socket.gethostname(), "boot": boot_id()})
        self._file.seek(0)
        self._file.truncate()
        self._file.write(b" " + text.encode())
        self._file.flush()

    def release(self) -> None:
        """Let go. Harmless when it is not held."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.seek(0)
                self._file.truncate()
                self._file.flush()
                _unlock(self._file.fileno())
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
