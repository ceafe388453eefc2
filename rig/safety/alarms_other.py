"""Alarms that are no condition: what a unit, a line or the record has to say."""

from __future__ import annotations

from typing import Final

from rig.safety.alarms import RE_ALARM_S, RESPONSE_S, AlarmDefinition
from rig.safety.conditions import Priority

RIG: Final = "rig"
"""The group of what concerns no unit in particular."""

LOST_DELAY_S: Final = 5.0
"""An instrument may be silent so long before that is an alarm of its own; conditions that need it trip much sooner."""

UNPROVED, FAILED, BREACH = "hv-unproved", "step-failed", "breach"
INTERNAL, RECORD = "internal-error", "record-failed"


def hv_unproved(unit: str) -> AlarmDefinition:
    """High voltage is wanted off and nobody has read it as off."""
    return AlarmDefinition(
        tag=f"{UNPROVED}:{unit}",
        title="HV UNPROVED",
        group=unit,
        priority=Priority.HIGHEST,
        cause="The supply does not answer, does not obey, or its read-back stays above the limit of the proof.",
        consequence="The electrodes may be live. The run waits, nobody is asked to open anything.",
        what_to_do="Keep the door shut. Switch the supply's mains off, earth its output, attest both at the rig.",
        action="off is told again each second; a person is asked to attest",
        source="safety rule 5",
        limit="60 V or two steps of the monitor, three readings, output off",
        response_s=RESPONSE_S[Priority.HIGHEST],
        re_alarm_s=RE_ALARM_S[Priority.HIGHEST],
        safety=True,
    )


def step_failed(unit: str) -> AlarmDefinition:
    """A step could not go on."""
    return AlarmDefinition(
        tag=f"{FAILED}:{unit}",
        title="Step failed",
        group=unit,
        priority=Priority.HIGH,
        cause="A state took longer than it may, or what the step waits for can no longer come.",
        consequence="The step is lost; the unit is aborted.",
        what_to_do="Read the reason, look at the instrument it names, then clear at the rig.",
        action=f"abort of {unit}",
        source="the time-outs of the unit's states",
        limit="the state's own time-out, or the step's own test",
        response_s=RESPONSE_S[Priority.HIGH],
        latching=True,
        safety=True,
    )


def breach(unit: str) -> AlarmDefinition:
    """The guard was asked for what must not be."""
    return AlarmDefinition(
        tag=f"{BREACH}:{unit}",
        title="Request beyond a limit",
        group=unit,
        priority=Priority.HIGHEST,
        cause="A fault of this program above the guard.",
        consequence="Every output of the unit off; the run is aborted.",
        what_to_do="Leave the rig as it is and report the run's folder. Do not run this recipe again before that.",
        action=f"all outputs of {unit} off, abort of {unit}",
        source="safety rule 11.3: no set point beyond a limit",
        limit="the smaller of the rig's and the instrument's limits",
        response_s=RESPONSE_S[Priority.HIGHEST],
        re_alarm_s=RE_ALARM_S[Priority.HIGHEST],
        latching=True,
        safety=True,
    )


def instrument_lost(instrument: str, unit: str) -> AlarmDefinition:
    """Nothing good comes from an instrument any more; its readings are bad, never the last good ones."""
    return AlarmDefinition(
        tag=f"instrument-lost:{instrument}",
        title="Instrument lost",
        group=unit,
        priority=Priority.MEDIUM,
        cause="Cable out, instrument without mains, wrong address, or a disturbed line.",
        consequence="Its readings are bad and nothing is recorded from it; an output of it counts as on.",
        what_to_do="Look at the instrument's mains and cable. Its line is opened again each second by itself.",
        action="its readings are bad at once: every condition that needs one of them trips on that by itself",
        source="safety rules 1 and 4: a bad reading is a tripped reading, an unknown output counts as on",
        limit="one good reading, a line that is open",
        on_delay_s=LOST_DELAY_S,
        off_delay_s=2.0,
        response_s=RESPONSE_S[Priority.MEDIUM],
    )


def internal_error() -> AlarmDefinition:
    """The program broke above the lines."""
    return AlarmDefinition(
        tag=INTERNAL,
        title="Internal error",
        group=RIG,
        priority=Priority.HIGHEST,
        cause="A fault of this program.",
        consequence="Every output but gas is told off, again each second; every run ends as failed.",
        what_to_do="Keep away until high voltage is proved off and the tube is cold, then start the program again.",
        action="every output but gas off; runs end as failed",
        source="safety rules 6 and 11.9",
        limit="no exception",
        response_s=RESPONSE_S[Priority.HIGHEST],
        re_alarm_s=RE_ALARM_S[Priority.HIGHEST],
        latching=True,
        safety=True,
    )


def record_failed() -> AlarmDefinition:
    """The journal or the samples cannot be written."""
    return AlarmDefinition(
        tag=RECORD,
        title="Record cannot be written",
        group=RIG,
        priority=Priority.HIGH,
        cause="Disk full, folder gone or not writable, or a disk too slow to keep up.",
        consequence="What happens now is not on record. Nothing is energised that is not recorded first.",
        what_to_do="Make room on the disk. End the run; what is on may stay on, but nobody can show what it did.",
        action="nothing new is energised",
        source="safety rule 11.9: every energising event precedes its bytes",
        limit="each event written within its time",
        response_s=RESPONSE_S[Priority.HIGH],
    )
