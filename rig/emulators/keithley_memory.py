"""How the emulated picoammeter shows its readings, and its buffer of up to 2500 of them.

Sources: 6485 manual, FORMat and TRACe subsystems; 6487 manual, figure 13-1 (elements of a reading).
"""

from __future__ import annotations

from itertools import pairwise

from rig.emulators.scpi import ScpiError, number

OVERFLOW = "+9.9E37"
BAV, BFL = 256, 512
"""Measurement event bits: buffer available, buffer full."""
_STATUS_WORD = 138.0
"""What the figure shows for a plain reading; bit 0 is added for an overflow."""
_ORDER = ("READ", "UNIT", "TIME", "STAT", "VSO")
_SHORT = {"READING": "READ", "UNITS": "UNIT", "STATUS": "STAT", "VSOURCE": "VSO"}

Reading = tuple[float | None, float]
"""Value in A (None: over range) and time stamp in s."""


class KeithleyMemory:
    """Format and buffer. `known_elements` are those of the model: the 6487 has its voltage source's besides."""

    known_elements: tuple[str, ...]
    set: dict[str, float | bool | str]
    event: dict[str, int]

    def reset_memory(self) -> None:
        """As after power-on."""
        self.elements: tuple[str, ...] = _ORDER[:4]
        self._buffer: list[Reading] = []
        self._buffer_full = False

    def _fill(self, readings: list[Reading]) -> None:
        points = int(float(self.set["trac_points"]))
        self._buffer += readings[: points - len(self._buffer)]
        if len(self._buffer) >= 2:
            self.event["MEAS"] |= BAV
        if len(self._buffer) >= points:
            self.set["trac_control"] = "NEV"
            self._buffer_full = True
            self.event["MEAS"] |= BFL

    def _show(self, readings: list[Reading]) -> str:
        if len(self.elements) == 1 and self.elements[0] == "READ":
            return ",".join([OVERFLOW if value is None else f"{value:+.6E}" for value, _ in readings])
        parts = []
        for value, time_s in readings:
            for element in self.elements:
                if element == "READ":
                    unit = "A" if "UNIT" in self.elements else ""
                    parts.append((OVERFLOW if value is None else f"{value:+.6E}") + unit)
                elif element == "TIME":
                    parts.append(f"{time_s:+.6E}")
                elif element == "STAT":
                    parts.append(f"{_STATUS_WORD + (value is None):+.6E}")
                elif element == "VSO":
                    parts.append(f"{0.0:+.6E}")
        return ",".join(parts)

    # Format and buffer

    def do_elements(self, text: str) -> None:
        """FORM:ELEM: which parts a reading has; they are always sent in the manual's order."""
        if not text:
            raise ScpiError(-109)
        asked = [word.strip().upper() for word in text.split(",")]
        if asked in (["DEF"], ["DEFAULT"]):
            asked = list(_ORDER[:4])
        elif asked == ["ALL"]:
            asked = list(self.known_elements)
        asked = [_SHORT.get(word, word) for word in asked]
        if any(word not in self.known_elements for word in asked):
            raise ScpiError(-224)
        self.elements = tuple(word for word in _ORDER if word in asked)

    def do_elements_query(self, _: str) -> str:
        """FORM:ELEM?"""
        return ",".join(self.elements)

    def do_buffer_clear(self, _: str) -> None:
        """TRAC:CLE"""
        self._buffer = []
        self._buffer_full = False

    def do_buffer_points(self, text: str) -> None:
        """TRAC:POIN: its size; empties it."""
        self.set["trac_points"] = float(round(number(text, 1, 2500)))
        self.do_buffer_clear("")

    def do_buffer_points_query(self, _: str) -> str:
        """TRAC:POIN?"""
        return str(int(self.set["trac_points"]))

    def do_buffer_count(self, _: str) -> str:
        """TRAC:POIN:ACT?: readings in the buffer."""
        return str(len(self._buffer))

    def do_buffer_free(self, _: str) -> str:
        """TRAC:FREE?: bytes free and in use (the size of a reading in it is assumed)."""
        used = 14 * len(self._buffer)
        return f"{14 * 2500 - used},{used}"

    def do_buffer_control(self, text: str) -> None:
        """TRAC:FEED:CONT: NEXT fills an emptied buffer once, NEV leaves it alone."""
        word = text.upper()
        if not word:
            raise ScpiError(-109)
        if word not in ("NEXT", "NEV", "NEVER"):
            raise ScpiError(-224)
        if word == "NEXT":
            self.do_buffer_clear("")
        self.set["trac_control"] = "NEXT" if word == "NEXT" else "NEV"

    def do_buffer_control_query(self, _: str) -> str:
        """TRAC:FEED:CONT?"""
        return str(self.set["trac_control"])

    def do_buffer_data(self, _: str) -> str:
        """TRAC:DATA?"""
        if not self._buffer:
            raise ScpiError(-230)
        if self.set["trac_time"] == "DELT":
            steps = [0.0, *(after[1] - before[1] for before, after in pairwise(self._buffer))]
            return self._show([(value, step) for (value, _), step in zip(self._buffer, steps, strict=True)])
        return self._show(self._buffer)
