"""The gases a furnace step can name, and what each does to carbon."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class GasKind(StrEnum):
    """What a gas does at temperature; decides safe direction and order of steps."""

    INERT = "inert"
    OXIDISING = "oxidising"
    REACTIVE = "reactive"


GASES: Final[dict[str, GasKind]] = {
    "air": GasKind.OXIDISING,
    "oxygen": GasKind.OXIDISING,
    "argon": GasKind.INERT,
    "nitrogen": GasKind.INERT,
    "helium": GasKind.INERT,
    "carbon-dioxide": GasKind.REACTIVE,
    "forming-gas": GasKind.REACTIVE,
    "hydrogen": GasKind.REACTIVE,
    "ammonia": GasKind.REACTIVE,
    "methane": GasKind.REACTIVE,
}


def is_inert(gas: str) -> bool:
    """Whether the gas protects carbon from burning."""
    return GASES.get(gas) is GasKind.INERT
