"""What hangs on the digital outputs of an emulated module: mains of supplies and heaters, gas valves.

Lock, beacon and heartbeat move nothing that an instrument could see.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from rig.bench.model import OutputSettings
from rig.emulators.adam import AdamEmulator

if TYPE_CHECKING:
    from rig.simulation.laboratory import Laboratory


class Relays:
    """The wiring of a laboratory's outputs, as its bench declares them. What is behind them follows at once."""

    def __init__(self, lab: Laboratory) -> None:
        self._lab = lab
        self._states: dict[str, bool] = {}
        for one in lab.bench.outputs.values():
            switch = self._switch(one)
            if switch is None:
                continue
            module = self._module(one)
            follow = partial(self._follow, one, switch)
            module.on_outputs.append(follow)
            follow(module.outputs)

    def found_on(self, what: str) -> None:
        """Somebody has left this on ("gas.argon", "hv.needle", "furnace.tube"): valve open, contactor closed."""
        for one in self._lab.bench.outputs.values():
            of_supplies = one.relay.kind == "contactor" and one.of is None and what in self._lab.bench.hv
            if one.of == what or of_supplies:
                module = self._module(one)
                module.outputs = module.outputs & ~(1 << one.relay.channel) | one.relay.bit(True)

    def _module(self, one: OutputSettings) -> AdamEmulator:
        module = self._lab.devices[one.module]
        assert isinstance(module, AdamEmulator)
        return module

    def _switch(self, one: OutputSettings) -> Callable[[bool], None] | None:
        """What closing or opening it does; None where nothing of the laboratory hangs on it."""
        lab = self._lab
        if one.relay.kind == "valve":
            gas = one.of or ""
            controller = lab.hearths[lab.bench.gases[gas].feeds].gases[gas]
            return lambda on: controller.shut(lab.scheduler.now_ns, not on)
        if one.relay.kind != "contactor":
            return None
        if one.of is not None:
            furnace = lab.hearths[one.of].furnace
            return lambda on: furnace.contactor(lab.scheduler.now_ns, on)
        supplies = [lab.devices[name] for name in lab.bench.hv]

        def mains(on: bool) -> None:
            for supply in supplies:
                supply.power(on)

        return mains

    def _follow(self, one: OutputSettings, switch: Callable[[bool], None], bits: int) -> None:
        on = bool(bits >> one.relay.channel & 1) != one.relay.inverted
        if self._states.get(one.name) is not on:
            self._states[one.name] = on
            switch(on)
