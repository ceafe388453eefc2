"""Opening a run, closed or still being written, for analysis in Python."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rig.records import folder as folders
from rig.records.errors import RecordError
from rig.records.journal import JournalRead, read_journal
from rig.records.runjson import derive_info
from rig.records.tables import SampleReader

if TYPE_CHECKING:
    import pandas as pd

    from recipes.model import Recipe


class Run:
    """One run folder. What was read is kept: open the run anew to see what an open run has written since.

    A damaged journal opens as far as it holds (`journal.first_bad` says where it ends); `verify_run` judges
    the rest.
    """

    def __init__(self, folder: Path) -> None:
        """Raises RecordError when `folder` holds no run."""
        self.folder = folder
        if not (folder / folders.JOURNAL).is_file():
            raise RecordError(f"{folder} is no run folder: there is no {folders.JOURNAL} in it")

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r})"

    @cached_property
    def journal(self) -> JournalRead:
        """The journal's lines as far as they hold, and whether that is all of them."""
        return read_journal(self.folder / folders.JOURNAL)

    @cached_property
    def info(self) -> dict[str, Any]:
        """The content of run.json, derived from the journal; of an open run, what is known so far."""
        return derive_info(self.journal.lines)

    @property
    def is_open(self) -> bool:
        """True while the run has not been closed."""
        return self.info["outcome"] is None

    def read_samples(self) -> SampleReader:
        """The sample tables for reading without pandas. Close it after use (it is a context manager)."""
        return SampleReader(self.folder / folders.SAMPLES)

    @cached_property
    def samples(self) -> pd.DataFrame:
        """One row a second; index `t_s`, seconds since the start; column `utc` and one column a channel.

        A cell without a reading is NaN, text channels are `category`; `attrs["units"]` maps channels to
        units.
        """
        import numpy as np
        import pandas as pd

        with self.read_samples() as reader:
            channels = reader.channels
            columns: list[list[Any]] = [[] for _ in range(len(channels) + 2)]
            for batch in reader.batches():
                for column, portion in zip(columns, zip(*batch, strict=True), strict=True):
                    column.extend(portion)
        data: dict[str, Any] = {
            "utc": pd.to_datetime(pd.Series(columns[1], dtype="str"), format="ISO8601", utc=True)
        }
        for channel, cells in zip(channels, columns[2:], strict=True):
            data[channel.name] = (
                pd.Categorical(cells) if channel.is_text else np.array(cells, dtype=np.float64)
            )
        frame = pd.DataFrame(data)
        frame.index = pd.Index(np.array(columns[0], dtype=np.float64), name="t_s")
        frame.attrs["units"] = {c.name: c.unit for c in channels if not c.is_text}
        return frame

    @cached_property
    def quality(self) -> pd.DataFrame:
        """Every change of quality: t_s, channel, quality."""
        import pandas as pd

        with self.read_samples() as reader:
            return pd.DataFrame(list(reader.quality()), columns=["t_s", "channel", "quality"])

    @cached_property
    def events(self) -> pd.DataFrame:
        """The journal as a table, one row an event: index `n`; t_s, utc, kind, data (a dict), hash."""
        import pandas as pd

        lines = self.journal.lines
        frame = pd.DataFrame(
            {
                "t_s": pd.Series([line["t_s"] for line in lines], dtype="float64"),
                "utc": pd.to_datetime(
                    pd.Series([line["utc"] for line in lines], dtype="str"), format="ISO8601", utc=True
                ),
                "kind": pd.Categorical([line["kind"] for line in lines]),
                "data": pd.Series([line["data"] for line in lines], dtype="object"),
                "hash": pd.Series([line["hash"] for line in lines], dtype="str"),
            }
        )
        frame.index = pd.Index([line["n"] for line in lines], name="n", dtype="int64")
        return frame

    @cached_property
    def recipe(self) -> Recipe:
        """The frozen recipe. Raises RecordError when it cannot be read any more."""
        from recipes.reader import read_recipe

        path = self.folder / folders.RECIPE
        try:
            text = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise RecordError(f"{path} cannot be read: {error}") from None
        name = (self.info["recipe"] or {}).get("id") or path.stem
        # What was made is read whatever today's rules, or this lab's materials, say of it.
        recipe, problems = read_recipe(text, name, rules=False)
        if recipe is None:
            raise RecordError(
                f"{path} holds no recipe: " + "; ".join(problem.message for problem in problems)
            )
        return recipe


def open_run(path_or_id: str | Path, runs_dir: str | Path | None = None) -> Run:
    """Open a run by its folder or by its id in `runs_dir` (default $SPINRIG_RUNS, else "runs" in the current
    folder).

    Raises RecordError when there is none.
    """
    path = Path(path_or_id)
    if (path / folders.JOURNAL).is_file():
        return Run(path.absolute())
    base = Path(runs_dir) if runs_dir is not None else folders.default_runs_dir()
    if not path.is_absolute() and (base / path / folders.JOURNAL).is_file():
        return Run((base / path).absolute())
    raise RecordError(
        f'there is no run "{path_or_id}", neither as a folder nor in {base.absolute()}: '
        "`spinrig runs list` shows those there are, --runs names another place"
    )


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One line of the list of runs. `outcome` is None while the run is open or was left open by a crash."""

    run: str
    folder: Path
    outcome: str | None
    recipe: str | None
    sample: str | None
    simulated: bool | None
    started: str | None
    ended: str | None
    continues: str | None = None
    from_step: str | None = None


def list_runs(runs_dir: str | Path | None = None) -> list[RunSummary]:
    """All runs in `runs_dir`, by id, the newest start first. An absent folder holds none."""
    base = Path(runs_dir) if runs_dir is not None else folders.default_runs_dir()
    found: list[RunSummary] = []
    if not base.is_dir():
        return found
    for folder in base.iterdir():
        if (folder / folders.JOURNAL).is_file():
            info = _quick_info(folder)
            recipe = info.get("recipe")
            found.append(
                RunSummary(
                    run=folder.name,
                    folder=folder.absolute(),
                    outcome=info.get("outcome"),
                    recipe=recipe.get("id") if isinstance(recipe, dict) else None,
                    sample=info.get("sample"),
                    simulated=info.get("simulated"),
                    started=info.get("started"),
                    ended=info.get("ended"),
                    continues=info.get("continues"),
                    from_step=info.get("from_step"),
                )
            )
    return sorted(found, key=lambda summary: (summary.started or "", summary.run), reverse=True)


def _quick_info(folder: Path) -> dict[str, Any]:
    """run.json where it stands, else what the journal's first lines say: a list must not read every
    journal."""
    try:
        info = json.loads((folder / folders.RUN_JSON).read_bytes())
        if isinstance(info, dict):
            return info
    except (OSError, ValueError):
        pass
    try:
        with (folder / folders.JOURNAL).open("rb") as file:
            first = json.loads(file.readline())
        return derive_info([first])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
