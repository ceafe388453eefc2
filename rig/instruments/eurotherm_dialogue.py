"""Asking a Eurotherm in its own terms: words, floats, the programmer's state, who it is. Over `modbus`."""

from __future__ import annotations

from struct import Struct

from rig.instruments import eurotherm_registers as reg
from rig.instruments.modbus import FLOAT_AREA, Modbus
from rig.lines.errors import BadReply
from rig.lines.port import Port

_FLOAT = Struct(">f")
_WORD = Struct(">h")


class Dialogue:
    """One controller at the other end of a Modbus line. Every method may raise an InstrumentError."""

    def __init__(self, name: str, port: Port, model: reg.Model, address: int) -> None:
        self.name = name
        self.model = model
        self.port = port
        self.bus = Modbus(name, port, address)
        self._family_known = model.reset.single

    def word(self, register: int, what: str, *, quick: bool = False) -> int:
        """A register of the plain area, signed."""
        value: int = _WORD.unpack(self.bus.read(register, 1, f"{what} ({register})", quick=quick))[0]
        return value

    def words(self, address: int, form: Struct, what: str, *, quick: bool = False) -> tuple[float, ...]:
        """Consecutive words from a wire address on, in a form that names their types."""
        return form.unpack(self.bus.read(address, form.size // 2, what, quick=quick))

    def real(self, register: int, what: str) -> float:
        """The float copy of a register."""
        return self.words(FLOAT_AREA + 2 * register, _FLOAT, f"{what} ({register}, float)")[0]

    def write_float_zero(self, register: int, what: str, count: int = 1) -> None:
        """0.0 to the float copies of so many registers."""
        self.bus.write_words(FLOAT_AREA + 2 * register, bytes(4 * count), what)

    def state(self) -> float:
        """The programmer's state as the channel "program" tells it."""
        code = self.word(reg.PROGRAM_STATUS, "program status", quick=True)
        state = self.model.states.get(code)
        if state is None:
            raise BadReply(
                f"{self.name}: program status reads {code}, a {self.model.title} knows "
                f"{', '.join(map(str, self.model.states))}: is it another model?"
            )
        return state

    def under_way(self) -> bool:
        """Whether a program runs, is held back, or stands on hold."""
        return self.state() in (reg.RUN, reg.HOLD, reg.HOLD_BACK)

    def send(self, command: reg.Command, what: str) -> None:
        """Run, hold or reset."""
        if command.single:
            self.bus.write_word(command.register, command.value, what)
        else:
            self.bus.write_words(command.register, command.value.to_bytes(2, "big"), what)

    def model_word(self) -> int:
        """Register 122. Raises BadReply where the declared model's codes would mean something else to it: only the
        2400's word (24xx) is documented, so a 2416 has to read it and nothing else may."""
        word = self.word(reg.MODEL, "model") & 0xFFFF
        is_2400 = word >> 8 == 0x24
        if is_2400 != (self.model.name == "2416"):
            raise BadReply(
                f"{self.name}: declared as {self.model.title}, but its model word is {word:04X}, "
                f"{'that' if is_2400 else 'not that'} of a Eurotherm 2400; correct `model` in the rig file"
            )
        self._family_known = True
        return word

    def make_sure_of_family(self) -> None:
        """Ask for the model word unless it is known, or the reset has a register that only this family has."""
        if not self._family_known:
            self.model_word()
