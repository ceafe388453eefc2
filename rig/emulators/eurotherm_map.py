"""The register space of an emulated Eurotherm: plain area, float area, program memory; what reads and writes do there.

Source: Eurotherm handbook HA026230. Plain: signed 16 bit, temperatures with the configured decimals ("full") or rounded
("integer"), per cents and rates with one decimal. Float area at 8000h + 2 n: IEEE-754 high word first, times as signed
32-bit milliseconds, integers in the first word with 8000h behind. Assumed: a rate or temperature of a 2416 and 3216 is
kept with the decimals it shows, an EPC3000 keeps floats; function 06 where nothing can be written is answered 03; a
3216 and 2416 read undefined values where nothing is configured, an EPC3000 answers 02.
"""

from __future__ import annotations

from collections.abc import Callable
from math import floor
from struct import pack, unpack

from rig.emulators.eurotherm_programmer import Blocks, Triples
from rig.emulators.eurotherm_registers import (
    DEGREES,
    INTEGER,
    MINUTES,
    MODELS,
    PERCENT,
    PROGRAMS,
    RATE,
    SECONDS,
    Register,
)
from rig.emulators.eurotherm_slave import ILLEGAL_ADDRESS, ILLEGAL_VALUE, Exceptional

FLOAT_AREA = 0x8000
PLAIN_END = 0x4000
SENTINEL = 0x7FFF
TRIPLES = 1280


class Nothing(Exception):
    """No parameter is configured at this register."""


class Unwritable(Exception):
    """The parameter is read only, or just now."""


class RegisterMap:
    """Values by register. `live` holds what is computed when read, `hooks` what a write does instead of being kept.

    tenths: durations in the plain area count in tenths of their unit (an A-Lab 2416), else in seconds (an EPC).
    """

    def __init__(
        self, model: str, decimals: int, resolution: str, tenths: bool, low_word_first: bool
    ) -> None:
        self.model = model
        self.table = MODELS[model]
        self.decimals = decimals
        self.tenths = tenths
        self.low_word_first = low_word_first
        self.scale = 10**decimals if resolution == "full" else 1
        self.values: dict[int, float] = {}
        self.blocks: Blocks | None = None
        self.triples: Triples | None = None
        self.live: dict[int, Callable[[], float]] = {}
        self.hooks: dict[int, Callable[[float], None]] = {}
        self._known: dict[tuple[int, int], list[tuple[Callable[[float], bytes], Callable[[], float]]]] = {}
        self.wipe()

    def wipe(self) -> None:
        """Everything as new."""
        self.values.clear()
        self.values.update({number: register.default for number, register in self.table.items()})
        self.values[525] = self.decimals
        programs = PROGRAMS[self.model]
        self.blocks = Blocks(programs, self.model == "epc3000") if programs else None
        self.triples = Triples() if not programs else None

    # Kinds and values, program memory included

    def _kind(self, register: int) -> str:
        found = self.table.get(register)
        if found is not None:
            return found.kind
        if self.blocks is not None:
            place = self.blocks.place(register)
            kind = self.blocks.kind(*place) if place is not None else None
            if kind is not None:
                return SECONDS if kind == "time" else kind
        elif self.triples is not None and 0 <= register - TRIPLES < 3 * self.triples.segments:
            return (SECONDS, DEGREES, RATE)[(register - TRIPLES) % 3]
        raise Nothing

    def value(self, register: int) -> float:
        """What a parameter holds now. Raises Nothing."""
        live = self.live.get(register)
        if live is not None:
            return live()
        found = self.values.get(register)
        if found is not None:
            return found
        self._kind(register)
        if self.blocks is not None:
            place = self.blocks.place(register)
            assert place is not None
            return self.blocks.get(*place)
        assert self.triples is not None
        return self.triples.cells.get(register - TRIPLES, 0.0)

    def _plain_scale(self, register: int, kind: str) -> float:
        if kind == DEGREES:
            return self.scale
        if kind in (PERCENT, RATE):
            return 10.0
        if kind == MINUTES:
            return 1 / 60.0
        if kind == SECONDS and register not in self.table and self.tenths:
            unit_s = 60.0
            if self.blocks is not None:
                place = self.blocks.place(register)
                assert place is not None
                unit_s = self.blocks.time_unit_s(*place)
            return 10.0 / unit_s
        return 1.0

    # Reading

    def read(self, address: int, count: int) -> bytes:
        """Words of either area. Raises Exceptional."""
        known = self._known.get((address, count))
        if known is not None:
            return b"".join([form(get()) for form, get in known])
        if address >= FLOAT_AREA:
            return self._read_floats(address - FLOAT_AREA, count)
        if address + count > PLAIN_END:
            raise Exceptional(ILLEGAL_ADDRESS)
        words = b"".join(self._plain(register) for register in range(address, address + count))
        self._learn(address, range(address, address + count), count, self._plain_form)
        return words

    def _read_floats(self, offset: int, count: int) -> bytes:
        first, odd = divmod(offset, 2)
        registers = range(first, first + (count + 1) // 2)
        if odd or registers[-1] >= PLAIN_END:
            raise Exceptional(ILLEGAL_ADDRESS)
        words = b"".join(self._float(register) for register in registers)
        if count % 2:
            if self._kind_or_undefined(registers[-1]) != INTEGER:
                raise Exceptional(ILLEGAL_ADDRESS)
            return words[:-2]
        self._learn(FLOAT_AREA + offset, registers, count, self._float_form)
        return words

    def _learn(
        self,
        address: int,
        registers: range,
        count: int,
        form: Callable[[Register], Callable[[float], bytes]],
    ) -> None:
        """Remember how a request is answered whose registers are all live: that is the common poll."""
        if all(register in self.live for register in registers):
            self._known[address, count] = [
                (form(self.table[register]), self.live[register]) for register in registers
            ]

    def _kind_or_undefined(self, register: int) -> str | None:
        try:
            return self._kind(register)
        except Nothing:
            return None

    def _undefined(self, register: int) -> bytes:
        if self.model == "epc3000":
            raise Exceptional(ILLEGAL_ADDRESS)
        return pack(">H", register * 40503 & 0xFFFF)

    def _plain_form(self, register: Register) -> Callable[[float], bytes]:
        scale = self._plain_scale(-1, register.kind) if register.kind != SECONDS else 1.0
        return lambda value: plain(value, scale)

    def _plain(self, register: int) -> bytes:
        try:
            return plain(self.value(register), self._plain_scale(register, self._kind(register)))
        except Nothing:
            return self._undefined(register)

    def _float_form(self, register: Register) -> Callable[[float], bytes]:
        kind = register.kind
        return lambda value: self._as_float(value, kind)

    def _float(self, register: int) -> bytes:
        try:
            return self._as_float(self.value(register), self._kind(register))
        except Nothing:
            return self._undefined(register) + self._undefined(register + 1)

    def _as_float(self, value: float, kind: str) -> bytes:
        if kind == INTEGER:
            return pack(">HH", int(value) & 0xFFFF, 0x8000)
        words = pack(">i", round(value * 1000)) if kind in (SECONDS, MINUTES) else pack(">f", value)
        return words[2:] + words[:2] if self.low_word_first else words

    # Writing

    def write_one(self, address: int, word: int) -> None:
        """Function 06: refused in the float area, where nothing is, and where nothing can be written."""
        if address >= FLOAT_AREA:
            raise Exceptional(ILLEGAL_VALUE)
        try:
            self._write_plain(address, word)
        except (Nothing, Unwritable):
            raise Exceptional(ILLEGAL_VALUE) from None

    def write_block(self, address: int, words: bytes) -> None:
        """Function 16: what is not there is discarded, what is read only ends the block with a refusal."""
        if address >= FLOAT_AREA:
            self._write_floats(address - FLOAT_AREA, words)
            return
        for index in range(0, len(words), 2):
            self._forgiving(
                lambda at=index: self._write_plain(address + at // 2, words[at] << 8 | words[at + 1])  # type: ignore[misc]
            )

    def _write_floats(self, offset: int, words: bytes) -> None:
        register, odd = divmod(offset, 2)
        if odd:
            raise Exceptional(ILLEGAL_ADDRESS)
        while words:
            self._forgiving(lambda at=register, raw=words[:4]: self._write_float(at, raw))  # type: ignore[misc]
            words, register = words[4:], register + 1

    def _forgiving(self, write: Callable[[], None]) -> None:
        try:
            write()
        except Nothing:
            return
        except Unwritable:
            # A 2400 from version 3.00 on skips such entries where register 220 is 1.
            if not self.values.get(220):
                raise Exceptional(ILLEGAL_VALUE) from None

    def _write_plain(self, register: int, word: int) -> None:
        kind = self._kind(register)
        signed = word - 0x10000 if word & 0x8000 else word
        self.write(register, kind, signed / self._plain_scale(register, kind))

    def _write_float(self, register: int, raw: bytes) -> None:
        kind = self._kind(register)
        if kind == INTEGER:
            value: float = unpack(">h", raw[:2])[0]
        elif len(raw) < 4:
            raise Exceptional(ILLEGAL_VALUE)
        else:
            raw = raw[2:] + raw[:2] if self.low_word_first else raw
            value = unpack(">i", raw)[0] / 1000 if kind in (SECONDS, MINUTES) else unpack(">f", raw)[0]
        self.write(register, kind, value)

    def write(self, register: int, kind: str, value: float) -> None:
        """Keep a value, or do what it asks. Raises Nothing, Unwritable, or Exceptional out of limits."""
        if self.model != "epc3000":
            if kind == DEGREES and value == value and abs(value) < 1e6:
                value = round(value, self.decimals)
            elif kind == RATE and value == value and abs(value) < 1e6:
                value = round(value, 1)
        found = self.table.get(register)
        if found is not None:
            if not found.writable:
                raise Unwritable
            low, high = found.low, found.high
            if register in (2, 24, 25, 26):
                low, high = self.values[112], self.values[111]
            if not low <= value <= high:
                raise Exceptional(ILLEGAL_VALUE)
            hook = self.hooks.get(register)
            if hook is not None:
                hook(value)
            else:
                self.values[register] = value
            return
        self._write_program(register, kind, value)

    def _write_program(self, register: int, kind: str, value: float) -> None:
        if self.blocks is not None:
            place = self.blocks.place(register)
            assert place is not None
            number, offset = place
            if number == 0 or offset == 7:
                raise Unwritable
            low, high = self.blocks.limits(offset)
            if not low <= value <= high:
                raise Exceptional(ILLEGAL_VALUE)
            self.blocks.put(number, offset, value)
            return
        assert self.triples is not None
        if not (value >= 0.0 or kind == DEGREES):
            raise Exceptional(ILLEGAL_VALUE)
        self.triples.cells[register - TRIPLES] = value


def plain(value: float, scale: float) -> bytes:
    """A value as one word of the plain area; what cannot be told reads 7FFF."""
    if value != value:
        return b"\x7f\xff"
    word = floor(value * scale + 0.5)
    return pack(">H", (word if -32768 <= word <= 65535 else SENTINEL) & 0xFFFF)
