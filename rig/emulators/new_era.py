"""An emulated pump of the New Era NE-1000 family, alone or on a daisy chain.

It knows Basic and Safe mode, the alarms with their acknowledgement, the Safe-mode time-out, and the command set of
`new_era_commands.py`; `new_era_program.py` runs the pumping program and the motor.

Source: New Era manual 1200-01 (08/2014), sections 10 and 12. Unconfirmed: turnaround, start-up time, silence to Basic
requests while in Safe mode, and that a damaged packet is answered by the pump whose address can be read in it.
"""

from __future__ import annotations

from rig.emulators.device import Device, Handle, Timeline
from rig.emulators.new_era_commands import Commands
from rig.emulators.new_era_grammar import Packet, Receiver, address_of, basic_reply, clean, safe_reply
from rig.emulators.new_era_memory import Memory
from rig.emulators.new_era_program import Motor, Program
from rig.lines.port import LinkSpec

TURNAROUND_S = 0.004
"""From the request's last byte to the reply's first. Unconfirmed: a few milliseconds."""
BOOT_S = 0.5
"""From power-on to the auto-alarm of Safe mode. Unconfirmed."""


class NewEraEmulator(Device):
    """One pump, just switched on.

    plunger: motor and syringe it drives. model and firmware as they stand in the reply to VER ("NE1000", "V3.928").
    second_phase: function of phase 2 in the factory's pumping program ("RAT" or "STP").
    """

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        *,
        plunger: Motor,
        address: int = 0,
        model: str = "NE1000",
        firmware: str = "V3.928",
        baud: int = 19200,
        second_phase: str = "RAT",
    ) -> None:
        super().__init__(name, timeline, LinkSpec(baud))
        self.memory = Memory(second_phase, address=address, baud=baud)
        self.program = Program(timeline, plunger, self.memory, self._alarm)
        self._commands = Commands(self.memory, self.program, model + firmware, self._link_changed)
        self._receiver = Receiver()
        self._texts: dict[bytes, str] = {}
        self._on = True
        self._pending = "R"
        self._heard_ns = 0
        self._watching = False
        self._watch: Handle | None = None
        self._boot: Handle | None = None
        self._byte_ns = self.link.byte_ns

    @property
    def alarm(self) -> str:
        """The letter of the alarm that waits to be acknowledged, or nothing."""
        return self._pending

    def found_running(self, diameter_mm: float, rate_ml_h: float) -> None:
        """It is found pumping, its power-on alarm long acknowledged. ValueError for a rate it cannot do."""
        self.program.found_running(diameter_mm, rate_ml_h)
        self._pending = ""

    # The line

    def receive(self, data: bytes) -> None:
        """Bytes on the line, for this pump or another one of the chain."""
        if not self._on:
            return
        for packet in self._receiver.feed(data, self.timeline.now_ns, self._byte_ns):
            if packet.safe or not self.memory.safe_s:
                self._hear(packet)

    def _hear(self, packet: Packet) -> None:
        text = self._texts.get(packet.data)
        if text is None:
            if len(self._texts) > 256:
                self._texts.clear()
            text = self._texts[packet.data] = clean(packet.data)
        if not packet.intact:
            if address_of(text)[0] == self.memory.address:
                self._reply("?COM")
            return
        if "*" not in text:
            address, command = address_of(text)
            if address == self.memory.address:
                self._obey(command)
        elif text[0] == "*":
            self._obey(text[1:], system=True)
        else:
            # A burst for several pumps at once: each takes its own part, and all replies collide.
            for part in text.split("*"):
                address, command = address_of(part)
                if part and address == self.memory.address:
                    self._obey(command)

    def _obey(self, command: str, system: bool = False) -> None:
        self._valid()
        if self._pending:
            # Not executed. A valid command answered with the alarm has acknowledged it.
            self._reply("")
            if self._commands.known(command, system):
                self._pending = ""
            return
        self._reply(self._commands.execute(command, system))
        self._pending = ""  # raised by this very command: the reply has said so

    def _reply(self, data: str) -> None:
        self.send(self._frame(data), TURNAROUND_S)

    def _frame(self, data: str) -> bytes:
        memory = self.memory
        status = f"A?{self._pending}" if self._pending else self.program.status + data
        reply = f"{memory.address:02d}{status}".encode("ascii")
        return safe_reply(reply) if memory.safe_s else basic_reply(reply)

    def _link_changed(self) -> None:
        """SAF or a new baud rate: the time-out waits for the next valid packet."""
        self._watching = False
        if self.link.baud != self.memory.baud:
            self.link = LinkSpec(self.memory.baud)
            self._byte_ns = self.link.byte_ns

    # Alarms and the Safe-mode time-out

    def _alarm(self, letter: str) -> None:
        """Something stopped the pump. In Safe mode it says so unasked, which does not acknowledge the alarm."""
        self._pending = letter
        self._auto_alarm()

    def _auto_alarm(self) -> None:
        if self._on and self._pending and self.memory.safe_s:
            self.send(self._frame(""), TURNAROUND_S)

    def _valid(self) -> None:
        if self.memory.safe_s:
            self._heard_ns = self.timeline.now_ns
            self._watching = True
            if self._watch is None:
                self._watch = self.timeline.call_at(self._due_ns(), self._look)

    def _due_ns(self) -> int:
        return self._heard_ns + self.memory.safe_s * 1_000_000_000

    def _look(self) -> None:
        self._watch = None
        if not self._watching or not self.memory.safe_s:
            return
        if self.timeline.now_ns < self._due_ns():
            self._watch = self.timeline.call_at(self._due_ns(), self._look)
            return
        self._watching = False
        self.program.halt()
        self._alarm("T")

    # Power

    def power(self, on: bool) -> None:
        """Mains switched. Off stops the motor; on comes up with the reset alarm, in the mode it was left in."""
        if on == self._on:
            return
        self._on = on
        self._watching = False
        self._receiver = Receiver()
        if self._boot is not None:
            self._boot.cancel()
            self._boot = None
        if not on:
            self.program.power_lost()
            return
        self._pending = "R"
        self.program.power_back()
        self._boot = self.timeline.call_at(self.timeline.now_ns + round(BOOT_S * 1e9), self._auto_alarm)
