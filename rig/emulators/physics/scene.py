"""A laboratory of the emulated world as plain data, and its assembly: syringes, supplies, needles, collector,
chamber.

What a syringe holds and where a needle stands is said here in numbers; nobody here reads a recipe or a rig
file. The scene wires the parts as the bench does: jets load their supply, an arc reaches the collector, the
exhaust's vane moves its contact, and the contacts in `interlock_chain` open the supplies' hardware interlock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rig.emulators.device import Timeline
from rig.emulators.physics.chamber import CONTACTS, Chamber, Contacts, VapourSource
from rig.emulators.physics.collector import Collector
from rig.emulators.physics.jet import Electrode, Needles
from rig.emulators.physics.materials import SolutePart, SolutionProps, props, solvent
from rig.emulators.physics.supply import Supply
from rig.emulators.physics.syringe import Plunger


@dataclass(frozen=True, slots=True)
class StreamData:
    """One solution in one syringe at one needle. pump, hv: names of instruments, as "pumps.a", "hv.needle".

    name: of the needle, in reports and noise (default: the pump's). mode: "electrospin" or "electrospray".
    """

    pump: str
    syringe_diameter_mm: float
    capacity_ml: float
    loaded_ml: float
    solution: SolutionProps
    needle_outer_mm: float = 0.819
    needle_inner_mm: float = 0.514
    dead_volume_ml: float = 0.1
    distance_m: float = 0.2
    hv: str = "hv.needle"
    mode: str = "electrospin"
    name: str = ""
    collector: str = "current.collector"
    compliance_s: float = 2.0

    def __post_init__(self) -> None:
        if self.mode not in ("electrospin", "electrospray"):
            raise ValueError(
                f'stream of {self.pump}: mode {self.mode!r}, must be "electrospin" or "electrospray"'
            )
        if not 0.0 < self.needle_inner_mm < self.needle_outer_mm:
            raise ValueError(
                f"stream of {self.pump}: needle of {self.needle_inner_mm} mm inside and {self.needle_outer_mm} mm "
                "outside; the inner diameter must be above 0 and below the outer"
            )


@dataclass(frozen=True, slots=True)
class SupplyData:
    """A high-voltage supply; see `Supply` for the fields."""

    rating_kv: float = 40.0
    rating_ma: float = 3.0
    capacitance_f: float = 1e-9
    bleed_ohm: float = 2e8
    polarity: int = 1
    bleed_sensed: bool = False
    trip_on_arc: bool = False


@dataclass(frozen=True, slots=True)
class SceneData:
    """Everything in front of the instruments.

    interlock_chain: contacts that stand in the supplies' hardware enable chain; empty where only software
    watches them. collectors: names of the current meters' collectors; each stream says on which its jet
    lands.
    """

    streams: tuple[StreamData, ...]
    supplies: Mapping[str, SupplyData] = field(default_factory=lambda: {"hv.needle": SupplyData()})
    collectors: tuple[str, ...] = ("current.collector",)
    chamber_volume_l: float = 200.0
    exhaust_m3_h: float = 60.0
    temperature_degc: float = 22.0
    humidity_pct: float = 40.0
    contacts: tuple[str, ...] = CONTACTS
    interlock_chain: tuple[str, ...] = ()


def founding_streams() -> tuple[StreamData, StreamData]:
    """The founding recipe's streams: 12 wt% PAN/PMMA 7/3 in DMF spun from pumps.a, TiO2 in methanol
    sprayed from pumps.b.

    From DOI 10.1039/d0ra01791d; needle (21 G), TiO2 at 1 wt% and its conductivity of 100 uS/m are assumed, as
    the paper does not give them.
    """
    polymer = props(
        "pan-pmma", [("DMF", 1.0)], [SolutePart("PAN", 7.0, 150.0), SolutePart("PMMA", 3.0, 200.0)], 0.12
    )
    titania = props("tio2", [("methanol", 1.0)], [SolutePart("TiO2")], 0.01, conductivity_s_m=1e-4)
    spun = StreamData("pumps.a", 14.43, 10.0, 5.0, polymer)
    return spun, replace(spun, pump="pumps.b", solution=titania, mode="electrospray")


class Scene:
    """The assembled laboratory. Parts by the names of their instruments: plungers, supplies, collectors;
    electrodes by needle.

    seed: of the run. Raises ValueError when a stream names a supply or collector that is not there, two
    streams share a pump, or a contact of the interlock chain does not exist.
    """

    def __init__(self, data: SceneData, timeline: Timeline, seed: int) -> None:
        self.data = data
        self.timeline = timeline
        self.seed = seed
        _check(data)
        self.chamber = Chamber(
            temperature_degc=data.temperature_degc,
            humidity_pct=data.humidity_pct,
            volume_l=data.chamber_volume_l,
            exhaust_m3_h=data.exhaust_m3_h,
            seed=seed,
        )
        self.contacts = Contacts(data.contacts)
        self.supplies = {
            name: Supply(
                rating_kv=s.rating_kv,
                rating_ma=s.rating_ma,
                capacitance_f=s.capacitance_f,
                bleed_ohm=s.bleed_ohm,
                polarity=s.polarity,
                bleed_sensed=s.bleed_sensed,
                trip_on_arc=s.trip_on_arc,
            )
            for name, s in data.supplies.items()
        }
        self.plungers = {
            s.pump: Plunger(
                diameter_mm=s.syringe_diameter_mm,
                capacity_ml=s.capacity_ml,
                content_ml=s.loaded_ml,
                dead_volume_ml=s.dead_volume_ml,
                timeline=timeline,
                compliance_s=s.compliance_s,
            )
            for s in data.streams
        }
        self.electrodes = {s.name or s.pump: self._electrode(s) for s in data.streams}
        self.needles = Needles(list(self.electrodes.values()))
        self.collectors = {
            name: Collector(
                self.needles,
                [self.electrodes[s.name or s.pump] for s in data.streams if s.collector == name],
                seed=seed,
                name=name,
            )
            for name in data.collectors
        }
        self._wire()

    # -- hidden truth, for tests -----------------------------------------------------------------------------

    def modes(self, now_ns: int) -> dict[str, str]:
        """Needle -> mode now."""
        self.needles.advance(now_ns)
        return {name: electrode.mode for name, electrode in self.electrodes.items()}

    def fibre_nm(self, now_ns: int) -> dict[str, float]:
        """Needle -> dry fibre diameter as spun, nm, for those that spin now."""
        self.needles.advance(now_ns)
        found = {name: electrode.fibre_nm(now_ns) for name, electrode in self.electrodes.items()}
        return {name: nm for name, nm in found.items() if nm is not None}

    def delivered_ml(self, now_ns: int) -> dict[str, float]:
        """Pump -> liquid that left its needle, ml."""
        return {name: plunger.delivered_ml(now_ns) for name, plunger in self.plungers.items()}

    # -- faults by name --------------------------------------------------------------------------------------

    def fault(self, now_ns: int, on: str, kind: str, active: bool = True) -> None:
        """Begin (or end) the fault `kind` on the part named `on`, by the names of the safety rules' list of
        faults.

        A pump, supply, needle, collector, "climate.*", or "chamber". clog, bubble on a supply strike its
        first needle. Faults that are over at once (arc, bubble, empty) ignore their end. ValueError for a
        part or kind that is not there.
        """
        self.check_fault(on, kind)(now_ns, active)

    def check_fault(self, on: str, kind: str) -> Callable[[int, bool], object]:
        """What begins and ends that fault, (now_ns, active). ValueError for a part or kind that is not there."""
        actions = self._fault_actions(on)
        if not actions:
            known = [*self.plungers, *self.supplies, *self.electrodes, *self.collectors, "climate.chamber"]
            raise ValueError(
                f"fault {kind!r} on {on!r}: no such part here; there are {', '.join(dict.fromkeys(known))}"
            )
        if kind not in actions:
            raise ValueError(f"fault {kind!r} on {on!r}: this part can have {', '.join(sorted(actions))}")
        return actions[kind]

    def _fault_actions(self, on: str) -> dict[str, Callable[[int, bool], object]]:
        actions: dict[str, Callable[[int, bool], object]] = {}
        if on in self.supplies:
            supply = self.supplies[on]
            actions |= {
                "arc": _at_start(lambda t: supply.arc(t, 0.05)),
                "short": supply.short,
                "stuck-on": supply.stuck_on,
                "open-cable": supply.open_cable,
                "interlock": lambda t, active: supply.set_interlock(t, not active),
            }
            for electrode in self.electrodes.values():
                if electrode.supply is supply:
                    actions |= _needle_faults(electrode)
                    break
        if on in self.electrodes:
            actions |= _needle_faults(self.electrodes[on])
        if on in self.plungers:
            plunger = self.plungers[on]
            actions |= {
                "stall": plunger.stall,
                "empty": _at_start(plunger.empty),
                "siphon": plunger.siphon,
            }
        if on in self.collectors:
            actions["open-cable"] = self.collectors[on].open_cable
        if on == "chamber" or on.startswith("climate."):
            actions["humid"] = self.chamber.humid
            actions["exhaust-off"] = lambda t, active: self.chamber.set_exhaust(t, not active)
        return actions

    # -- assembly --------------------------------------------------------------------------------------------

    def _electrode(self, s: StreamData) -> Electrode:
        return Electrode(
            name=s.name or s.pump,
            solution=s.solution,
            spun=s.mode == "electrospin",
            outer_mm=s.needle_outer_mm,
            distance_m=s.distance_m,
            plunger=self.plungers[s.pump],
            supply=self.supplies[s.hv],
            humidity_pct=self.chamber.humidity_pct,
            seed=self.seed,
        )

    def _wire(self) -> None:
        for name, supply in self.supplies.items():
            fed = tuple(self.electrodes[s.name or s.pump] for s in self.data.streams if s.hv == name)
            supply.load_ua = self._load_of(fed, supply)
            for collector_name, collector in self.collectors.items():
                if any(s.hv == name and s.collector == collector_name for s in self.data.streams):
                    supply.on_arc.append(collector.arc)
        self.chamber.changing.append(self.needles.disturbed)
        self.chamber.on_exhaust.append(self._vane)
        self.contacts.on_change.append(self._chain)
        sources = []
        for s in self.data.streams:
            plunger = self.plungers[s.pump]
            plunger.changing.append(self.chamber.catch_up)
            for solvent_name, share in s.solution.volatile:
                liquid = solvent(solvent_name)
                if liquid is not None:
                    sources.append(VapourSource(liquid, share, plunger.delivered_ml))
        self.chamber.watch(sources)

    def _load_of(self, fed: tuple[Electrode, ...], supply: Supply) -> Callable[[int, float], float]:
        """Current in uA that these needles draw at a voltage; nothing through an open cable."""
        needles = self.needles

        def load_ua(now_ns: int, kv: float) -> float:
            needles.advance(now_ns)
            if supply.cable_open:
                return 0.0
            total = 0.0
            for electrode in fed:
                total += electrode.load_a(now_ns, kv)
            return total * 1e6

        return load_ua

    def _vane(self, now_ns: int, on: bool) -> None:
        if "exhaust_ok" in self.contacts.names:
            self.contacts.set(now_ns, "exhaust_ok", on)

    def _chain(self, now_ns: int, name: str, closed: bool) -> None:
        """A contact of the hardware chain has moved."""
        if name not in self.data.interlock_chain:
            return
        whole = all(self.contacts.closed(link) for link in self.data.interlock_chain)
        for supply in self.supplies.values():
            supply.set_interlock(now_ns, whole)


def _at_start(strike: Callable[[int], Any]) -> Callable[[int, bool], None]:
    """A fault that strikes once, when it begins."""

    def action(now_ns: int, active: bool) -> None:
        if active:
            strike(now_ns)

    return action


def _needle_faults(electrode: Electrode) -> dict[str, Callable[[int, bool], object]]:
    return {"clog": electrode.clog, "bubble": _at_start(electrode.bubble), "bridge": electrode.bridge}


def _check(data: SceneData) -> None:
    pumps = [s.pump for s in data.streams]
    twice = sorted({p for p in pumps if pumps.count(p) > 1})
    if twice:
        raise ValueError(f"two streams on {', '.join(twice)}: a pump feeds one needle")
    names = [s.name or s.pump for s in data.streams]
    if len(set(names)) != len(names):
        raise ValueError(f"needles {', '.join(names)}: each needs a name of its own")
    for s in data.streams:
        if s.hv not in data.supplies:
            raise ValueError(
                f"stream of {s.pump}: no supply {s.hv!r}; there are {', '.join(data.supplies) or 'none'}"
            )
        if s.collector not in data.collectors:
            raise ValueError(
                f"stream of {s.pump}: no collector {s.collector!r}; there are {', '.join(data.collectors)}"
            )
    for link in data.interlock_chain:
        if link not in data.contacts:
            raise ValueError(f"interlock chain: no contact {link!r}; there are {', '.join(data.contacts)}")
