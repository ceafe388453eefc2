"""Proof that high voltage is off (safety rule 5), reading by reading."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rig.readings import NS, Reading, Readings
from rig.safety.proof import HvProof

FINE_KV = 40 / 1023  # 39 V: two steps are 78 V


def made(step_kv: float = FINE_KV, discharge_s: float = 30.0) -> HvProof:
    return HvProof("hv.needle", step_kv, discharge_s)


@dataclass
class Bench:
    """A proof that is fed one scan after the other, 0.1 s apart."""

    proof: HvProof = field(default_factory=made)
    now_ns: int = 0
    read_ns: int = 0

    def scan(
        self,
        status: float | None = 0.0,
        kv: float | None = 0.0,
        *,
        told_on: bool = False,
        fresh: bool = True,
        stale_ns: int = NS,
    ) -> bool:
        self.now_ns += NS // 10
        if fresh:
            self.read_ns = self.now_ns
        newest = {
            "hv.needle.output": Reading(status, self.read_ns, None if status is not None else "no reply"),
            "hv.needle.voltage_kv": Reading(kv, self.read_ns, None if kv is not None else "no reply"),
        }
        self.readings = Readings(self.now_ns, newest, dict.fromkeys(newest, stale_ns))
        self.proof.update(self.readings, told_on)
        return self.proof.proved


def test_three_distinct_readings_are_needed() -> None:
    bench = Bench()
    assert [bench.scan() for _ in range(4)] == [False, False, True, True]
    assert bench.proof.proved_ns == 3 * NS // 10


def test_the_same_reading_seen_by_many_scans_counts_once() -> None:
    bench = Bench()
    seen = [bench.scan(fresh=scan % 5 == 0) for scan in range(11)]
    assert seen == [False] * 10 + [True]


@pytest.mark.parametrize(
    ("status", "kv"), [(1.0, 0.0), (0.0, 0.2), (0.0, -0.2), (None, 0.0), (0.0, None), (1.0, 20.0)]
)
def test_status_and_monitor_both_have_to_say_off(status: float | None, kv: float | None) -> None:
    bench = Bench()
    assert not any(bench.scan(status, kv) for _ in range(10))
    assert [bench.scan() for _ in range(3)] == [False, False, True]
    assert bench.scan(status, kv) is False  # and any later reading takes it back
    assert [bench.scan() for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("step_kv", "kv", "proved"),
    [
        (0.010, 0.060, True),  # 60 V, where the monitor is finer
        (0.010, 0.0601, False),
        (FINE_KV, 2 * FINE_KV, True),  # two steps, where they are coarser than 60 V
        (FINE_KV, -2 * FINE_KV, True),
        (FINE_KV, 2 * FINE_KV + 0.001, False),
        (0.060, 0.120, True),
        (0.0601, 0.0, False),  # a step beyond 60 V proves nothing
        (1.0, 0.0, False),
    ],
)
def test_the_threshold_is_60_v_or_two_steps(step_kv: float, kv: float, proved: bool) -> None:
    bench = Bench(made(step_kv))
    assert [bench.scan(kv=kv) for _ in range(3)][-1] is proved


def test_told_on_starts_everything_anew() -> None:
    bench = Bench()
    for _ in range(5):
        bench.scan()
    assert bench.scan(told_on=True) is False
    assert [bench.scan() for _ in range(3)] == [False, False, True]


def test_a_stale_reading_unproves() -> None:
    bench = Bench()
    for _ in range(3):
        bench.scan(stale_ns=NS // 4)
    assert [bench.scan(fresh=False, stale_ns=NS // 4) for _ in range(3)] == [True, True, False]


def test_the_discharge_time_counts_from_the_proof_and_anew_from_a_new_one() -> None:
    bench = Bench(made(discharge_s=0.5))
    for _ in range(3):
        bench.scan()
    over = []
    for _ in range(5):
        bench.scan()
        over.append(bench.proof.discharged(bench.now_ns))
    assert over == [False, False, False, False, True]
    bench.scan(1.0, 3.0)
    assert not bench.proof.discharged(bench.now_ns)
    for _ in range(3):
        bench.scan()
    assert not bench.proof.discharged(bench.now_ns)


def test_a_persons_word_takes_the_place_of_a_read_back_and_is_discharged_in_its_turn() -> None:
    bench = Bench(made(1.0, discharge_s=2.0))
    assert not any(bench.scan() for _ in range(5))
    assert bench.proof.attest(bench.now_ns, bench.readings)
    assert bench.proof.proved
    assert not bench.proof.discharged(bench.now_ns)
    assert all(bench.scan() for _ in range(19))
    assert not bench.proof.discharged(bench.now_ns)
    bench.scan()
    assert bench.proof.discharged(bench.now_ns)


@pytest.mark.parametrize(
    ("status", "kv", "holds"), [(None, None, True), (1.0, 0.0, False), (0.0, 5.0, False)]
)
def test_only_a_reading_that_says_on_outweighs_a_persons_word(
    status: float | None, kv: float | None, holds: bool
) -> None:
    bench = Bench()
    bench.scan(None, None)
    assert bench.proof.attest(bench.now_ns, bench.readings)
    assert bench.scan(status, kv) is holds
    assert bench.scan(None, None) is holds


def test_no_word_is_taken_against_a_reading_that_says_on() -> None:
    bench = Bench()
    bench.scan(1.0, 0.0)
    assert not bench.proof.attest(bench.now_ns, bench.readings)
    bench.scan(0.0, 5.0)
    assert not bench.proof.attest(bench.now_ns, bench.readings)
    assert not bench.proof.proved


def test_no_word_is_taken_in_a_gap_between_readings_that_say_on() -> None:
    bench = Bench()
    bench.scan(1.0, 20.0)
    bench.scan(None, None)  # its line has no time to read: it tells it off, again and again
    bench.now_ns += 3 * NS
    bench.scan(None, None)
    assert not bench.proof.attest(bench.now_ns, bench.readings)
    bench.now_ns += NS
    bench.scan(None, None)
    assert bench.proof.attest(bench.now_ns, bench.readings)  # nothing has been heard of it for four seconds


def test_a_reading_of_off_ends_what_an_older_reading_said() -> None:
    bench = Bench(made(1.0))  # too coarse to prove anything
    bench.scan(1.0, 20.0)
    bench.scan(0.0, 0.0)
    assert bench.proof.attest(bench.now_ns, bench.readings)


def test_a_word_ends_when_the_supply_reads_again() -> None:
    """It was for a supply without mains. One whose cable comes out later is unproved again, and asked for anew."""
    bench = Bench()
    bench.scan(None, None)
    assert bench.proof.attest(bench.now_ns, bench.readings)
    assert [bench.scan() for _ in range(3)] == [True] * 3
    assert bench.proof.proved_ns is not None and bench.proof.attested_ns is None
    bench.proof.update(bench.readings, told_on=True, wanted=False)
    assert not bench.proof.proved and not bench.proof.discharged(10**12)
    assert bench.scan(None, None) is False


def test_what_was_told_on_is_remembered_as_reading_on() -> None:
    bench = Bench()
    bench.scan(1.0, 20.0, told_on=True)
    bench.scan(None, None, told_on=True)
    assert not bench.proof.attest(bench.now_ns, bench.readings)


def test_wanting_it_on_ends_an_attestation_but_a_supply_that_cannot_be_told_does_not() -> None:
    bench = Bench()
    bench.scan(None, None)
    bench.proof.attest(0, bench.readings)
    assert bench.scan(None, None) is True
    bench.proof.update(bench.readings, told_on=True, wanted=False)  # its line is gone: unknown counts as on
    assert bench.proof.proved
    bench.proof.update(bench.readings, told_on=True, wanted=True)
    assert bench.scan(None, None) is False


@pytest.mark.parametrize(
    ("proof", "status", "kv", "says"),
    [
        (made(), 0.0, 3.5, "hv.needle: still at 3.50 kV (limit 78 V)"),
        (made(), 1.0, 0.0, "hv.needle: says its output is on"),
        (made(), None, 0.0, "hv.needle: cannot be read (no reply)"),
        (made(), 0.0, 0.0, "hv.needle: 1 of 3 readings so far"),
        (
            made(0.5),
            0.0,
            0.0,
            "hv.needle: its read-back steps of 500 V are too coarse to prove that it is off",
        ),
    ],
)
def test_it_says_why_it_is_not_proved(proof: HvProof, status: float | None, kv: float, says: str) -> None:
    bench = Bench(proof)
    bench.scan(status, kv)
    assert proof.explain(bench.readings) == says


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.0, 0.0, 1.0, None]),
            st.sampled_from([0.0, 0.0, 0.05, 4.0, None]),
            st.booleans(),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_proved_means_that_the_last_three_distinct_readings_all_said_off(
    scans: list[tuple[float | None, float | None, bool]],
) -> None:
    bench = Bench()
    run = 0
    for status, kv, told_on in scans:
        proved = bench.scan(status, kv, told_on=told_on)
        off = status == 0.0 and kv is not None and kv <= 2 * FINE_KV and not told_on
        run = run + 1 if off else 0
        assert proved is (run >= 3)
