"""The commands of an emulated New Era pump. Each method takes what follows the command and returns the reply's data.

A command without data asks, with data sets; a set command is answered by the status alone. Errors: `?` not understood,
`?NA` not applicable now, `?OOR` out of range, `?IGN` ignored because a phase was starting.

Unconfirmed: replies of BUZ, LOC, AL, TRG, PF, ROM, IN and OUT, the range of DIA, `?NA` for STP while stopped.
"""

from __future__ import annotations

from collections.abc import Callable

from rig.emulators.new_era_grammar import integer, shown, understood
from rig.emulators.new_era_memory import (
    BAUDS,
    MICROLITRES_UP_TO_MM,
    ML_H,
    OTHERS,
    PHASES,
    PLAYED,
    SWITCHES,
    TRIGGERS,
    Memory,
)
from rig.emulators.new_era_program import Program

DIAMETER_MM = (0.1, 50.0)


class Commands:
    """The command set over memory and program. link_changed is called after SAF and after a new baud rate."""

    def __init__(
        self, memory: Memory, program: Program, version: str, link_changed: Callable[[], None]
    ) -> None:
        self._memory = memory
        self._program = program
        self._version = version
        self._link_changed = link_changed
        self._table: dict[str, Callable[[str], str]] = {
            "DIA": self._dia,
            "PHN": self._phn,
            "FUN": self._fun,
            "RAT": self._rat,
            "VOL": self._vol,
            "DIR": self._dir,
            "RUN": self._run,
            "STP": self._stp,
            "PUR": self._pur,
            "DIS": self._dis,
            "CLD": self._cld,
            "SAF": self._saf,
            "VER": self._ver,
            "ADR": self._adr,
            "BUZ": self._buz,
            "TRG": self._trg,
            "IN": self._in,
            "OUT": self._out,
        }
        for name in SWITCHES:
            self._table[name] = self._switch(name)

    def _split(self, command: str) -> tuple[Callable[[str], str] | None, str]:
        handler = self._table.get(command[:3])
        if handler is not None:
            return handler, command[3:]
        return self._table.get(command[:2]), command[2:]

    def known(self, command: str, system: bool) -> bool:
        """Whether the pump understands the command's name."""
        return not command or (system and command == "RESET") or self._split(command)[0] is not None

    def execute(self, command: str, system: bool) -> str:
        """Obey; the reply's data. A packet without command asks for the status."""
        if not command:
            return ""
        if system and command == "RESET":
            return self._reset()
        handler, data = self._split(command)
        if handler is None:
            return "?"
        if (data or command in ("RUN", "PUR")) and self._program.starting:
            return "?IGN"
        return handler(data)

    # Syringe, phase, rate, volume, direction

    def _dia(self, data: str) -> str:
        if not data:
            return shown(self._memory.diameter_mm)
        value = understood(data)
        if isinstance(value, str):
            return value
        if self._program.status != "S":
            return "?NA"
        if not DIAMETER_MM[0] <= value <= DIAMETER_MM[1]:
            return "?OOR"
        self._memory.diameter_mm = value
        self._memory.volume_unit = "UL" if value <= MICROLITRES_UP_TO_MM else "ML"
        self._memory.writes += 1
        self._program.diameter_changed()
        return ""

    def _phn(self, data: str) -> str:
        if not data:
            return str(self._program.selected)
        number = integer(data, 1, PHASES)
        if isinstance(number, str):
            return number
        if self._program.status != "S":
            return "?NA"
        self._program.selected = number
        return ""

    def _fun(self, data: str) -> str:
        phase = self._program.phase()
        if not data:
            return phase.function + (f"{phase.number:02d}" if phase.function in ("JMP", "PAS") else "")
        name = next((name for name in (*PLAYED, *OTHERS) if data.startswith(name)), "")
        rest = data[len(name) :]
        takes_number = name in ("JMP", "PAS")
        if not name or (name in PLAYED and bool(rest) != takes_number):
            return "?"
        if name not in PLAYED or self._program.status != "S":
            return "?NA"
        number = integer(rest or "1", 1, PHASES) if name != "PAS" else integer(rest, 0, 99)
        if isinstance(number, str):
            return number
        phase.function, phase.number = name, number
        self._memory.writes += 1
        return ""

    def _rat(self, data: str) -> str:
        program = self._program
        phase = program.phase()
        if not data:
            rate, unit = program.now_rate or (phase.rate, phase.unit)
            return shown(rate) + unit
        if data[0] in "CI":
            data = data[1:]
        unit = data[-2:]
        if unit in ML_H:
            data = data[:-2]
        elif data[-1:].isalpha():
            return "?"
        else:
            unit = phase.unit
        rate_or_error = understood(data)
        if isinstance(rate_or_error, str):
            return rate_or_error
        rate_ml_h = rate_or_error * ML_H[unit]
        if program.pumping and unit != phase.unit:
            return "?NA"
        if program.status in "TUX":
            return "?NA"
        if not program.possible(rate_ml_h):
            return "?OOR"
        if program.pumping:
            program.change_rate(rate_or_error, unit, rate_ml_h)
        else:
            phase.rate, phase.unit = rate_or_error, unit
            program.now_rate = None
            self._memory.writes += 1
        return ""

    def _vol(self, data: str) -> str:
        phase = self._program.phase()
        if not data:
            return shown(phase.volume) + self._memory.volume_unit
        value = 0.0 if data in ("UL", "ML") else understood(data)
        if isinstance(value, str):
            return value
        if self._program.status not in "SP":
            return "?NA"
        if data in ("UL", "ML"):
            self._memory.volume_unit = data
        else:
            phase.volume = value
        self._memory.writes += 1
        return ""

    def _dir(self, data: str) -> str:
        program = self._program
        phase = program.phase()
        if not data:
            return phase.direction
        if data not in ("INF", "WDR", "REV", "STK"):
            return "?"
        if program.status not in "SPIW" or (program.status != "S" and data == "STK"):
            return "?NA"
        if program.pumping and phase.volume:
            return "?NA"
        if data == "REV":
            data = "INF" if phase.direction == "WDR" else "WDR"
        phase.direction = data
        self._memory.writes += 1
        if program.pumping:
            program.change_direction(data == "WDR")
        return ""

    # Running

    def _run(self, data: str) -> str:
        if not data:
            return self._program.run(None)
        number = integer(data, 1, PHASES)
        return number if isinstance(number, str) else self._program.run(number)

    def _stp(self, data: str) -> str:
        return "?" if data else self._program.stop()

    def _pur(self, data: str) -> str:
        return "?" if data else self._program.purge()

    def _dis(self, data: str) -> str:
        if data:
            return "?"
        infused, withdrawn = self._program.delivered_ml()
        unit = self._memory.volume_unit
        if unit == "UL":
            infused, withdrawn = infused * 1000, withdrawn * 1000
        return f"I{shown(infused)}W{shown(withdrawn)}{unit}"

    def _cld(self, data: str) -> str:
        if data not in ("INF", "WDR"):
            return "?"
        if self._program.status not in "SP":
            return "?NA"
        self._program.clear(data == "INF")
        return ""

    # The link and the rest

    def _saf(self, data: str) -> str:
        if not data:
            return str(self._memory.safe_s)
        seconds = integer(data, 0, 255)
        if isinstance(seconds, str):
            return seconds
        self._memory.safe_s = seconds
        self._memory.writes += 1
        self._link_changed()
        return ""

    def _ver(self, data: str) -> str:
        return "?" if data else self._version

    def _adr(self, data: str) -> str:
        if not data:
            return f"{self._memory.address:02d}"
        address_text, b, baud_text = data.partition("B")
        address = integer(address_text, 0, 99) if address_text else self._memory.address
        if isinstance(address, str):
            return address
        if b and baud_text not in map(str, BAUDS):
            return "?OOR" if baud_text.isdigit() else "?"
        self._memory.address = address
        self._memory.writes += 1
        if b:
            self._memory.baud = int(baud_text)
            self._link_changed()
        return ""

    def _reset(self) -> str:
        self._program.halt()
        self._memory.reset()
        self._program.selected = 1
        self._program.diameter_changed()
        self._link_changed()
        return ""

    def _switch(self, name: str) -> Callable[[str], str]:
        def handler(data: str) -> str:
            if not data:
                return str(self._memory.switches[name])
            if data not in ("0", "1"):
                return "?"
            self._memory.switches[name] = int(data)
            self._memory.writes += 1
            return ""

        return handler

    def _buz(self, data: str) -> str:
        if not data:
            return "0"
        return "" if data == "0" or (data[0] == "1" and (not data[1:] or data[1:].isdigit())) else "?"

    def _trg(self, data: str) -> str:
        if not data:
            return self._memory.trigger
        if data not in TRIGGERS:
            return "?"
        self._memory.trigger = data
        self._memory.writes += 1
        return ""

    def _in(self, data: str) -> str:
        return "1" if data in ("2", "3", "4", "6") else "?"  # open TTL inputs are pulled up

    def _out(self, data: str) -> str:
        return "" if data in ("50", "51") else "?"
