"""The status side every SCPI instrument has: error queue, event registers, status byte and the common commands.

Sources: IEEE 488.2 (status byte, standard event register), SCPI-1999 volume 1, chapters 9 and 20. Event registers clear
when they are read.
"""

from __future__ import annotations

from rig.emulators.scpi import ErrorQueue, number

ERROR_AVAILABLE, QUESTIONABLE, MESSAGE, STANDARD, SERVICE, OPERATION = 4, 8, 16, 32, 64, 128
OPERATION_COMPLETE, EXECUTION_ERROR, COMMAND_ERROR, POWER_ON = 1, 16, 32, 128


class ScpiStatus:
    """Registers by name: "MEAS" (measurement, summary bit 0 of the status byte), "OPER", "QUES"."""

    def reset_status(self) -> None:
        """As after power-on."""
        self.errors = ErrorQueue()
        self.event = {"MEAS": 0, "OPER": 0, "QUES": 0}
        self.enable = {"MEAS": 0, "OPER": 0, "QUES": 0}
        self.standard_event = POWER_ON
        self.standard_enable = 0
        self.service_enable = 0

    def fail(self, code: int) -> None:
        """Note an error where a client can find it."""
        self.standard_event |= COMMAND_ERROR if -200 < code <= -100 else EXECUTION_ERROR
        self.errors.add(code)

    def condition(self, register: str) -> int:
        """The state of a register's conditions now; subclasses say what there is."""
        return 0

    def status_byte(self) -> int:
        """As *STB? and a serial poll give it."""
        byte = 1 if self.event["MEAS"] & self.enable["MEAS"] else 0
        if len(self.errors):
            byte |= ERROR_AVAILABLE
        if self.event["QUES"] & self.enable["QUES"]:
            byte |= QUESTIONABLE
        if self.standard_event & self.standard_enable:
            byte |= STANDARD
        if self.event["OPER"] & self.enable["OPER"]:
            byte |= OPERATION
        if byte & self.service_enable & ~SERVICE:
            byte |= SERVICE
        return byte

    def do_clear_status(self, _: str) -> None:
        """*CLS"""
        self.errors.clear()
        self.event = dict.fromkeys(self.event, 0)
        self.standard_event = 0

    def do_status_byte(self, _: str) -> str:
        """*STB?"""
        return str(self.status_byte())

    def do_service_enable(self, text: str) -> None:
        """*SRE"""
        self.service_enable = int(number(text, 0, 255)) & ~SERVICE

    def do_service_enable_query(self, _: str) -> str:
        """*SRE?"""
        return str(self.service_enable)

    def do_standard_enable(self, text: str) -> None:
        """*ESE"""
        self.standard_enable = int(number(text, 0, 255))

    def do_standard_enable_query(self, _: str) -> str:
        """*ESE?"""
        return str(self.standard_enable)

    def do_standard_event(self, _: str) -> str:
        """*ESR?"""
        value, self.standard_event = self.standard_event, 0
        return str(value)

    def do_complete(self, _: str) -> None:
        """*OPC"""
        self.standard_event |= OPERATION_COMPLETE

    def do_complete_query(self, _: str) -> str:
        """*OPC?"""
        return "1"

    def do_self_test(self, _: str) -> str:
        """*TST?"""
        return "0"

    def do_nothing(self, _: str) -> None:
        """A command without an effect that could be seen on the line."""

    def do_error(self, _: str) -> str:
        """SYST:ERR? and STAT:QUE?"""
        return self.errors.next()

    def do_errors_clear(self, _: str) -> None:
        """SYST:CLE and STAT:QUE:CLE"""
        self.errors.clear()

    def do_version(self, _: str) -> str:
        """SYST:VERS?"""
        return "1996.0"

    def do_preset(self, _: str) -> None:
        """STAT:PRES"""
        self.enable = dict.fromkeys(self.enable, 0)

    def _event(self, register: str) -> str:
        value, self.event[register] = self.event[register], 0
        return str(value)

    def do_measurement_event(self, _: str) -> str:
        """STAT:MEAS?"""
        return self._event("MEAS")

    def do_measurement_condition(self, _: str) -> str:
        """STAT:MEAS:COND?"""
        return str(self.condition("MEAS"))

    def do_measurement_enable(self, text: str) -> None:
        """STAT:MEAS:ENAB"""
        self.enable["MEAS"] = int(number(text, 0, 65535))

    def do_measurement_enable_query(self, _: str) -> str:
        """STAT:MEAS:ENAB?"""
        return str(self.enable["MEAS"])

    def do_operation_event(self, _: str) -> str:
        """STAT:OPER?"""
        return self._event("OPER")

    def do_operation_condition(self, _: str) -> str:
        """STAT:OPER:COND?"""
        return str(self.condition("OPER"))

    def do_operation_enable(self, text: str) -> None:
        """STAT:OPER:ENAB"""
        self.enable["OPER"] = int(number(text, 0, 65535))

    def do_operation_enable_query(self, _: str) -> str:
        """STAT:OPER:ENAB?"""
        return str(self.enable["OPER"])

    def do_questionable_event(self, _: str) -> str:
        """STAT:QUES?"""
        return self._event("QUES")

    def do_questionable_condition(self, _: str) -> str:
        """STAT:QUES:COND?"""
        return str(self.condition("QUES"))

    def do_questionable_enable(self, text: str) -> None:
        """STAT:QUES:ENAB"""
        self.enable["QUES"] = int(number(text, 0, 65535))

    def do_questionable_enable_query(self, _: str) -> str:
        """STAT:QUES:ENAB?"""
        return str(self.enable["QUES"])
