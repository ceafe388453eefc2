"""Files that are whole or not there: written beside, forced to the disk, then renamed into place."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Event
from typing import Final

REPLACE_TRIES: Final = 20
_PAUSE_S: Final = 0.025


def write_whole(path: Path, content: bytes, beside: Path, *, durable: bool = True) -> None:
    """Write a file so that at any moment either the old content or the new one is there.

    beside: the name to write it under first, on the same file system. durable: after the return it outlives a power
    cut, too.
    """
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0), 0o644)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    replace(beside, path)
    if durable:
        sync_folder(path.parent)


def replace(source: Path, target: Path) -> None:
    """`os.replace`; on Windows, where a reader keeps a file from being replaced, tried for half a second."""
    for _ in range(REPLACE_TRIES if sys.platform == "win32" else 0):
        try:
            source.replace(target)
        except PermissionError:
            Event().wait(_PAUSE_S)
        else:
            return
    source.replace(target)


def sync_folder(folder: Path) -> None:
    """Force a folder's names to the disk; Windows has no such call and needs none for a renamed file."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_file(path: Path) -> bytes | None:
    """A file's bytes; None when there is none."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
