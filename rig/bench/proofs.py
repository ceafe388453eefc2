"""When each safety input was last seen to open and to close again, and by whom (safety rule 9).

Kept beside the rig in the user's state folder, never in the rig file: one file a rig, named after the rig and the hash
of its inputs, so that an input that was rewired, renamed or moved to another module counts as never proved.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from rig.bench.model import Bench

FORMAT: Final = 1
DAY_S: Final = 86400.0


class ProofsUnreadable(Exception):
    """The file is there and cannot be read; the text says which and why."""


@dataclass(frozen=True, slots=True)
class InputProof:
    """One input, walked through once. at: ISO 8601 UTC; opened_s, closed_s: from being told until it was seen."""

    channel: str
    at: str
    by: str
    opened_s: float
    closed_s: float

    def age_s(self, now: datetime) -> float:
        """Seconds since then."""
        return (now - datetime.fromisoformat(self.at)).total_seconds()


@dataclass(frozen=True, slots=True)
class Overdue:
    """An input that was not proved within the rig's time. age_s: None: never."""

    channel: str
    age_s: float | None
    every_s: float

    def __str__(self) -> str:
        every = f"to be proved every {self.every_s / DAY_S:g} d"
        if self.age_s is None:
            return f"{self.channel} was never proved ({every})"
        if self.age_s < 0:
            return f"{self.channel} was proved in the future ({every}): look at this computer's clock"
        return f"{self.channel} was proved {self.age_s / DAY_S:.0f} d ago ({every})"


def inputs_sha(bench: Bench) -> str:
    """SHA-256 of everything the rig file says of its inputs."""
    inputs = [
        {key: value for key, value in asdict(module).items() if key != "relays"}
        for module in bench.inputs.values()
    ]
    text = json.dumps(inputs, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def path_of(folder: Path, bench: Bench) -> Path:
    """The rig's file in the state folder."""
    slug = re.sub(r"[^a-z0-9]+", "-", bench.name.lower()).strip("-") or "rig"
    return folder / "proofs" / f"{slug}-{inputs_sha(bench)[:16]}.json"


def read_proofs(folder: Path, bench: Bench) -> dict[str, InputProof]:
    """The latest proof of each input by channel; empty where nothing was ever proved. Raises ProofsUnreadable."""
    path = path_of(folder, bench)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        found = {name: InputProof(**one) for name, one in data["proofs"].items()}
        for one in found.values():
            if datetime.fromisoformat(one.at).utcoffset() is None:
                raise ValueError(f"{one.at} has no time zone")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise ProofsUnreadable(
            f"{path} cannot be read ({error}): remove it and prove the inputs again"
        ) from None
    return found


def write_proofs(folder: Path, bench: Bench, new: Sequence[InputProof]) -> Path:
    """Add proofs to the rig's file, whole or not at all; its path. Raises OSError and ProofsUnreadable."""
    kept = read_proofs(folder, bench) | {one.channel: one for one in new}
    path = path_of(folder, bench)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    data = {
        "format": FORMAT,
        "rig": bench.name,
        "inputs_sha256": inputs_sha(bench),
        "proofs": {name: asdict(one) for name, one in sorted(kept.items())},
    }
    half = path.with_suffix(".half")
    half.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    half.replace(path)
    return path


def to_prove(bench: Bench) -> tuple[str, ...]:
    """Every input that safety hangs on, in the order of the rig file."""
    return tuple(f"{module}.{name}" for module, names in bench.safety_inputs().items() for name in names)


def overdue(bench: Bench, proofs: Mapping[str, InputProof], now: datetime) -> list[Overdue]:
    """Inputs that were never proved, or longer ago than the rig file allows."""
    every_s = bench.safety.prove_every_s
    found = []
    for channel in to_prove(bench):
        proof = proofs.get(channel)
        age_s = proof.age_s(now) if proof is not None else None
        if age_s is None or not 0 <= age_s <= every_s:
            found.append(Overdue(channel, age_s, every_s))
    return found
