"""The hidden truth about the jets in front of a meter, in the words in which a jet watch is asked for it.

A needle's own mode is physics (`modes`); what is called clogged or bubble has a cause as well. For tests, benchmarks
and whoever looks on from outside; no emulated instrument reads this.
"""

from __future__ import annotations

from collections.abc import Sequence

from rig.emulators.physics import modes
from rig.emulators.physics.jet import Electrode
from rig.emulators.physics.scene import Scene

WORDS = {
    modes.OFF: "off",
    modes.DRIPPING: "dripping",
    modes.PULSATING: "pulsating",
    modes.CONE_JET: "stable",
    modes.MULTI_JET: "multi-jet",
    modes.CORONA: "corona",
    modes.CLOGGED: "clogged",
}
WORST_FIRST = ("clogged", "bubble", "corona", "off", "dripping", "pulsating", "multi-jet", "stable")
"""Of several needles the meter's truth is the first of these that any is in."""


class JetTruth:
    """True mode of the jets on one collector; ask it in the order of time, once a second or so.

    clogged: the fault is on, until the dry tip ionises, which is corona. bubble: gas comes though the motor pushes on,
    until the jet is back. arc is no mode of a needle: see `Supply.on_arc`.
    """

    def __init__(self, scene: Scene, collector: str = "current.collector") -> None:
        self._scene = scene
        self._needles: Sequence[Electrode] = [
            scene.electrodes[stream.name or stream.pump]
            for stream in scene.data.streams
            if stream.collector == collector
        ]
        self._gas: set[str] = set()

    def needles(self, now_ns: int) -> dict[str, str]:
        """Needle -> true mode now."""
        self._scene.needles.advance(now_ns)
        return {needle.name: self._of(needle, now_ns) for needle in self._needles}

    def meter(self, now_ns: int) -> str:
        """The worst of the needles: what a watch that sees only their sum ought to warn of."""
        found = set(self.needles(now_ns).values())
        return next((word for word in WORST_FIRST if word in found), "off")

    def _of(self, needle: Electrode, now_ns: int) -> str:
        plunger = needle.plunger
        if plunger.clogged():
            return "corona" if needle.mode == modes.CORONA else "clogged"
        dry = plunger.flow_ml_h(now_ns) == 0.0 and not plunger.stalled(now_ns)
        if dry and (needle.mode in (*modes.JETS, modes.PULSATING) or needle.name in self._gas):
            self._gas.add(needle.name)
        elif not dry and needle.mode not in (modes.CORONA, modes.OFF):
            self._gas.discard(needle.name)
        return "bubble" if needle.name in self._gas else WORDS[needle.mode]
