"""Where the store is: what was given, else SPINRIG_STORE, else the user's own folder for data of programs."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

VARIABLE: Final = "SPINRIG_STORE"


def store_folder(given: str | Path | None = None) -> Path:
    """The folder of the recipe store; it need not be there yet, and asking does not make it."""
    if given:
        return Path(given)
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("spinrig", appauthor=False) / "recipes"
