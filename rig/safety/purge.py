"""The purge proof of a tube: that its air has been replaced, latched with its time, and how it is lost (safety rule 4).

Taken in clean gas below 250 °C, held 60 s; by integrated flow (2 V ln(209500/limit), or the recipe's tube volumes) and,
where an analyser stands, by its reading as well. Lost by a flow below 80 % of what was set for 30 s, by opening the
tube, by power loss, or by setting back to air. A zirconia analyser reads low in pyrolysis gas: while hot, a low reading
proves nothing, a high one counts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from rig.readings import NS

AIR_PPM: Final = 209_500.0
TAKEN_BELOW_DEGC: Final = 250.0
HELD_NS: Final = 60 * NS
MIXING: Final = 2.0
"""Dead ends (flange pockets, mats, plugs) wash out more slowly than a well-mixed volume: twice its figure is asked."""

LOST_FRACTION: Final = 0.8
LOST_NS: Final = 30 * NS


def volumes_needed(limit_ppm: float) -> float:
    """Tube volumes that have to flow through for a limit in ppm O2."""
    return MIXING * math.log(AIR_PPM / limit_ppm)


@dataclass(slots=True)
class PurgeProof:
    """The proof of one tube. Fed at each scan; `proved_ns` is None until it is taken, and again after it is lost."""

    tube_volume_l: float
    analyser: bool
    limit_ppm: float | None = None
    volumes: float | None = None
    proved_ns: int | None = None
    lost_because: str | None = None
    method: str = "calculated"
    flowed_l: float = 0.0
    _last_ns: int | None = None
    _good_since_ns: int | None = None
    _weak_since_ns: int | None = None

    @property
    def proved(self) -> bool:
        """Taken and not lost."""
        return self.proved_ns is not None

    def begin(self, limit_ppm: float | None, volumes: float | None) -> None:
        """A purge step starts: count from nothing."""
        self.limit_ppm, self.volumes = limit_ppm, volumes
        self.proved_ns = self.lost_because = None
        self.flowed_l = 0.0
        self._last_ns = self._good_since_ns = self._weak_since_ns = None
        self.method = "measured" if self.analyser and limit_ppm is not None else "calculated"

    def lose(self, why: str) -> None:
        """The tube was opened, or set back to air."""
        if self.proved_ns is not None or self.flowed_l > 0:
            self.lost_because = why
        self.proved_ns = None
        self.flowed_l = 0.0
        self._good_since_ns = None

    @property
    def stands_for_ppm(self) -> float | None:
        """Oxygen that the present purge is to leave at most: its limit, or what its volumes stand for."""
        if self.limit_ppm is not None or self.volumes is None:
            return self.limit_ppm
        return AIR_PPM * math.exp(-self.volumes / MIXING)

    @property
    def needed_l(self) -> float:
        """Volume that has to flow for the present purge."""
        volumes = self.volumes
        if volumes is None:
            volumes = volumes_needed(self.limit_ppm if self.limit_ppm is not None else 100.0)
        return volumes * self.tube_volume_l

    def update(
        self,
        now_ns: int,
        flow_sccm: float | None,
        set_sccm: float,
        temperature_degc: float | None,
        oxygen_ppm: float | None,
    ) -> None:
        """One scan: readings that are not good are None and count as no flow, as too hot, as no proof."""
        elapsed_ns = 0 if self._last_ns is None else now_ns - self._last_ns
        self._last_ns = now_ns
        weak = flow_sccm is None or flow_sccm < LOST_FRACTION * set_sccm or set_sccm <= 0
        if weak:
            if self._weak_since_ns is None:
                self._weak_since_ns = now_ns
            if self.proved and now_ns - self._weak_since_ns >= LOST_NS:
                read = "unknown" if flow_sccm is None else f"{flow_sccm:.0f} sccm"
                self.lose(f"gas flow {read} of {set_sccm:.0f} sccm for {LOST_NS // NS} s")
        else:
            self._weak_since_ns = None
            assert flow_sccm is not None
            self.flowed_l += flow_sccm / 1000 * elapsed_ns / NS / 60
        if self.proved or (self.limit_ppm is None and self.volumes is None):
            return
        cold = temperature_degc is not None and temperature_degc < TAKEN_BELOW_DEGC
        enough = self.flowed_l >= self.needed_l
        if self.analyser and self.limit_ppm is not None:
            enough = enough and oxygen_ppm is not None and oxygen_ppm <= self.limit_ppm
        if weak or not cold or not enough:
            self._good_since_ns = None
            return
        if self._good_since_ns is None:
            self._good_since_ns = now_ns
        if now_ns - self._good_since_ns >= HELD_NS:
            self.proved_ns = now_ns
            self.lost_because = None


FLUSH_VOLUMES: Final = 5.0
FLUSHED_BELOW_DEGC: Final = 200.0
FLUSHING_SCCM: Final = 20.0
"""Less is the trickle of an empty bottle: it would flush a tube for days."""
PROGRESS_NS: Final = 600 * NS
"""A flush that has not moved for so long is not under way."""


@dataclass(slots=True)
class Flush:
    """What has to flow before a tube is opened after a hot inert step: 5 volumes below 200 °C, exhaust proved.

    What pyrolysis gives off (hydrogen cyanide, carbon monoxide) stands in the tube when it is cold. owed: a hot inert
    step was, and the gas for it has not flowed yet.
    """

    tube_volume_l: float
    owed: bool = False
    flowed_l: float = 0.0
    _last_ns: int | None = None
    _moved_ns: int | None = None

    @property
    def needed_l(self) -> float:
        """Gas that has to flow, in standard litres."""
        return FLUSH_VOLUMES * self.tube_volume_l

    def under_way(self, now_ns: int) -> bool:
        """Still owed, and gas has flowed for it in the last ten minutes."""
        return self.owed and self._moved_ns is not None and now_ns - self._moved_ns < PROGRESS_NS

    def why_not(self, furnace: str) -> str:
        """What is still to flow, in words."""
        return (
            f"{furnace} was not flushed after its hot inert step ({self.flowed_l:.1f} l of {self.needed_l:.1f} l; "
            f"{FLUSH_VOLUMES:.0f} tube volumes are to flow below {FLUSHED_BELOW_DEGC:.0f} °C with the exhaust proved)"
        )

    def opened(self) -> None:
        """The tube stands in air: there is nothing to flush any more."""
        self.owed = False

    def attested(self) -> None:
        """A named person at the rig has said that nothing harmful stands in the tube."""
        self.owed = False

    def update(
        self,
        now_ns: int,
        temperature_degc: float | None,
        inert: bool,
        flow_sccm: float | None,
        exhaust: bool,
    ) -> None:
        """One scan. temperature_degc None: unknown, nothing counts. flow_sccm: of all inert gas, None: unknown."""
        elapsed_ns = 0 if self._last_ns is None else now_ns - self._last_ns
        self._last_ns = now_ns
        if temperature_degc is None:
            return
        if temperature_degc >= FLUSHED_BELOW_DEGC:
            if inert:
                self.owed, self.flowed_l, self._moved_ns = True, 0.0, None
            return
        if self.owed and exhaust and flow_sccm is not None and flow_sccm >= FLUSHING_SCCM:
            self.flowed_l += flow_sccm / 1000 * elapsed_ns / NS / 60
            self._moved_ns = now_ns
            self.owed = self.flowed_l < self.needed_l
