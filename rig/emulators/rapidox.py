"""An emulated Cambridge Sensotec Rapidox 1100 oxygen analyser with its cell in a tube's gas.

Sources: Rapidox 1100E manual 3.8, 1100ZR-H-PFC-E manual 1.2, chapters on serial communication. Where they are silent,
this is assumed: 9600 8N1; 50 ms from the D to its answer; heating takes 300 s after switching on, cleaning follows for
the 5 s of the manual; characters other than D are not answered; upper and lower range 1e-20 and 3e5 ppm; cell voltage
after Nernst at 973 K against 20.95 % oxygen; its clock starts at 12:00:00 on 14 January 2000; alarm 1 above 1000 ppm,
alarm 2 above 10000 ppm, both off by default.
"""

from __future__ import annotations

from math import log

from rig.emulators.device import Device, Timeline
from rig.emulators.physics.analyser import Analyser
from rig.lines.port import LinkSpec

TURNAROUND_S = 0.05
HEATING_S = 300.0
CLEANING_S = 5.0
TOP_PPM, BOTTOM_PPM = 3e5, 1e-20
ALARMS_PPM = (1e3, 1e4)

_NERNST_MV = 1e3 * 8.314462 * 973.0 / (4 * 96485.332)
_AIR_PPM = 209500.0
_MODELS = ("1100E", "1100ZR-H")
MESSAGES = (
    "Initialising",
    "Sensor heating",
    "Sensor cooling",
    "Cleaning sensor",
    "User setup active",
    "Possible sensor fault",
    "No sensor or sensor fault",
)


class RapidoxEmulator(Device):
    """One analyser, hot and ready unless `cold`.

    says: a text of MESSAGES that it gives instead of every value, as while somebody is in its menu. fault: a state code
    from 3 to 6, its value still in the line as the manual's form has it. alarms: whether they are on.
    """

    def __init__(
        self,
        name: str,
        timeline: Timeline,
        *,
        analyser: Analyser,
        model: str = "1100E",
        baud: int = 9600,
        cold: bool = False,
    ) -> None:
        if model not in _MODELS:
            raise ValueError(f"{name}: model {model!r} is none of {', '.join(_MODELS)}")
        super().__init__(name, timeline, LinkSpec(baud))
        self._analyser = analyser
        self.model = model
        self.says: str | None = None
        self.fault = 0
        self.alarms = False
        self.pressure_bar = 0.0
        self._on = True
        warm_ns = round((HEATING_S + CLEANING_S) * 1e9)
        self._since_ns = timeline.now_ns if cold else timeline.now_ns - warm_ns
        self._hot_ns = self._since_ns + warm_ns

    def power(self, on: bool) -> None:
        """Mains switched: it heats its cell again from the beginning."""
        self._on = on
        self._since_ns = self.timeline.now_ns
        self._hot_ns = self._since_ns + round((HEATING_S + CLEANING_S) * 1e9)

    def receive(self, data: bytes) -> None:
        """Every D is answered by one line."""
        if self._on:
            for _ in range(data.count(b"D")):
                self.send(self.line(), TURNAROUND_S)

    def line(self) -> bytes:
        """What it answers now, with its ending."""
        now_ns = self.timeline.now_ns
        if self.says is not None:
            return f"!{self.says}\r\n".encode("ascii")
        if now_ns < self._hot_ns:
            return self._warming((now_ns - self._since_ns) / 1e9)
        true_ppm = self._analyser.reading_ppm(now_ns)
        ppm = min(max(true_ppm, BOTTOM_PPM), TOP_PPM)
        code = self.fault or (1 if true_ppm >= TOP_PPM else 2 if true_ppm < BOTTOM_PPM else 0)
        alarms = self._alarms(ppm) if self.alarms else ""
        # Less oxygen than air drives the cell positive.
        cell_mv = _NERNST_MV * log(_AIR_PPM / ppm)
        clock = self._clock((now_ns - self._since_ns) // 1_000_000_000)
        form = "d%.3E,%.3E,%.3E,%s,%s,%d\r\n" if self.model == "1100E" else "d%.3E,%.3E,%.3E,,%s,,,%s,%d\r\n"
        return (form % (ppm, cell_mv, self.pressure_bar, clock, alarms, code)).encode("ascii")

    @staticmethod
    def _warming(since_s: float) -> bytes:
        if since_s < 2.0:
            return b"!Initialising\r\n"
        return b"!Sensor heating\r\n" if since_s < HEATING_S else b"!Cleaning sensor\r\n"

    @staticmethod
    def _alarms(ppm: float) -> str:
        on = [str(number) for number, limit in enumerate(ALARMS_PPM, 1) if ppm > limit]
        return "ALM" + "&".join(on) if on else ""

    @staticmethod
    def _clock(seconds: int) -> str:
        days, rest = divmod(seconds + 43200, 86400)
        return f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d},{14 + days % 14:02d}/01/00"
