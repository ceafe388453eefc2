"""How often things are done, the same in the real and in the virtual world; written into each run's record."""

from __future__ import annotations

from typing import Final

from rig.instruments.catalog import ATTEMPTS, DEADLINE_S
from rig.readings import NS

SCAN_HV_NS: Final = NS // 10
"""A scan each 100 ms while any high voltage is on, wanted or unproved."""

SCAN_ACTIVE_NS: Final = NS
"""Each second while a run is open or anything else is active."""

SCAN_IDLE_NS: Final = 5 * NS

LEASE_HV_NS: Final = 800_000_000
"""High-voltage and pump lines, while any high voltage is on, wanted or unproved."""

LEASE_MARGIN_NS: Final = 60_000_000
"""So much earlier such a lease lapses in truth: an exchange may be in flight (32 ms to a Glassman) and the "off" takes
its time on the wire (19 ms), and it is to be out within the lease."""

LEASE_PUMPS_NS: Final = 2_500_000_000
"""Pump lines, while only pumps run."""

LEASE_FURNACE_NS: Final = 30_000_000_000
"""Furnace lines: heat is slow, and a furnace that is let go loses the sample."""

LEASE_SCANS: Final = 3
"""All other lines: so many scan periods."""

SAMPLE_NS: Final = NS
OFF_RETRY_NS: Final = NS
"""An output that is not proved off is told again each second (safety rule 5)."""

INPUTS_STALE_S: Final = 0.25
PUMPS_STALE_S: Final = 1.2
"""Two poll periods and a failed attempt: a pump's line that hangs takes the voltage within 1.0 s (safety rule 4)."""


def as_record() -> dict[str, float]:
    """The periods in seconds, for the `opened` event."""
    return {
        "scan_hv_s": SCAN_HV_NS / NS,
        "scan_active_s": SCAN_ACTIVE_NS / NS,
        "scan_idle_s": SCAN_IDLE_NS / NS,
        "lease_hv_s": LEASE_HV_NS / NS,
        "lease_pumps_s": LEASE_PUMPS_NS / NS,
        "lease_furnace_s": LEASE_FURNACE_NS / NS,
        "lease_scans": LEASE_SCANS,
        "sample_s": SAMPLE_NS / NS,
        "quick_deadline_s": DEADLINE_S["hv"],
        "slow_deadline_s": DEADLINE_S["current"],
        "attempts": ATTEMPTS,
        "inputs_stale_s": INPUTS_STALE_S,
        "pumps_stale_s": PUMPS_STALE_S,
    }
