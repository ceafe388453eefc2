"""Alarms that are no condition: what a unit, a line or the record has to say."""

from __future__ import annotations

from typing import Final

from rig.safety.alarms import AlarmDefinition
from rig.safety.priorities import AtRisk, Respond

RIG: Final = "rig"
"""The group of what concerns no unit in particular."""

LOST_DELAY_S: Final = 5.0
"""An instrument may be silent so long before that is an alarm of its own; conditions that need it trip much sooner."""

UNPROVED, FAILED, BREACH, NOT_OFF = "hv-unproved", "step-failed", "breach", "not-off"
TUBE_SHUT = "tube-shut"
INTERNAL, RECORD = "internal-error", "record-failed"
MARKS, DOUBTED = "marks-lost", "thermocouple-doubted"


def hv_unproved(unit: str) -> AlarmDefinition:
    """High voltage is wanted off and nobody has read it as off."""
    return AlarmDefinition(
        tag=f"{UNPROVED}:{unit}",
        title="HV UNPROVED",
        group=unit,
        at_risk=AtRisk.PERSON,
        respond=Respond.AT_ONCE,
        cause="The supply does not answer, does not obey, or its read-back stays above the limit of the proof.",
        consequence="The electrodes may be live. The run waits, nobody is asked to open anything.",
        what_to_do="Keep the door shut. Switch the supply's mains off, earth its output, attest both at the rig.",
        action="off is told again each second; a person is asked to attest",
        source="safety rule 5",
        limit="60 V or two steps of the monitor, three readings, output off",
        safety=True,
    )


def not_off(unit: str) -> AlarmDefinition:
    """A pump or a heater was told off, and nobody has read it as off."""
    return AlarmDefinition(
        tag=f"{NOT_OFF}:{unit}",
        title="Pump or heater not proved off",
        group=unit,
        at_risk=AtRisk.RIG,
        respond=Respond.AT_ONCE,
        cause="The instrument does not answer, or does not obey.",
        consequence="It may go on pumping or heating; the unit is not put back to Idle before it is read back off.",
        what_to_do="Look at the instrument. If it does not stop, switch its mains off.",
        action="off is told again each second",
        source="safety rules 1 and 3: proved means read back",
        limit="off acknowledged and read back within 5 s",
        safety=True,
    )


def tube_shut(unit: str) -> AlarmDefinition:
    """Somebody is to be sent to a furnace's tube, may not be, and nothing brings the end of that nearer."""
    return AlarmDefinition(
        tag=f"{TUBE_SHUT}:{unit}",
        title="Nobody can be sent to the tube",
        group=unit,
        at_risk=AtRisk.PERSON,
        respond=Respond.WITHIN_THE_HOUR,
        cause="The tube's temperature cannot be read, or no gas flows that would flush it of what pyrolysis gave off.",
        consequence="The run waits, with the heater off; nobody is asked to open anything.",
        what_to_do="Do not open the tube. Look at thermocouple, gas and exhaust. A flush made by hand is attested at "
        "the rig; a stop ends the wait.",
        action="questions are not put; a person is asked to attest the flush",
        source="safety rule 4: opening after pyrolysis",
        limit="known to be below its open limit, and flushed or being flushed",
        on_delay_s=0.0,
        safety=True,
    )


def step_failed(unit: str) -> AlarmDefinition:
    """A step could not go on."""
    return AlarmDefinition(
        tag=f"{FAILED}:{unit}",
        title="Step failed",
        group=unit,
        at_risk=AtRisk.NOTHING,
        respond=Respond.BEFORE_NEXT_START,
        cause="A state took longer than it may, or what the step waits for can no longer come.",
        consequence="The step is lost; the unit is aborted.",
        what_to_do="Read the reason, look at the instrument it names, then clear at the rig.",
        action=f"abort of {unit}",
        source="the time-outs of the unit's states",
        limit="the state's own time-out, or the step's own test",
        latching=True,
        safety=True,
    )


def breach(unit: str) -> AlarmDefinition:
    """The guard was asked for what must not be."""
    return AlarmDefinition(
        tag=f"{BREACH}:{unit}",
        title="Request beyond a limit",
        group=unit,
        at_risk=AtRisk.NOTHING,
        respond=Respond.BEFORE_NEXT_START,
        cause="A fault of this program above the guard.",
        consequence="Every output of the unit off; the run is aborted.",
        what_to_do="Leave the rig as it is and report the run's folder. Do not run this recipe again before that.",
        action=f"all outputs of {unit} off, abort of {unit}",
        source="safety rule 11.3: no set point beyond a limit",
        limit="the smaller of the rig's and the instrument's limits",
        latching=True,
        safety=True,
    )


def instrument_lost(instrument: str, unit: str) -> AlarmDefinition:
    """Nothing good comes from an instrument any more; its readings are bad, never the last good ones."""
    return AlarmDefinition(
        tag=f"instrument-lost:{instrument}",
        title="Instrument lost",
        group=unit,
        at_risk=AtRisk.SAMPLE,
        respond=Respond.WITHIN_THE_HOUR,
        cause="Cable out, instrument without mains, wrong address, or a disturbed line.",
        consequence="Its readings are bad and nothing is recorded from it; an output of it counts as on.",
        what_to_do="Look at the instrument's mains and cable. Its line is opened again each second by itself.",
        action="its readings are bad at once: every condition that needs one of them trips on that by itself",
        source="safety rules 1 and 4: a bad reading is a tripped reading, an unknown output counts as on",
        limit="one good reading, a line that is open",
        on_delay_s=LOST_DELAY_S,
        off_delay_s=2.0,
    )


def internal_error() -> AlarmDefinition:
    """The program broke above the lines."""
    return AlarmDefinition(
        tag=INTERNAL,
        title="Internal error",
        group=RIG,
        at_risk=AtRisk.PERSON,
        respond=Respond.AT_ONCE,
        cause="A fault of this program.",
        consequence="Every output but gas is told off, again each second; every run ends as failed.",
        what_to_do="Keep away until high voltage is proved off and the tube is cold, then start the program again.",
        action="every output but gas off; runs end as failed",
        source="safety rules 6 and 11.9",
        limit="no exception",
        latching=True,
        safety=True,
    )


def record_failed() -> AlarmDefinition:
    """The journal or the samples cannot be written."""
    return AlarmDefinition(
        tag=RECORD,
        title="Record cannot be written",
        group=RIG,
        at_risk=AtRisk.SAMPLE,
        respond=Respond.SOON,
        cause="Disk full, folder gone or not writable, or a disk too slow to keep up.",
        consequence="What happens now is not on record. Nothing is energised that is not recorded first.",
        what_to_do="Make room on the disk. End the run; what is on may stay on, but nobody can show what it did.",
        action="nothing new is energised",
        source="safety rule 11.9: every energising event precedes its bytes",
        limit="each event written within its time",
    )


def marks_lost() -> AlarmDefinition:
    """What is to outlast the program does not."""
    return AlarmDefinition(
        tag=MARKS,
        title="Marks of the rig damaged or not kept",
        group=RIG,
        at_risk=AtRisk.NOTHING,
        respond=Respond.BEFORE_NEXT_START,
        cause="The rig's file in the state folder was damaged, or cannot be written.",
        consequence="Damaged: every alarm is in service, every thermocouple in doubt. Not written: so it will be.",
        what_to_do="Look at the file that is named. Take out of service again what is to be, vouch for thermocouples.",
        action="every alarm in service, every tube counted as hot as it can be",
        source="own choice: what nobody knows hides nothing and proves nothing",
        limit="a file that can be read and written",
    )


def doubted_tag(furnace: str) -> str:
    """The tag of the alarm that a furnace's thermocouple is in doubt."""
    return f"{DOUBTED}:{furnace}"


def thermocouple_doubted(furnace: str) -> AlarmDefinition:
    """Something has spoken against a thermocouple, and nobody has vouched for it since."""
    return AlarmDefinition(
        tag=doubted_tag(furnace),
        title="Thermocouple in doubt",
        group=furnace,
        at_risk=AtRisk.PERSON,
        respond=Respond.BEFORE_NEXT_START,
        cause="It was unread, broken, leaping, falling, frozen or reversed, or the furnace did not heat by it.",
        consequence="Its tube counts as hot as it can still be; after a restart as hot as the furnace gets.",
        what_to_do="Check or replace it, then vouch for it at the rig: spinrig alarms trust FURNACE --reason TEXT.",
        action="the tube is not believed to be cold by its reading",
        source="safety rule 4: a sensor in doubt proves nothing",
        limit="nothing that speaks against it since a person has vouched for it",
    )
