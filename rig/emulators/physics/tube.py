"""The gas in the work tube: what flows in, leaks in, is used up by the mat and flows out.

One well-mixed volume, part of it hot. Amounts of oxygen, nitrogen, argon and pyrolysis gas are balanced in mol on
the furnace's 1 s grid; composition decays exactly as V dC/dt = Q (C_in - C) does, so the purge table of the
furnace sheet (part 3) comes out. Real tubes are slower (dead ends): the sheet says to take 1.5 to 2 times as long.
Pressure follows from amount, temperature and the outlet's resistance: gas expands while it heats, on cooling the
tube draws back, through the bubbler and its oil if need be. Standard cm3 are those of 25 degC and 101.3 kPa
(the gas sheet: a flow controller maker's habit, unconfirmed). Figures without a source are [M].
"""

from __future__ import annotations

from collections.abc import Mapping
from math import exp, pi
from types import MappingProxyType
from typing import Final, Protocol

from rig.emulators.physics.furnace import Furnace
from rig.emulators.physics.mat import AIR_O2, KELVIN
from rig.emulators.physics.seconds import STEP_NS, Seconds

_R: Final = 8.314
AMBIENT_KPA: Final = 101.325
STANDARD_DEGC: Final = 25.0
MOL_S_PER_SCCM: Final = AMBIENT_KPA * 1e-3 / (_R * (STANDARD_DEGC + KELVIN)) / 60.0
OXYGEN_PPM: Final = MappingProxyType({"argon": 2.0, "nitrogen": 2.0, "air": AIR_O2 * 1e6})
"""Oxygen in the gases as delivered: argon 5.0 at most 2 ppm (the furnace sheet), nitrogen alike [M]."""
SUCK_BACK_KPA: Final = 1.0
"""Below this vacuum the bubbler's oil has been drawn back and room air follows [M]."""
BLOCKED: Final = 1e-4
"""What a blocked outlet still lets through, as a share [M]."""


class Feed(Protocol):
    """Something that lets gas in, asked by the tube once for each second, in order."""

    def mean_sccm(self, t_ns: int, tube_kpa: float) -> float:
        """Mean flow over the second that ends at t_ns; tube_kpa: gauge pressure against which it flows on."""


class Tube:
    """The work tube of a furnace, or (furnace None) a cold tube on its own.

    bore_mm, length_mm: inside. heated_mm: length at the furnace's temperature, the rest is at the room's.
    oxygen_ppm: oxygen in each gas delivered, by gas. leak_sccm: room air that comes in through seals, whatever the
    pressure. outlet_kpa: gauge pressure that drives 1000 sccm out. bubbler_kpa: height of its oil. draught_sccm:
    exchange with the room while the flanges are open. relief_kpa: gauge pressure at which the flange seals give
    way. opened: flanges at the start. ValueError for dimensions that cannot be.
    """

    def __init__(
        self,
        *,
        bore_mm: float,
        length_mm: float,
        furnace: Furnace | None = None,
        heated_mm: float = 400.0,
        oxygen_ppm: Mapping[str, float] = OXYGEN_PPM,
        leak_sccm: float = 0.005,
        outlet_kpa: float = 0.2,
        bubbler_kpa: float = 0.3,
        draught_sccm: float = 2000.0,
        relief_kpa: float = 30.0,
        opened: bool = True,
        ambient_degc: float = 23.0,
        name: str = "tube",
    ) -> None:
        for what, value in (("bore", bore_mm), ("length", length_mm), ("outlet resistance", outlet_kpa)):
            if value <= 0.0:
                raise ValueError(f"{name}: {what} {value}: must be above 0")
        if not 0.0 <= heated_mm <= length_mm:
            raise ValueError(f"{name}: heated length {heated_mm} mm: must lie between 0 and {length_mm} mm")
        for what, value in (("leak", leak_sccm), ("draught", draught_sccm), ("bubbler", bubbler_kpa)):
            if value < 0.0:
                raise ValueError(f"{name}: {what} {value}: must not be negative")
        self.name = name
        self.volume_l = pi / 4.0 * bore_mm**2 * length_mm * 1e-6
        self.draught_sccm = draught_sccm
        self.seconds = Seconds() if furnace is None else furnace.seconds
        self._hot_l = self.volume_l * heated_mm / length_mm
        self._ambient_k = ambient_degc + KELVIN
        self._oxygen = {gas: ppm * 1e-6 for gas, ppm in oxygen_ppm.items()}
        self._leak_sccm = leak_sccm
        self._outlet = 1000.0 * MOL_S_PER_SCCM / outlet_kpa  # mol/s per kPa
        self._bubbler_kpa = bubbler_kpa
        self._relief_kpa = relief_kpa
        self._opened = opened
        self._blocked = False
        self._air_leak_sccm = 0.0
        self._wrong: str | None = None
        self._flow: dict[str, float] = {}
        self._given: dict[str, float] = {}  # sccm x ns since the last whole second
        self._changed_ns = 0
        self._feeds: list[tuple[str, Feed]] = []
        self._furnace = furnace
        self._capacity = self._mol_per_kpa(ambient_degc)
        self._o2 = self._n2 = self._ar = self._fumes = self._burnable = 0.0
        self._fill("air")
        if furnace is None:
            self.seconds.join(lambda t_ns: self._alone(t_ns, ambient_degc))
        else:
            furnace.tube = self

    # -- commands --------------------------------------------------------------------------------------------

    def supply(self, now_ns: int, gas: str, flow_sccm: float) -> None:
        """Let this much of a gas in from now on ("argon", "nitrogen", "air"). ValueError for a gas that
        `oxygen_ppm` does not know, or a flow below 0.
        """
        self._known(gas)
        if flow_sccm < 0.0:
            raise ValueError(f"{self.name}: flow {flow_sccm} sccm of {gas}: must not be negative")
        if self._flow.get(gas, 0.0) == flow_sccm:
            return
        self._begin(now_ns)
        self._flow[gas] = flow_sccm

    def connect(self, gas: str, feed: Feed) -> None:
        """A flow controller lets this gas in from now on. ValueError as in `supply`."""
        self._known(gas)
        self._feeds.append((gas, feed))

    def open(self, now_ns: int, opened: bool) -> None:
        """Open the flanges to the room, or close them."""
        self._begin(now_ns)
        self._opened = opened

    def found_at(self, now_ns: int, gas: str, opened: bool | None = None) -> None:
        """It is filled with this gas as delivered, at room pressure and the furnace's temperature (opened None: flanges
        as they are). ValueError as in `supply`.
        """
        self._known(gas)
        self._begin(now_ns)
        if opened is not None:
            self._opened = opened
        if self._furnace is not None:
            self._capacity = self._mol_per_kpa(self._furnace.tube_degc(now_ns))
        self._fill(gas)

    # -- faults ----------------------------------------------------------------------------------------------

    def blocked_outlet(self, now_ns: int, on: bool) -> None:
        """Fault: tar or salts close the outlet: pressure rises until the seals give way."""
        self._begin(now_ns)
        self._blocked = on

    def air_leak(self, now_ns: int, on: bool, leak_sccm: float = 20.0) -> None:
        """Fault: a flange or hose leaks this much room air."""
        self._begin(now_ns)
        self._air_leak_sccm = leak_sccm if on else 0.0

    def wrong_gas(self, now_ns: int, on: bool, gas: str = "air") -> None:
        """Fault: the bottles hold another gas than they say. ValueError as in `supply`."""
        self._known(gas)
        self._begin(now_ns)
        self._wrong = gas if on else None

    # -- hidden truth, at the last whole second --------------------------------------------------------------

    def oxygen_ppm(self, now_ns: int) -> float:
        """Oxygen in the tube, ppm by amount."""
        self.seconds.catch_up(now_ns)
        return self._o2 / self._total() * 1e6

    def fumes_ppm(self, now_ns: int) -> float:
        """Gas given off by the mat and still in the tube, ppm by amount."""
        self.seconds.catch_up(now_ns)
        return self._fumes / self._total() * 1e6

    def burnable_ppm(self, now_ns: int) -> float:
        """Oxygen that would be needed to burn that gas, ppm of the tube's gas."""
        self.seconds.catch_up(now_ns)
        return self._burnable / self._total() * 1e6

    def gas(self, now_ns: int) -> dict[str, float]:
        """Mole fractions of "oxygen", "nitrogen", "argon" and "fumes"."""
        self.seconds.catch_up(now_ns)
        total = self._total()
        return {
            "oxygen": self._o2 / total,
            "nitrogen": self._n2 / total,
            "argon": self._ar / total,
            "fumes": self._fumes / total,
        }

    def pressure_kpa(self, now_ns: int) -> float:
        """Gauge pressure, kPa."""
        self.seconds.catch_up(now_ns)
        return self._total() / self._capacity - AMBIENT_KPA

    @property
    def opened(self) -> bool:
        """The flanges are open."""
        return self._opened

    # -- stepping --------------------------------------------------------------------------------------------

    def flow(
        self,
        t_ns: int,
        degc: float,
        demand: float = 0.0,
        given_mol_s: float = 0.0,
        given_o2_mol_s: float = 0.0,
    ) -> float:
        """The second that ends at t_ns, with the hot part at degc; called by the furnace.

        demand: oxygen that the mat takes, mol/s per unit of its mole fraction. given_mol_s, given_o2_mol_s: gas it
        gives off, and the oxygen that would burn it. Returns the mole fraction of oxygen, with which the demand of
        this second is met.
        """
        total = self._total()
        in_o2 = in_n2 = in_ar = 0.0
        pressure = total / self._capacity
        self._capacity = capacity = self._mol_per_kpa(degc)
        room = self._leak_sccm + self._air_leak_sccm
        if self._opened:
            room += self.draught_sccm
        room *= MOL_S_PER_SCCM
        for gas, sccm in self._inflow(t_ns, pressure - AMBIENT_KPA):
            mol_s = sccm * MOL_S_PER_SCCM
            kind = gas if self._wrong is None else self._wrong
            if kind == "air":
                room += mol_s
                continue
            share = self._oxygen[kind]
            in_o2 += share * mol_s
            if kind == "argon":
                in_ar += (1.0 - share) * mol_s
            else:
                in_n2 += (1.0 - share) * mol_s
        incoming = room + in_o2 + in_n2 + in_ar + given_mol_s
        # Outlet and seals, implicitly: the pressure settles within a second.
        amount = total + incoming
        if self._opened:
            outlet = 1.0
            low = high = AMBIENT_KPA
        else:
            outlet = self._outlet * BLOCKED if self._blocked else self._outlet
            high = AMBIENT_KPA + self._bubbler_kpa
            low = AMBIENT_KPA - SUCK_BACK_KPA
            if self._blocked and amount / capacity > AMBIENT_KPA + self._relief_kpa:
                outlet, high = self._outlet, AMBIENT_KPA + self._relief_kpa
        out = outlet * (amount - capacity * high) / (capacity + outlet)
        if out < 0.0:
            out = 0.0
            drawn = outlet * (capacity * low - amount) / (capacity + outlet)
            if drawn > 0.0:
                room += drawn
        in_o2 += AIR_O2 * room
        in_n2 += (1.0 - AIR_O2) * room
        rate = out / total
        if rate > 1e-9:
            left = exp(-rate)
            filled = (1.0 - left) / rate
        else:
            left = filled = 1.0
        self._n2 = self._n2 * left + in_n2 * filled
        self._ar = self._ar * left + in_ar * filled
        self._fumes = self._fumes * left + given_mol_s * filled
        self._burnable = self._burnable * left + given_o2_mol_s * filled
        if demand > 0.0:
            used = rate + demand / total
            left = exp(-used)
            filled = (1.0 - left) / used if used > 1e-9 else 1.0
            before = self._o2
            self._o2 = before * left + in_o2 * filled
            # Mean over the second, so that what the mat takes is what the tube loses.
            return ((before + in_o2 - self._o2) / used if used > 1e-9 else before) / total
        self._o2 = self._o2 * left + in_o2 * filled
        return self._o2 / total

    # -- inside ----------------------------------------------------------------------------------------------

    def _alone(self, t_ns: int, degc: float) -> None:
        self.flow(t_ns, degc)

    def _known(self, gas: str) -> None:
        if gas not in self._oxygen:
            raise ValueError(f"{self.name}: gas {gas!r}: must be one of {', '.join(sorted(self._oxygen))}")

    def _total(self) -> float:
        return self._o2 + self._n2 + self._ar + self._fumes

    def _mol_per_kpa(self, degc: float) -> float:
        """Ideal gas: amount in hot and cold part per kPa."""
        return (self._hot_l / (degc + KELVIN) + (self.volume_l - self._hot_l) / self._ambient_k) / _R

    def _fill(self, gas: str) -> None:
        total = AMBIENT_KPA * self._capacity
        self._o2 = self._oxygen[gas] * total
        self._ar = total - self._o2 if gas == "argon" else 0.0
        self._n2 = total - self._o2 - self._ar
        self._fumes = self._burnable = 0.0

    def _begin(self, now_ns: int) -> None:
        """Catch up, and count what has flown in since the last change within this second."""
        self.seconds.catch_up(now_ns)
        since = max(self._changed_ns, self.seconds.now_ns)
        if now_ns > since:
            for gas, sccm in self._flow.items():
                self._given[gas] = self._given.get(gas, 0.0) + sccm * (now_ns - since)
            self._changed_ns = now_ns

    def _inflow(self, t_ns: int, tube_kpa: float) -> list[tuple[str, float]]:
        """Mean flow of each source over the second that ends at t_ns."""
        start = t_ns - STEP_NS
        if self._changed_ns > start:
            rest = t_ns - self._changed_ns
            flows = [
                (gas, (self._given.get(gas, 0.0) + sccm * rest) / STEP_NS) for gas, sccm in self._flow.items()
            ]
            self._given.clear()
        else:
            flows = list(self._flow.items())
        for gas, feed in self._feeds:
            flows.append((gas, feed.mean_sccm(t_ns, tube_kpa)))
        return flows
