"""When an instrument of a furnace does not stand as it was told, or was found as it should not be.

A flow controller that lost its mains for a moment comes back with whatever it keeps; that of an inert gas is told
again (`GasOutlet`), since gas over a hot tube is its safe side. A controller that has forgotten its program is not, nor
is a reactive gas opened again: nothing re-energises by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rig.outputs import FurnaceOutput, GasOutput
from rig.safety.conditions import Condition, Finding, Situation, Then
from rig.safety.heating_scope import Scope
from rig.safety.priorities import AtRisk, Respond

PROGRAM: Final = {0.0: "reset", 4.0: "ended"}
"""States of a programmer (rig/instruments/roles.py) in which it does not heat."""


def forgot_conditions(scope: Scope, gases: Sequence[str], reactive: Sequence[str]) -> list[Condition]:
    """The program lost; each set point lost; a reactive gas that let go; inert gas that was put on at a start."""
    return [
        _program(scope),
        *(_setpoint(scope, gas) for gas in gases),
        *(_reactive(scope, gas) for gas in reactive),
        _put_on(scope),
    ]


def _program(scope: Scope) -> Condition:
    channel = f"{scope.furnace}.program"

    def lost(situation: Situation) -> Finding | None:
        view = situation.outputs[scope.furnace]
        reading = situation.readings.get(channel)
        if not isinstance(view.told, FurnaceOutput) or not view.told.energised:
            return None
        if reading is None or reading.value is None or reading.t_ns <= view.told_ns:
            return None
        words = PROGRAM.get(reading.value)
        if words is None:
            return None
        return Finding(
            f"{scope.furnace} was told to {view.told.mode} its program, and its programmer is {words}.",
            words,
            view.told.mode,
        )

    return scope.condition(
        "program-lost", "Furnace controller has lost its program", lost, on_delay_s=2.0,
        limit="the program that was loaded, running or held",
        cause="The controller lost its mains for a moment, somebody reset it at its panel, or the program came to its "
        "end before the step.",
        what_to_do="Look at the controller's display and mains. Nothing is heated again before a new start.",
        source="safety rule 11.7: nothing re-energises without a person",
    )  # fmt: skip


def _stands_elsewhere(situation: Situation, gas: str, lower_only: bool = False) -> Finding | None:
    view = situation.outputs[gas]
    if view.found is None or not isinstance(view.told, GasOutput):
        return None
    shown_sccm, told_sccm = view.found.flow_sccm, view.told.flow_sccm
    if lower_only and shown_sccm > told_sccm:
        return None
    return Finding(
        f"{gas} stands at {shown_sccm:g} sccm, and was told {told_sccm:g} sccm.",
        f"{shown_sccm:g} sccm",
        f"{told_sccm:g} sccm",
    )


def _reactive(scope: Scope, gas: str) -> Condition:
    return scope.condition(
        f"reactive-gas-dropped:{gas}", "Reactive gas has let go",
        lambda situation: _stands_elsewhere(situation, gas, lower_only=True), armed=lambda situation: True,
        limit="half a step of its set point, in two readings",
        cause="Its flow controller lost its mains for a moment, or was turned at its panel.",
        consequence="Heater off, the gas closed; it is not opened again by itself. The heat treatment is lost.",
        what_to_do="Look at the flow controller's mains and panel.",
        source="safety rules 3 and 11.7: nothing re-energises without a person",
    )  # fmt: skip


def _setpoint(scope: Scope, gas: str) -> Condition:
    return scope.condition(
        f"set-point-lost:{gas}", "Flow controller has lost its set point",
        lambda situation: _stands_elsewhere(situation, gas), armed=lambda situation: True,
        takes=(), then=Then.NONE, latch=False, off_delay_s=10.0,
        at_risk=AtRisk.SAMPLE, respond=Respond.WITHIN_THE_HOUR,
        limit="half a step of its set point, in two readings",
        cause="It lost its mains for a moment, or was turned at its panel.",
        consequence="It is told again each second. Inert gas that is found flowing more over a tube that is not cold "
        "is left so, unless the exhaust is lost.",
        what_to_do="Look at the controller's mains and panel. While its gas stood still the step was not as written.",
        source="safety rule 3: inert gas is held over a hot tube",
    )  # fmt: skip


def _put_on(scope: Scope) -> Condition:
    def found(situation: Situation) -> Finding | None:
        facts = scope.facts(situation)
        if facts.put_on is None or not scope.hot(situation, facts.open_degc):
            return None
        return Finding(facts.put_on, "no inert gas", f"{facts.hot_minimum_sccm:g} sccm")

    return scope.condition(
        "gas-put-on", "Tube found hot without inert gas", found, armed=lambda situation: True,
        takes=(), then=Then.NONE, latch=False,
        at_risk=AtRisk.SAMPLE, respond=Respond.WITHIN_THE_HOUR,
        limit="a set point above nothing over a tube that is not proved cold",
        cause="Mains or gas failed, or somebody closed it, while the tube was hot.",
        consequence="The first inert gas is put on at its hot minimum, until the tube is cold.",
        what_to_do="See that it flows, and the exhaust too. Air may have been in the tube: do not heat it before a "
        "purge.",
        source="safety rule 8: every start",
    )  # fmt: skip
