"""What the controller says it does: states, steps, questions, persons' acts; from its events alone, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Said:
    """One unit: its state and since when; its present step and kind of work."""

    state: str = "Idle"
    since_ns: int = 0
    aborted: bool = False
    """It went through Aborting since its visit began."""


@dataclass(slots=True)
class Story:
    """Told event by event. Times in ns."""

    units: dict[str, Said] = field(default_factory=dict)
    step: str = ""
    do: str = ""
    step_ns: int = 0
    acts: list[tuple[int, str]] = field(default_factory=list)
    """Commands of a person that were accepted."""
    energised: dict[str, int] = field(default_factory=dict)
    """Output -> when its event was written last."""
    trips: list[str] = field(default_factory=list)
    trip_ns: dict[str, int] = field(default_factory=dict)
    touched_ns: dict[str, int] = field(default_factory=dict)
    """Unit -> when it last had an event of its own that explains a change of its outputs."""
    work_ns: int = -1
    """When a step or one of its stages began last."""
    attested: set[str] = field(default_factory=set)
    """Supplies whose mains a person has sworn to be off, and that have not been switched on since."""

    def unit(self, name: str) -> Said:
        """What is known of a unit."""
        return self.units.setdefault(name, Said())

    def event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        """One more."""
        if kind == "state":
            said = self.unit(data["unit"])
            said.state, said.since_ns = (
                str(data["to"].value if hasattr(data["to"], "value") else data["to"]),
                t_ns,
            )
            if said.state == "Aborting":
                said.aborted = True
            elif said.state == "Starting":
                said.aborted = False
            self.touched_ns[data["unit"]] = t_ns
        elif kind == "step":
            if data["phase"] == "started":
                self.step, self.do, self.step_ns = data["id"], data["do"], t_ns
                self.work_ns = t_ns
            else:
                self.step, self.do = "", ""
        elif kind == "stage":
            self.work_ns = t_ns
        elif kind == "command" and data.get("accepted"):
            self.acts.append((t_ns, str(data["command"])))
        elif kind == "energise":
            self.energised[data["output"]] = t_ns
            self.attested.discard(data["output"])
        elif kind == "trip":
            self.trips.append(data["tag"])
            self.trip_ns.setdefault(data["unit"], t_ns)
            self.touched_ns[data["unit"]] = t_ns
        elif kind == "proof" and data.get("attested"):
            self.attested.update(data["attested"])

    def act_since(self, t_ns: int, *words: str) -> bool:
        """Whether a person gave one of these commands at that moment or later."""
        return any(when_ns >= t_ns and word in words for when_ns, word in self.acts)
