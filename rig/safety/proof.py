"""Proof that high voltage is off (safety rule 5): read back, never assumed.

Output status bit off *and* monitor at or below max(60 V, two resolution steps) for three readings; then the discharge
time counts; then a person answers that the earthing stick is applied. A supply whose resolution step exceeds 60 V, or
that has no read-back, is never proved: a person's attestation takes its place each time.
"""

from __future__ import annotations

from dataclasses import dataclass

from rig.readings import NS, Readings
from rig.safety.limits import proof_threshold_kv, provable

READINGS_NEEDED = 3

BELIED_NS = 4 * NS
"""So long after a reading that said "on" no word is taken: an "off" that is not acknowledged keeps its line from
reading for two seconds at a time, and a gap between two such readings is not a supply without mains."""


@dataclass(slots=True)
class HvProof:
    """The proof of one supply, fed at each scan. `proved` holds only as long as each new reading says so."""

    supply: str
    monitor_step_kv: float
    discharge_s: float
    count: int = 0
    proved_ns: int | None = None
    attested_ns: int | None = None
    _seen_ns: int = -1
    _on_ns: int | None = None
    """When a reading last said that it is on, or at a voltage."""

    _status: str = ""
    _voltage: str = ""
    _limit_kv: float | None = None

    def __post_init__(self) -> None:
        self._status = f"{self.supply}.output"
        self._voltage = f"{self.supply}.voltage_kv"
        if provable(self.monitor_step_kv):
            self._limit_kv = proof_threshold_kv(self.monitor_step_kv)

    @property
    def proved(self) -> bool:
        """Off by read-back, or by the word of a person at the rig."""
        return self.proved_ns is not None or self.attested_ns is not None

    def update(self, readings: Readings, told_on: bool, wanted: bool = True) -> None:
        """Look at the newest reading; anything but a good "off" starts the proof anew.

        told_on: it was told on, or what it was told is unknown. wanted: it is to be on. A person's word is for the very
        supply that cannot be told anything, so it outlives `told_on` alone; wanting the output on ends it.
        """
        reads_on = self.reads_on(readings)
        if reads_on:
            self._on_ns = readings.now_ns
        if told_on:
            self.count = 0
            self.proved_ns = None
            if wanted or reads_on:
                self.attested_ns = None
            return
        status = readings.value(self._status)
        voltage_kv = readings.value(self._voltage)
        limit_kv = self._limit_kv
        if (
            limit_kv is None
            or status is None
            or voltage_kv is None
            or status != 0
            or abs(voltage_kv) > limit_kv
        ):
            self.count = 0
            self.proved_ns = None
            if reads_on:
                self.attested_ns = None  # a reading that says "on" outweighs anybody's word
            return
        reading = readings.get(self._status)
        assert reading is not None
        if reading.t_ns == self._seen_ns:
            return
        self._seen_ns = reading.t_ns
        self.count += 1
        if self.count >= READINGS_NEEDED and self.proved_ns is None:
            self.proved_ns = readings.now_ns
            self.attested_ns = (
                None  # it reads again, so its mains is on: the word was for a supply that did not
            )

    def reads_on(self, readings: Readings) -> bool:
        """Whether the newest good reading says that the output is on, or still at a voltage."""
        status, voltage_kv = readings.value(self._status), readings.value(self._voltage)
        limit_kv = self._limit_kv if self._limit_kv is not None else 2 * self.monitor_step_kv
        return status == 1 or (voltage_kv is not None and abs(voltage_kv) > limit_kv)

    def _reads_off(self, readings: Readings) -> bool:
        return readings.value(self._status) == 0 and readings.value(self._voltage) is not None

    def attest(self, now_ns: int, readings: Readings) -> bool:
        """A person at the rig says: mains of this supply off, output earthed. False when a reading says otherwise, or
        did so less than `BELIED_NS` ago and none has said "off" since."""
        if self.reads_on(readings):
            return False
        if self._on_ns is not None and now_ns - self._on_ns < BELIED_NS and not self._reads_off(readings):
            return False
        self.attested_ns = now_ns
        return True

    def discharged(self, now_ns: int) -> bool:
        """Whether the discharge time since the proof is over."""
        since_ns = self.proved_ns if self.proved_ns is not None else self.attested_ns
        return since_ns is not None and now_ns - since_ns >= self.discharge_s * NS

    def explain(self, readings: Readings) -> str:
        """Why it is not proved, for a message."""
        limit_kv = self._limit_kv
        if limit_kv is None:
            return (
                f"{self.supply}: its read-back steps of {self.monitor_step_kv * 1000:.0f} V are too coarse to prove "
                "that it is off"
            )
        status, voltage_kv = readings.value(self._status), readings.value(self._voltage)
        if status is None or voltage_kv is None:
            return f"{self.supply}: cannot be read ({readings.explain(self._status)})"
        if status != 0:
            return f"{self.supply}: says its output is on"
        if abs(voltage_kv) > limit_kv:
            return f"{self.supply}: still at {abs(voltage_kv):.2f} kV (limit {limit_kv * 1000:.0f} V)"
        return f"{self.supply}: {self.count} of {READINGS_NEEDED} readings so far"
