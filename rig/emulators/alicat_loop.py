"""Set point, ramp and valve of an emulated Alicat: what its control loop is told, and by whom."""

from __future__ import annotations

from rig.emulators.device import Handle, Timeline
from rig.emulators.physics.mfc import FlowController

RAMP_STEP_S = 0.1


class Loop:
    """The control loop in front of a valve.

    setpoint_sccm: what it was told by serial line; analog: it follows analog_sccm instead. now_sccm: the set point
    after its ramp. ramp_sccm_s: 0 for none; ramped: which edges take it (up, down, to zero, at power-up).
    held: the valve does not follow.
    """

    def __init__(self, timeline: Timeline, controller: FlowController) -> None:
        self._timeline = timeline
        self.controller = controller
        self.setpoint_sccm = 0.0
        self.analog = False
        self.analog_sccm = 0.0
        self.now_sccm = 0.0
        self.ramp_sccm_s = 0.0
        self.ramped = [True, True, True, True]
        self.held = False
        self._ramping: Handle | None = None

    @property
    def wanted_sccm(self) -> float:
        """The set point it goes to."""
        return self.analog_sccm if self.analog else self.setpoint_sccm

    def found_at(self, sccm: float) -> None:
        """It has been at this set point for a while."""
        self._stop_ramp()
        self.setpoint_sccm = self.now_sccm = sccm
        self.controller.found_at(self._timeline.now_ns, sccm)

    def aim(self, at_power_up: bool = False) -> None:
        """Go to what is wanted, along the ramp where there is one."""
        self._stop_ramp()
        wanted, now = self.wanted_sccm, self.now_sccm
        up, down, zero, power_up = self.ramped
        edge = power_up if at_power_up else zero if wanted == 0.0 else up if wanted > now else down
        if edge and self.ramp_sccm_s > 0.0 and wanted != now:
            self._climb()
            return
        self.now_sccm = wanted
        self._drive()

    def hold(self, closed: bool) -> None:
        """The valve stands still where it is, or shut."""
        now_ns = self._timeline.now_ns
        self.held = True
        self.controller.set(now_ns, 0.0 if closed else self.controller.flow_sccm(now_ns))

    def let_go(self) -> None:
        """The valve follows again."""
        self.held = False
        self._drive()

    def fall(self) -> None:
        """No mains: the valve shuts, the ramp is forgotten."""
        self._stop_ramp()
        self.held = False
        self.now_sccm = 0.0
        self._drive()

    def _climb(self) -> None:
        step = self.ramp_sccm_s * RAMP_STEP_S
        wanted = self.wanted_sccm
        far = wanted - self.now_sccm
        self.now_sccm = wanted if abs(far) <= step else self.now_sccm + (step if far > 0 else -step)
        self._drive()
        self._ramping = None
        if self.now_sccm != wanted:
            due_ns = self._timeline.now_ns + round(RAMP_STEP_S * 1e9)
            self._ramping = self._timeline.call_at(due_ns, self._climb)

    def _stop_ramp(self) -> None:
        if self._ramping is not None:
            self._ramping.cancel()
            self._ramping = None

    def _drive(self) -> None:
        if not self.held:
            self.controller.set(self._timeline.now_ns, self.now_sccm)
