"""What emulated outputs really do at this moment, whatever anybody was told: for those who look on from outside."""

from __future__ import annotations

from math import isnan

from rig.simulation.laboratory import Laboratory

Truth = dict[str, dict[str, float | bool | None]]


def truth(laboratory: Laboratory) -> Truth:
    """By instrument, in the rig file's order, the units in the names.

    Of a furnace: power_pct is what its element gets, temperature_degc what stands at the control thermocouple (None: it
    is broken), tube_degc the work tube. Of a supply: output_kv is what is at its output, without a sign. Of pumps and
    gases: what flows.
    """
    now_ns = laboratory.scheduler.now_ns
    found: Truth = {}
    for name, supply in laboratory.scene.supplies.items():
        found[name] = {"on": supply.enabled, "output_kv": supply.output_kv(now_ns)}
    for name in laboratory.bench.pumps:
        found[name] = {"flow_ml_h": laboratory.plunger(name).flow_ml_h(now_ns)}
    for name, hearth in laboratory.hearths.items():
        furnace = hearth.furnace
        couple_degc = furnace.temperature_degc(now_ns)
        found[name] = {
            "power_pct": furnace.power_pct(now_ns),
            "temperature_degc": None if isnan(couple_degc) else couple_degc,
            "tube_degc": furnace.tube_degc(now_ns),
        }
        for gas, controller in hearth.gases.items():
            found[gas] = {"flow_sccm": controller.flow_sccm(now_ns)}
    return {name: found[name] for name in laboratory.bench.instruments if name in found}
