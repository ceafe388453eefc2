"""One writer at a time: a lock that dies with its process, and a note in the file who holds it.

The lock is the operating system's (flock, or msvcrt on Windows). A killed writer therefore leaves nothing that anybody
has to judge dead by process number or boot; the note is for people. Network file systems pass such locks on to their
server (NFS 4, SMB), so that two computers on one share keep each other out, too.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Final

from .errors import refusal

Pause = Callable[[float], object]

BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
PATIENCE_S: Final = 30.0
"""A save takes well under a second; who waits so long waits for something that hangs."""
_SHORTEST_S, _LONGEST_S = 0.001, 0.02


@contextmanager
def held(path: Path, pause: Pause | None = None, patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock of a store; waits for others.

    :raises InputError: `store-busy` when another process keeps it for longer than `patience_s`.
    """
    pause = Event().wait if pause is None else pause
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
    try:
        waited, step = 0.0, _SHORTEST_S
        while not _try_lock(descriptor):
            if waited >= patience_s:
                raise refusal(
                    "store-busy",
                    f"the recipe store is in use by {_owner(descriptor)}, for more than {patience_s:g} s",
                    "try again; if that process hangs, end it: its lock goes with it",
                )
            pause(step)
            waited += step
            step = min(step * 1.5, _LONGEST_S)
        try:
            _write_note(descriptor)
            yield
        finally:
            with suppress(OSError):
                os.ftruncate(descriptor, 0)
            _unlock(descriptor)
    finally:
        os.close(descriptor)


def _write_note(descriptor: int) -> None:
    """Pid, host and boot. The first byte is what is locked, and is a blank."""
    boot = None
    with suppress(OSError):
        boot = BOOT_ID.read_text(encoding="ascii").strip()
    note = json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "boot": boot})
    os.ftruncate(descriptor, 0)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.write(descriptor, b" " + note.encode())


def _owner(descriptor: int) -> str:
    try:
        os.lseek(descriptor, 1, os.SEEK_SET)
        note = json.loads(os.read(descriptor, 4096))
        return f"process {note['pid']} on {note['host']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


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
        except BlockingIOError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
