"""What holds for every test: a fixed seed, no screen, and nothing written into anybody's home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# Before any test module imports Qt.
os.environ["QT_QPA_PLATFORM"] = "offscreen"
# A traceback where a user gets a sentence would make the tests of messages fail.
os.environ.pop("SPINRIG_DEBUG", None)

# The same examples at each run: a failure seen once can be seen again. No deadline: two cores are shared.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None, print_blob=True)
settings.load_profile("fixed")


@pytest.fixture(scope="session", autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Data, state, configuration and cache folders of this session alone, for child processes too."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        for kind in ("DATA", "STATE", "CONFIG", "CACHE"):
            patch.setenv(f"XDG_{kind}_HOME", str(home / kind.lower()))
        # No such folder: on systems without XDG a test would find the recipes of whoever runs it.
        patch.setenv("SPINRIG_STORE", str(home / "recipe-store"))
        yield


@pytest.fixture
def tmp_runs(tmp_path: Path) -> Path:
    """An empty folder for run folders, as `--runs DIR` takes it."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder
