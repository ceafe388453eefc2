"""A zirconia oxygen analyser on the tube's outlet.

It follows the gas with one time constant (sampling line and cell, 20 s [M]). Its cell is hot, so what can burn
burns there and takes oxygen with it: in pyrolysis gas and solvent vapour it reads low, down to its floor (the
sensors sheet, part 4). A low reading over a hot mat therefore proves nothing; a high one does.
"""

from __future__ import annotations

from math import exp

from rig.emulators.physics.noise import StepNoise, key_for
from rig.emulators.physics.seconds import STEP_NS
from rig.emulators.physics.tube import Tube


class Analyser:
    """Reads oxygen in ppm.

    lag_s: time constant. floor_ppm, ceiling_ppm: ends of its range. noise: relative deviation of a reading. seed,
    name: for the noise. ValueError for a lag or floor that is not above 0, or a ceiling below the floor.
    """

    def __init__(
        self,
        tube: Tube,
        *,
        lag_s: float = 20.0,
        floor_ppm: float = 0.1,
        ceiling_ppm: float = 300_000.0,
        noise: float = 0.003,
        seed: int = 0,
        name: str = "oxygen",
    ) -> None:
        if lag_s <= 0.0:
            raise ValueError(f"{name}: lag {lag_s} s: must be above 0")
        if not 0.0 < floor_ppm < ceiling_ppm:
            raise ValueError(f"{name}: range {floor_ppm} to {ceiling_ppm} ppm: must begin above 0 and rise")
        self.name = name
        self._tube = tube
        self._lag_s = lag_s
        self._floor = floor_ppm
        self._ceiling = ceiling_ppm
        self._sigma = noise
        self._noise = StepNoise(key_for(seed, f"{name}/reading"), STEP_NS)
        self._decay = exp(-1.0 / lag_s)
        self._low = 1.0
        self._value = self._cell(tube.seconds.now_ns)
        tube.seconds.join(self._step)

    @property
    def lag_s(self) -> float:
        """Its time constant in good order, s."""
        return self._lag_s

    def reading_ppm(self, now_ns: int) -> float:
        """What it says, ppm, within its range."""
        self._tube.seconds.catch_up(now_ns)
        value = self._value * self._low * (1.0 + self._sigma * self._noise.at(now_ns))
        return min(self._ceiling, max(self._floor, value))

    def found_at(self, now_ns: int) -> None:
        """It has been looking at this gas for a while."""
        self._tube.seconds.catch_up(now_ns)
        self._value = self._cell(now_ns)

    # -- faults ----------------------------------------------------------------------------------------------

    def reads_low(self, now_ns: int, on: bool, share: float = 0.1) -> None:
        """Fault: a poisoned cell reads this share of the oxygen there is."""
        self._tube.seconds.catch_up(now_ns)
        self._low = share if on else 1.0

    def slow(self, now_ns: int, on: bool, times: float = 10.0) -> None:
        """Fault: a clogged filter makes it this many times as slow."""
        self._tube.seconds.catch_up(now_ns)
        self._decay = exp(-1.0 / (self._lag_s * (times if on else 1.0)))

    # -- inside ----------------------------------------------------------------------------------------------

    def _cell(self, t_ns: int) -> float:
        """Oxygen that is left when everything that can burn has burnt, ppm."""
        return max(0.0, self._tube.oxygen_ppm(t_ns) - self._tube.burnable_ppm(t_ns))

    def _step(self, t_ns: int) -> None:
        now = self._cell(t_ns - STEP_NS)  # asked within the step: the grid stands one second back
        self._value = now + (self._value - now) * self._decay
