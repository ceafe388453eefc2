"""The conditions of a spinning station, each declared once (safety rules 2 to 5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from rig.outputs import HvOutput, PumpOutput
from rig.safety.conditions import Condition, Finding, Situation, Then
from rig.safety.limits import SPIN_INTERLOCKS, HvLimits, proof_threshold_kv
from rig.safety.priorities import AtRisk, Respond

EXHAUST_DELAY_S = 3.0
"""Vane switches flutter; the rules allow at most 5 s."""

DROPPED_DELAY_S = 0.5
"""A supply or pump told to run has this long to be seen running before it counts as having dropped out."""

LIVE_DELAY_S = 1.0
"""A supply that was just told off has this long to be read as off."""

CHARGED_DELAY_S = 60.0
"""So long an output without its supply may take to discharge before that is an alarm of its own."""

DARK_DELAY_S = 2.0

OFF_TARGET = 0.03
OFF_TARGET_STEPS = 4
"""A supply may read this share of its programmed voltage away from it, or so many steps of its monitor: three times
what makers promise of programme and monitor together."""
OFF_TARGET_DELAY_S = 15.0
"""A reading runs behind a ramp: by 0.13 s it is too far away for 4 s, whatever the ramp's rate."""

TWIN_DELAY_S = 1.0
"""Two contacts of one switch may differ for so long while it moves (safety rule 9)."""

ARC = "arc"
"""The tag of an arc after which the recipe allows to ramp up again."""


def _arcs_left(situation: Situation) -> int:
    facts = situation.facts
    return facts.arcs_left if facts is not None else 0


def _live(situation: Situation) -> bool:
    return situation.live


def _live_or_at_work(situation: Situation) -> bool:
    return situation.live or situation.at_work


def _contact(channel: str, sentence: str) -> Callable[[Situation], Finding | None]:
    def test(situation: Situation) -> Finding | None:
        if situation.readings.value(channel) == 0:
            return Finding(sentence, "not healthy", "healthy")
        return None

    return test


def _unread(channel: str, what: str) -> Callable[[Situation], Finding | None]:
    def test(situation: Situation) -> Finding | None:
        if situation.readings.value(channel) is None:
            why = situation.readings.explain(channel)
            return Finding(f"{what} cannot be read: {why}", why, "a good reading")
        return None

    return test


def contact_conditions(inputs: str, names: Iterable[str]) -> list[Condition]:
    """Door, emergency stop and exhaust of one input module. `inputs` is its name ("inputs.bench").

    The tag is the kind's alone for the usual channel ("door"); any further door has its channel behind it. Door and
    exhaust are looked at while something is live; an emergency stop is meant for the work, and for what comes next.
    """
    conditions: list[Condition] = []
    for name in names:
        channel = f"{inputs}.{name}"
        armed = _live
        if name.startswith("emergency_stop"):
            armed = _live_or_at_work
            tag, title, sentence = (
                "emergency-stop",
                "Emergency stop pressed",
                "The emergency stop is pressed.",
            )
            cause = "Somebody pressed the emergency stop, or its circuit is broken."
            what = "Find out why. Reset it at the rig by hand, then clear here."
            unit, delay_s = "*", 0.0
            respond = Respond.SOON  # of what made somebody press it nothing is known here
        elif name.startswith("door"):
            tag, title, sentence = "door", "Chamber door open", "The chamber door is open."
            cause = "The door was opened, or its switch or cable is broken."
            what = (
                "Earth needle and collector before touching anything. Close the door, then clear at the rig."
            )
            unit, delay_s = "spin", 0.0
            respond = Respond.BEFORE_NEXT_START  # whoever reaches in: it is off, and not earthed
        elif name.startswith("exhaust"):
            tag, title, sentence = (
                "chamber-exhaust",
                "Chamber exhaust off",
                "The chamber exhaust does not flow.",
            )
            cause = "Fan off, duct blocked, or the flow switch is broken."
            what = (
                "Solvent vapour may collect. Restore the exhaust, let it run 5 chamber volumes, then clear."
            )
            unit, delay_s = "spin", EXHAUST_DELAY_S
            respond = Respond.WITHIN_THE_HOUR
        else:
            continue
        if name not in SPIN_INTERLOCKS:
            tag = f"{tag}:{name}"
        common = {
            "unit": unit,
            "takes": ("hv", "pump"),
            "armed": armed,
            "then": Then.ABORT,
            "consequence": "High voltage off, pumps stopped; the spinning step is lost.",
        }
        conditions.append(
            Condition(
                tag=tag,
                title=title,
                test=_contact(channel, sentence),
                at_risk=AtRisk.PERSON,
                respond=respond,
                cause=cause,
                what_to_do=what,
                source="safety rule 4",
                on_delay_s=delay_s,
                **common,  # type: ignore[arg-type]
            )
        )
        conditions.append(
            Condition(
                tag=f"{tag}-unread",
                title=f"{title.split()[0]} input cannot be read",
                test=_unread(channel, channel),
                at_risk=AtRisk.NOTHING,
                respond=Respond.BEFORE_NEXT_START,
                cause="The input module's line is dead, slow or disturbed. This is not the switch itself.",
                what_to_do="Check the module's supply and cable; then clear at the rig.",
                source="safety rule 4: a reading that is stale or bad is a tripped reading",
                **common,  # type: ignore[arg-type]
            )
        )
    return conditions


def supply_conditions(name: str, limits: HvLimits, monitor_step_kv: float) -> list[Condition]:
    """One high-voltage supply ("hv.needle"). When one supply of a unit trips, all of them go.

    What trips it leaves nothing at risk: that it is off is another matter, and if that cannot be proved, `supply-live`,
    `supply-charged`, `supply-dark` and HV UNPROVED say so.
    """
    voltage, output = f"{name}.voltage_kv", f"{name}.output"
    fault, current_mode = f"{name}.fault", f"{name}.current_mode"

    def armed(situation: Situation) -> bool:
        view = situation.outputs[name]
        return view.wanted or (view.told_on and view.told is not None)

    def live(situation: Situation) -> bool:
        return situation.live

    def to_spare(situation: Situation) -> bool:
        return armed(situation) and _arcs_left(situation) > 0

    def none_to_spare(situation: Situation) -> bool:
        return armed(situation) and _arcs_left(situation) == 0

    def arced(situation: Situation) -> Finding | None:
        return faulted(situation) or limited(situation)

    def faulted(situation: Situation) -> Finding | None:
        if situation.readings.value(fault) == 1:
            return Finding(f"{name} reports a fault (interlock, arc or internal).", "fault", "no fault")
        return None

    def limited(situation: Situation) -> Finding | None:
        if situation.readings.value(current_mode) == 1:
            current = situation.readings.value(f"{name}.current_ua")
            return Finding(
                f"{name} is in current limit: something draws more than {limits.current_ua.value:g} µA.",
                "unknown" if current is None else f"{current:.1f} µA",
                f"{limits.current_ua.value:g} µA",
            )
        return None

    def over(situation: Situation, band_kv: float = 0.0) -> Finding | None:
        measured = situation.readings.value(voltage)
        if measured is not None and abs(measured) > limits.voltage_kv.value + 2 * monitor_step_kv - band_kv:
            return Finding(
                f"{name} reads {measured:.2f} kV, above the rig's limit of {limits.voltage_kv.value:g} kV.",
                f"{measured:.2f} kV",
                f"{limits.voltage_kv.value:g} kV",
            )
        return None

    def off_target(situation: Situation, band_kv: float = 0.0) -> Finding | None:
        view, measured = situation.outputs[name], situation.readings.value(voltage)
        if not isinstance(view.told, HvOutput) or not view.told.on or measured is None:
            return None
        wanted_kv = view.told.voltage_kv
        allowed_kv = max(OFF_TARGET * abs(wanted_kv), OFF_TARGET_STEPS * monitor_step_kv)
        if abs(abs(measured) - abs(wanted_kv)) <= allowed_kv - band_kv:
            return None
        return Finding(
            f"{name} reads {measured:.2f} kV and was told {wanted_kv:.2f} kV.",
            f"{measured:.2f} kV",
            f"{wanted_kv:.2f} kV",
        )

    def dropped(situation: Situation) -> Finding | None:
        view = situation.outputs[name]
        if not isinstance(view.told, HvOutput) or not view.told.on:
            return None
        reading = situation.readings.get(output)
        if reading is not None and reading.value == 0 and reading.t_ns > view.told_ns:
            return Finding(f"{name} was told on but says its output is off.", "off", "on")
        return None

    def failed(situation: Situation) -> Finding | None:
        why = situation.outputs[name].failed
        if why is not None:
            return Finding(f"{name} did not take an order: {why}", why, "acknowledged")
        return None

    def lapsed(situation: Situation) -> Finding | None:
        if situation.outputs[name].lapsed:
            return Finding(
                f"{name} was let go by its line because the scan had stopped.", "lapsed", "renewed each scan"
            )
        return None

    def unwanted(situation: Situation) -> bool:
        return not situation.outputs[name].wanted

    def live_though_off(situation: Situation) -> Finding | None:
        if situation.readings.value(output) == 1:
            return Finding(f"{name} says its output is ON, and nobody wants it on. Keep away.", "on", "off")
        return None

    def charged(situation: Situation) -> Finding | None:
        measured = situation.readings.value(voltage)
        limit_kv = proof_threshold_kv(monitor_step_kv)
        if measured is not None and abs(measured) > limit_kv:
            return Finding(
                f"{name} still reads {measured:.2f} kV, and nobody wants it on. Keep away.",
                f"{measured:.2f} kV",
                f"{limit_kv * 1000:.0f} V",
            )
        return None

    def declare(
        tag: str, title: str, test: Callable[[Situation], Finding | None], **more: object
    ) -> Condition:
        values: dict[str, object] = {
            "tag": f"{tag}:{name}",
            "title": title,
            "unit": "spin",
            "takes": ("hv", "pump"),
            "armed": armed,
            "test": test,
            "then": Then.ABORT,
            "at_risk": AtRisk.NOTHING,
            "respond": Respond.BEFORE_NEXT_START,
            "consequence": "High voltage off, pumps stopped; the spinning step is lost.",
            "source": "safety rules 3 and 4",
        }
        return Condition(**(values | more))  # type: ignore[arg-type]

    return [
        declare(
            "supply-fault",
            "High-voltage supply fault",
            faulted,
            armed=none_to_spare,
            cause="Interlock chain open, arc, or a fault inside the supply.",
            what_to_do="Look for an arc trace and a wet collector; check the interlock chain; then clear at the rig.",
        ),
        declare(
            "supply-current-limit",
            "High-voltage current limit",
            limited,
            armed=none_to_spare,
            limit=f"{limits.current_ua.value:g} µA, by the supply's own limiter",
            cause="Arc, solvent bridge from needle to collector, damaged cable, or corona from a dry needle.",
            what_to_do="Let it discharge, earth it, look for the path; then clear at the rig.",
        ),
        declare(
            ARC,
            "Arc, and the recipe allows to ramp up again",
            arced,
            armed=to_spare,
            then=Then.HOLD,
            limit="no fault, no current limit",
            consequence="High voltage off, pumps stopped; then ramped up again by itself, or aborted.",
            cause="An arc, or a solvent bridge from needle to collector.",
            what_to_do="Keep the door shut: it may be ramped up again. Hold, stop or abort it to look for the path.",
        ),
        declare(
            "supply-over-limit",
            "High voltage above the limit",
            over,
            armed=live,
            limit=f"{limits.voltage_kv.value:g} kV and two steps of the monitor",
            measured_in="kV",
            dead_band=2 * monitor_step_kv,
            release=lambda situation: over(situation, 2 * monitor_step_kv),
            cause="The supply does not obey its programme, or its read-back is wrong.",
            what_to_do="Switch the supply's mains off. Do not use it before it has been checked.",
            at_risk=AtRisk.PERSON,
            respond=Respond.BEFORE_NEXT_START,
        ),
        declare(
            "supply-off-target",
            "High voltage is not what was asked for",
            off_target,
            takes=(),
            then=Then.NONE,
            at_risk=AtRisk.SAMPLE,
            respond=Respond.SOON,
            on_delay_s=OFF_TARGET_DELAY_S,
            latch=False,
            dead_band=monitor_step_kv,
            release=lambda situation: off_target(situation, monitor_step_kv),
            limit=f"{OFF_TARGET:.0%} of the programmed voltage, at least {OFF_TARGET_STEPS} steps of the monitor",
            measured_in="kV",
            consequence="Another voltage than the recipe's, or a wrong read-back. Nothing is switched off.",
            cause="The monitor or its converter is off, the supply sags under load, or its programme has drifted.",
            what_to_do="Stop the step. Have the supply's programme and monitor checked against a divider.",
            source="own choice: a proof of off is only as good as this reading",
        ),
        declare(
            "supply-dropped",
            "High voltage dropped out",
            dropped,
            on_delay_s=DROPPED_DELAY_S,
            cause="The supply switched itself off: interlock, own watchdog, front panel.",
            what_to_do="Find out why before starting again.",
        ),
        declare(
            "supply-unread",
            "High-voltage supply cannot be read",
            _unread(output, name),
            cause="Cable out, supply without mains, or a disturbed line. It counts as on.",
            what_to_do="Keep the door shut. Check the cable; or switch its mains off, earth the output, attest both.",
        ),
        declare(
            "supply-live",
            "HV UNPROVED: the supply is on though told off",
            live_though_off,
            armed=unwanted,
            on_delay_s=LIVE_DELAY_S,
            cause="Switched on at its front panel, or it does not obey.",
            what_to_do="Keep the door shut, keep away. Switch the supply's mains off, earth its output, attest both.",
            at_risk=AtRisk.PERSON,
            respond=Respond.AT_ONCE,
            source="safety rule 5",
        ),
        declare(
            "supply-charged",
            "HV UNPROVED: the output does not discharge",
            charged,
            armed=unwanted,
            limit=f"{proof_threshold_kv(monitor_step_kv) * 1000:.0f} V",
            measured_in="kV",
            on_delay_s=CHARGED_DELAY_S,
            cause="No bleed resistor, a broken divider, or a supply that does not obey.",
            what_to_do="Keep the door shut, keep away. Switch the supply's mains off, earth its output, attest both.",
            at_risk=AtRisk.PERSON,
            respond=Respond.AT_ONCE,
            source="safety rule 5",
        ),
        declare(
            "supply-dark",
            "HV UNPROVED: the supply cannot be read",
            _unread(output, name),
            armed=unwanted,
            on_delay_s=DARK_DELAY_S,
            cause="Cable out, supply without mains, or a disturbed line. It counts as on.",
            what_to_do="Keep the door shut. Check the cable; or switch its mains off, earth the output, attest both.",
            at_risk=AtRisk.PERSON,
            respond=Respond.AT_ONCE,
            source="safety rule 5",
        ),
        declare(
            "supply-order-failed",
            "High-voltage supply did not take an order",
            failed,
            cause="The supply refused or did not answer; its state is unknown and counts as on.",
            what_to_do="Keep the door shut until it is proved off.",
        ),
        declare(
            "lease-lapsed",
            "Scan stalled",
            lapsed,
            armed=lambda situation: True,
            cause="The program or its computer stood still, so the line switched its instruments off by itself.",
            what_to_do="Check the computer's load before starting again.",
        ),
    ]


def pump_conditions(name: str) -> list[Condition]:
    """One syringe pump ("pumps.a"): high voltage goes off within 1 s of a stall, an empty syringe or silence."""
    running = f"{name}.running"

    def armed(situation: Situation) -> bool:
        view = situation.outputs[name]
        return view.wanted or (view.told_on and view.told is not None)

    def stopped(situation: Situation) -> Finding | None:
        view = situation.outputs[name]
        if not isinstance(view.told, PumpOutput) or not view.told.running:
            return None
        reading = situation.readings.get(running)
        if reading is not None and reading.value == 0 and reading.t_ns > view.told_ns:
            return Finding(f"{name} was told to run but says it has stopped.", "stopped", "running")
        return None

    def failed(situation: Situation) -> Finding | None:
        why = situation.outputs[name].failed
        if why is not None:
            return Finding(f"{name} did not take an order: {why}", why, "acknowledged")
        return None

    def lapsed(situation: Situation) -> Finding | None:
        if situation.outputs[name].lapsed:
            return Finding(
                f"{name} was let go by its line because the scan had stopped.", "lapsed", "renewed each scan"
            )
        return None

    def declare(
        tag: str, title: str, test: Callable[[Situation], Finding | None], **more: object
    ) -> Condition:
        values: dict[str, object] = {
            "tag": f"{tag}:{name}",
            "title": title,
            "unit": "spin",
            "takes": ("hv", "pump"),
            "armed": armed,
            "test": test,
            "then": Then.ABORT,
            "at_risk": AtRisk.NOTHING,
            "respond": Respond.BEFORE_NEXT_START,
            "consequence": "High voltage off, pumps stopped; the spinning step is lost.",
            "source": "safety rule 4",
            "within_s": 1.0,
        }
        return Condition(**(values | more))  # type: ignore[arg-type]

    return [
        declare(
            "pump-stopped",
            "Syringe pump stopped",
            stopped,
            cause="Somebody pressed stop at the pump, or it lost its power for a moment.",
            what_to_do="Look at the pump's display; prime again before restarting.",
        ),
        declare(
            "pump-unread",
            "Syringe pump cannot be read",
            _unread(running, name),
            cause="Alarm of the pump (stalled, reset, time-out), cable out, or a disturbed line.",
            what_to_do="Look at the pump and the syringe: end of travel, blocked needle, loose cable.",
        ),
        declare(
            "pump-order-failed",
            "Syringe pump did not take an order",
            failed,
            cause="The pump refused or did not answer; its state is unknown and counts as running.",
            what_to_do="Look at the pump's display.",
        ),
        declare(
            "pump-lease-lapsed",
            "Scan stalled",
            lapsed,
            armed=lambda situation: True,
            cause="The program or its computer stood still, so the line stopped its pumps by itself.",
            what_to_do="Check the computer's load before starting again.",
        ),
    ]


def twin_condition(first: str, second: str) -> Condition:
    """Two contacts of one switch: where they differ for longer than it takes to move it, one of them lies.

    It is looked at in every state, for it is the opening of the door that shows a contact that sticks.
    """

    def differ(situation: Situation) -> Finding | None:
        values = situation.readings.value(first), situation.readings.value(second)
        if None in values or values[0] == values[1]:
            return None  # one that cannot be read trips by itself
        open_one, shut_one = (first, second) if values[0] == 0 else (second, first)
        return Finding(f"{open_one} says open and {shut_one} says closed.", "they differ", "they agree")

    return Condition(
        tag=f"twin:{first.rpartition('.')[2]}",
        title="Two contacts of one switch differ",
        unit="spin",
        takes=("hv", "pump"),
        armed=lambda situation: True,
        test=differ,
        then=Then.ABORT,
        at_risk=AtRisk.PERSON,
        respond=Respond.BEFORE_NEXT_START,
        cause="One of the two contacts sticks or is welded, its cable is broken, or the switch is out of adjustment.",
        consequence="High voltage and pumps stay off until it is cleared; a spinning step is lost.",
        what_to_do="Do not spin. Find out which contact lies, repair it, prove both (spinrig rig prove), then clear.",
        source="safety rule 9",
        on_delay_s=TWIN_DELAY_S,
        within_s=TWIN_DELAY_S + 0.5,
    )


def spin_conditions(
    inputs: Mapping[str, Sequence[str]],
    supplies: Mapping[str, tuple[HvLimits, float]],
    pumps: Sequence[str],
    twins: Sequence[tuple[str, str]] = (),
) -> tuple[Condition, ...]:
    """All conditions of a spinning station.

    inputs: module name to its channels' names; supplies: name to limits and the monitor's resolution step in kV; twins:
    full names of two contacts of the same switch.
    """
    conditions: list[Condition] = []
    for module, names in inputs.items():
        taken = {condition.tag for condition in conditions}
        conditions += [
            # The same contact on two modules: two conditions, each with a tag of its own.
            replace(condition, tag=f"{condition.tag}:{module}") if condition.tag in taken else condition
            for condition in contact_conditions(module, names)
        ]
    conditions += [twin_condition(first, second) for first, second in twins]
    for name, (limits, monitor_step_kv) in supplies.items():
        conditions += supply_conditions(name, limits, monitor_step_kv)
    for name in pumps:
        conditions += pump_conditions(name)
    # After a scan that stood still every reading is old: the first trip, which names the reason, is to be the stall.
    return tuple(sorted(conditions, key=lambda condition: "lease-lapsed" not in condition.tag))
