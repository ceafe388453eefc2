"""How far a run has come, and how long it still takes by the plan; a person's time is not planned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from recipes.timeline import Entry, Timeline
from rig.cli.panel import phase_of

_STAGES: Final = {
    "priming": ("prime", True),
    "asking": ("ramp up", False),
    "permissives": ("ramp up", False),
    "starting": ("ramp up", True),
    "ramping": ("ramp up", True),
    "checking": ("jet check", True),
    "clock": ("clock", False),
    "ending": ("draw off", True),
    "discharging": ("discharge", True),
    "earthing": (None, False),
    "waiting": ("wait", False),
}
"""Stage of a phase, to the part of the plan it is in (None: after all), and whether time in it counts."""

_FURNACE_STAGES: Final = frozenset({"ramping", "soaking", "purging", "cooling"})
"""Stages whose parts the plan does not tell apart: the step's own time counts."""

_ENDING: Final = frozenset({"Stopping", "Stopped", "Aborting", "Aborted", "Clearing"})


class Pace:
    """Follows a run's events; `as_dict` is merged into the status."""

    def __init__(self, timeline: Timeline) -> None:
        self._entries = timeline.entries
        self._total_s = timeline.total_s
        self._index = -1
        self._stage = ""
        self._stage_ns = 0
        self._step_ns = 0
        self._ended = False

    def on_event(self, kind: str, data: Mapping[str, Any], t_ns: int) -> None:
        """Notice steps and stages."""
        if kind == "step" and data.get("phase") == "started":
            ids = [entry.step_id for entry in self._entries]
            if data.get("id") in ids:
                index = ids.index(str(data["id"]))
                if index != self._index:
                    self._index, self._step_ns = index, t_ns
            self._stage, self._stage_ns = "", t_ns
        elif kind == "stage":
            # The ramp began with the start.
            if not (data.get("stage") == "ramping" and self._stage == "starting"):
                self._stage_ns = t_ns
            self._stage = str(data.get("stage"))

    def as_dict(self, now_ns: int, progress: Mapping[str, Any]) -> dict[str, Any]:
        """remaining_s (None once the run ends before its time), planned_s, and the same of the present step."""
        entry = self._entries[self._index] if self._index >= 0 else None
        ending = any(unit["state"] in _ENDING for unit in progress["units"].values())
        remaining_s: float | None = self._total_s
        if ending:
            remaining_s = None
        elif entry is not None:
            remaining_s = self._left_in(entry, phase_of(progress), now_ns)
            remaining_s += sum(later.duration_s for later in self._entries[self._index + 1 :])
        return {
            "remaining_s": remaining_s,
            "planned_s": self._total_s,
            "step_index": self._index,
            "steps": len(self._entries),
            "do": entry.do if entry is not None else None,
            "step_elapsed_s": (now_ns - self._step_ns) / 1e9 if entry is not None else 0.0,
            "step_planned_s": entry.duration_s if entry is not None else None,
        }

    def _left_in(self, entry: Entry, phase: Mapping[str, Any], now_ns: int) -> float:
        """Seconds the plan has left for a step."""
        stage = str(phase.get("stage") or self._stage)
        where, counts = _STAGES.get(stage, ("", False))
        if where is None:
            return 0.0
        names = [part.name for part in entry.phases]
        if where not in names:
            passed_s = (now_ns - self._step_ns) / 1e9 if stage in _FURNACE_STAGES else 0.0
            return max(0.0, entry.duration_s - passed_s)
        at = names.index(where)
        here_s = entry.phases[at].duration_s
        if "duration_s" in phase and stage in ("clock", "waiting"):
            here_s = max(0.0, phase["duration_s"] - phase["elapsed_s"])
        elif counts:
            here_s = max(0.0, here_s - (now_ns - self._stage_ns) / 1e9)
        return here_s + sum(part.duration_s for part in entry.phases[at + 1 :])
