"""The spinning chamber: its climate, the vapour in it, and the contacts on its door, exhaust and emergency
stop.

Temperature and humidity are Ornstein-Uhlenbeck processes (slow noise that returns to a mean), stepped
*exactly* on a 1 s grid and joined by straight lines, so the value at a moment is the same whoever asks and
when. Mean, deviation and correlation time are choices of the emulator ([M] of the science sheet: no source
gives a chamber's spectrum).

Vapour is well mixed: V dc/dt = evaporation - exhaust x c (arithmetic of science sheet E.3); the liquid that
left the needles evaporates at once, except for the part of a solvent's vapour beyond its saturation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import exp, sqrt

from rig.emulators.physics.materials import Solvent, vapour_litres_per_ml
from rig.emulators.physics.noise import key_for, normal

_STEP_NS = 1_000_000_000
CONTACTS = ("door_closed", "emergency_stop_ok", "exhaust_ok", "furnace_exhaust_ok")


class _Wander:
    """One Ornstein-Uhlenbeck process of mean 0, stepped each second and kept, so that the past can be asked
    too.
    """

    __slots__ = ("_decay", "_key", "_kick", "_values")

    def __init__(self, key: int, sigma: float, tau_s: float) -> None:
        self._key = key
        self._decay = exp(-1.0 / tau_s)
        self._kick = sigma * sqrt(1.0 - self._decay**2)
        self._values = [sigma * normal(key, 0)]

    def at(self, t_ns: int) -> float:
        index, rest = divmod(t_ns, _STEP_NS)
        values = self._values
        while len(values) <= index + 1:
            values.append(values[-1] * self._decay + self._kick * normal(self._key, len(values)))
        here = values[index]
        return here + (values[index + 1] - here) * (rest / _STEP_NS)


class _Offset:
    """An offset that moves exponentially to a target from the moment the target was set."""

    __slots__ = ("_from", "_t0", "_target", "_tau_s")

    def __init__(self, tau_s: float) -> None:
        self._tau_s = tau_s
        self._from = self._target = 0.0
        self._t0 = 0

    def at(self, t_ns: int) -> float:
        if self._from == self._target:
            return self._target
        return self._target + (self._from - self._target) * exp(-max(0, t_ns - self._t0) / 1e9 / self._tau_s)

    def move(self, now_ns: int, target: float) -> None:
        self._from, self._t0, self._target = self.at(now_ns), now_ns, target


@dataclass(frozen=True, slots=True)
class VapourSource:
    """Where a solvent's vapour comes from: liquid out of a needle, ml, as a function of time, and the
    solvent's share of it.
    """

    solvent: Solvent
    share: float
    delivered_ml: Callable[[int], float]


class Chamber:
    """Climate and vapour of one enclosure.

    temperature_degc, humidity_pct: means. volume_l, exhaust_m3_h: size and air drawn while the exhaust runs.
    seed, name: of the run and this object. on_exhaust: called with (now_ns, on) when the exhaust is switched.
    """

    def __init__(
        self,
        *,
        temperature_degc: float = 22.0,
        humidity_pct: float = 40.0,
        volume_l: float = 200.0,
        exhaust_m3_h: float = 60.0,
        seed: int = 0,
        name: str = "chamber",
        temperature_sigma: float = 0.3,
        humidity_sigma: float = 1.5,
    ) -> None:
        if not 0.0 <= humidity_pct <= 100.0:
            raise ValueError(f"chamber humidity {humidity_pct} %RH: must lie between 0 and 100")
        if volume_l <= 0.0 or exhaust_m3_h < 0.0:
            raise ValueError(
                f"chamber of {volume_l} l with {exhaust_m3_h} m3/h: volume above 0, exhaust 0 or more"
            )
        self.mean_temperature_degc = temperature_degc
        self.mean_humidity_pct = humidity_pct
        self.volume_l = volume_l
        self.exhaust_m3_h = exhaust_m3_h
        self.on_exhaust: list[Callable[[int, bool], None]] = []
        self.changing: list[Callable[[int], None]] = []
        self._exhaust_on = True
        self._temperature = _Wander(key_for(seed, f"{name}/temperature"), temperature_sigma, 1200.0)
        self._humidity = _Wander(key_for(seed, f"{name}/humidity"), humidity_sigma, 900.0)
        self._humidity_offset = _Offset(60.0)
        self._temperature_offset = _Offset(600.0)
        self._humidity_ns = -1
        self._humidity_now = 0.0
        self._sources: list[VapourSource] = []
        self._litres: dict[str, float] = {}
        self._solvents: dict[str, Solvent] = {}
        self._last_ml: list[float] = []
        self._vapour_step = 0

    # -- climate ---------------------------------------------------------------------------------------------

    def temperature_degc(self, now_ns: int) -> float:
        """Air temperature, degC."""
        return self.mean_temperature_degc + self._temperature_offset.at(now_ns) + self._temperature.at(now_ns)

    def humidity_pct(self, now_ns: int) -> float:
        """Relative humidity, %; it cannot leave 0 to 100."""
        if now_ns == self._humidity_ns:
            return self._humidity_now
        value = self.mean_humidity_pct + self._humidity_offset.at(now_ns) + self._humidity.at(now_ns)
        value = 0.0 if value < 0.0 else 100.0 if value > 100.0 else value
        self._humidity_ns, self._humidity_now = now_ns, value
        return value

    def found_at(
        self, now_ns: int, temperature_degc: float | None = None, humidity_pct: float | None = None
    ) -> None:
        """The air is at these values now, and goes on wandering about where that puts its means (None: as it is).

        ValueError for a humidity outside 0 to 100 %.
        """
        if humidity_pct is not None and not 0.0 <= humidity_pct <= 100.0:
            raise ValueError(f"chamber humidity {humidity_pct} %RH: must lie between 0 and 100")
        self._change(now_ns)
        if temperature_degc is not None:
            self.mean_temperature_degc += temperature_degc - self.temperature_degc(now_ns)
        if humidity_pct is not None:
            offset = self._humidity_offset.at(now_ns) + self._humidity.at(now_ns)
            self.mean_humidity_pct = humidity_pct - offset
            self._humidity_ns = -1

    def humid(self, now_ns: int, on: bool, humidity_pct: float = 85.0) -> None:
        """Fault: moist air; the mean moves to humidity_pct with a time constant of 1 min (or back again)."""
        self._change(now_ns)
        self._humidity_offset.move(now_ns, humidity_pct - self.mean_humidity_pct if on else 0.0)

    def warm(self, now_ns: int, offset_degc: float) -> None:
        """Fault: the room warms (or cools) by this much, with a time constant of 10 min."""
        self._change(now_ns)
        self._temperature_offset.move(now_ns, offset_degc)

    # -- vapour ----------------------------------------------------------------------------------------------

    @property
    def exhaust_on(self) -> bool:
        """The exhaust draws air."""
        return self._exhaust_on

    def set_exhaust(self, now_ns: int, on: bool) -> None:
        """Switch the exhaust; its contact follows where the scene has wired it."""
        if on == self._exhaust_on:
            return
        self._change(now_ns)
        self._exhaust_on = on
        for listener in self.on_exhaust:
            listener(now_ns, on)

    def watch(self, sources: Sequence[VapourSource]) -> None:
        """Take these needles' solvents as sources of vapour."""
        for source in sources:
            self._sources.append(source)
            self._last_ml.append(0.0)
            self._solvents[source.solvent.name] = source.solvent
            self._litres.setdefault(source.solvent.name, 0.0)

    def vapour_vol_pct(self, now_ns: int, solvent: str) -> float:
        """Concentration of a solvent's vapour, vol% (0 for a solvent that no needle carries)."""
        self.catch_up(now_ns)
        return self._litres.get(solvent, 0.0) / self.volume_l * 100.0

    def lel_share(self, now_ns: int) -> float:
        """Sum over the flammable vapours of concentration / lower explosive limit (1 = explosive)."""
        self.catch_up(now_ns)
        total = 0.0
        for name, litres in self._litres.items():
            lel = self._solvents[name].lel_vol_pct
            if lel is not None:
                total += litres / self.volume_l * 100.0 / lel
        return total

    def catch_up(self, now_ns: int) -> None:
        """Step the vapour balance on its 1 s grid up to now (must be called before a needle's flow changes)."""
        target = now_ns // _STEP_NS
        if not self._sources:
            self._vapour_step = max(self._vapour_step, target)
            return
        while self._vapour_step < target:
            self._vapour_step += 1
            t_ns = self._vapour_step * _STEP_NS
            loss = exp(-self.exhaust_m3_h / 3.6 / self.volume_l) if self._exhaust_on else 1.0
            for litres in self._litres:
                self._litres[litres] *= loss
            for i, source in enumerate(self._sources):
                delivered = source.delivered_ml(t_ns)
                fresh = max(0.0, delivered - self._last_ml[i])
                self._last_ml[i] = delivered
                name = source.solvent.name
                vapour = self._litres[name] + fresh * source.share * vapour_litres_per_ml(source.solvent)
                most = source.solvent.saturation_vol_pct / 100.0 * self.volume_l
                self._litres[name] = min(vapour, most)

    def _change(self, now_ns: int) -> None:
        self._humidity_ns = -1
        self.catch_up(now_ns)
        for hook in self.changing:
            hook(now_ns)


class Contacts:
    """Dry contacts by name, all closed at first. `on_change` is called with (now_ns, name, closed) after each
    change.
    """

    def __init__(self, names: Sequence[str] = CONTACTS) -> None:
        self._closed = dict.fromkeys(names, True)
        self._stuck: dict[str, bool] = {}  # what the switch would say if it moved
        self.on_change: list[Callable[[int, str, bool], None]] = []

    @property
    def names(self) -> tuple[str, ...]:
        """The contacts there are."""
        return tuple(self._closed)

    def closed(self, name: str) -> bool:
        """State of a contact. KeyError, naming those there are, for an unknown one."""
        if name not in self._closed:
            raise KeyError(f"no contact {name!r}; there are {', '.join(self._closed)}")
        return self._closed[name]

    def set(self, now_ns: int, name: str, closed: bool) -> None:
        """Close or open a contact. KeyError as in `closed`."""
        if name in self._stuck:
            self._stuck[name] = closed
            return
        if self.closed(name) == closed:
            return
        self._closed[name] = closed
        for listener in self.on_change:
            listener(now_ns, name, closed)

    def stick(self, now_ns: int, name: str, on: bool) -> None:
        """Fault: a contact stays as it is whatever happens to its switch; freed, it goes where that is. KeyError as in
        `closed`.
        """
        if on:
            self._stuck.setdefault(name, self.closed(name))
        elif name in self._stuck:
            self.set(now_ns, name, self._stuck.pop(name))
