"""What every bench has: a driver, its emulated instrument on a wire that damages replies, what the sheet lets a reply
say, and which requests would energise."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from rig.emulators.device import Device
from rig.instruments.catalog import CATALOG, DEADLINE_S
from rig.outputs import GasOutput, Output
from tests.instruments.fuzz import sheets
from tests.instruments.fuzz.port import Clockwork, FuzzPort
from tests.instruments.loopback import HandTimeline


class Bench:
    """Common part. `low` and `high` are the outputs that may be ordered, None where there is none; `ordered` is what
    was ordered last."""

    name = ""
    catalogue = ""
    fenced = True
    """Whether a reply that comes after its question was given up can be told."""
    twice = False
    """Whether a 1 needs two replies that say it."""
    low: ClassVar[Output | None] = None
    high: ClassVar[Output | None] = None
    others: ClassVar[tuple[bytes, ...]] = ()
    unseen_reason = ""
    """Why a damaged reply may pass, in a few words for the table."""

    def __init__(self, timeline: Clockwork | None = None) -> None:
        info = CATALOG[self.catalogue]
        self.timeline: Any = timeline if timeline is not None else HandTimeline()
        self.device = self.make_device()
        self.port = FuzzPort(self.timeline, self.device, info.link, DEADLINE_S[info.section])
        self.port.others = self.others
        self.port.forge = self.forge
        self.ordered: Output | None = None
        self.driver: Any = self.connect(self.port)

    def connect(self, port: FuzzPort) -> Any:
        """A new driver on the wire."""
        self.driver = CATALOG[self.catalogue].load()(self.settings(), port)
        return self.driver

    def make_device(self) -> Device:
        """The emulated instrument."""
        raise AssertionError(self)

    def settings(self) -> Any:
        """As a rig file says."""
        raise AssertionError(self)

    def ready(self, on: bool) -> None:
        """Connected as a line does it, on a sound wire, and told on if `on`."""
        if self.low is not None and not isinstance(self.low, GasOutput):
            self.driver.off()
        self.driver.set_up()
        if on and self.low is not None:
            self.order(self.low)

    def order(self, output: Output) -> None:
        """Want this from now on, whatever comes of it."""
        self.ordered = output
        self.driver.apply(output)

    def off(self) -> None:
        """Want the safe side."""
        self.ordered = None
        if isinstance(self.low, GasOutput):
            self.driver.apply(GasOutput(0.0))
        else:
            self.driver.off()

    def decode(self, request: bytes, data: bytes) -> Iterable[sheets.Frame]:
        """What the sheet lets bytes read after this request say."""
        raise AssertionError(self)

    def forge(self, reply: bytes, number: int) -> bytes:
        """Right form and checksum, impossible value."""
        raise AssertionError(self)

    def energises(self, request: bytes) -> str | None:
        """What in a request would bring the output further than was ordered; None: nothing."""
        return None

    def excess(self) -> str | None:
        """How far the instrument itself is beyond what was ordered; None: it is not."""
        return None

    def stands_off(self) -> bool:
        """Whether the instrument's output is off."""
        return True
