"""What a review of the safety of spinning found, each as a run: what the emulated instruments were told and did, and
what was asked of people.

Most begin with a supply that does not do as it is told, or a line that dies, at a moment at which somebody believes
that high voltage is off.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rig.engine.host import NotReady, Result
from rig.engine.questions import Question
from rig.lines.port import LinkSpec
from rig.readings import NS
from tests.end_to_end.quick import HV, HV_OFF, PUMPS, QUICK, changes, heard, states
from tests.end_to_end.spinning import Spinning

SHORT = QUICK.replace('duration = "3 min"', 'duration = "10 s"')
QUERY = b"\x01Q51\r"
ATTESTED = {"name": "N. N.", "reason": "mains off, output earthed"}
IDLE_POLL_S = 1.0
"""A supply at rest is read each second: so long may what it does go unseen."""


class Withheld:
    """Every question gets its default, but for these keys: the test answers them, or nobody."""

    def __init__(self, *keys: str, can_attest: bool = False) -> None:
        self.can_attest = can_attest
        self._keys = keys

    def provide(self, question: Question) -> Any:
        return None if question.key in self._keys else question.default()


class Reviewed:
    """A short spinning run with everything heard on its wires."""

    def __init__(
        self,
        runs: Path,
        *withheld: str,
        can_attest: bool = False,
        recipe: str = SHORT,
        start: str | None = None,
    ) -> None:
        self.spun = Spinning(runs, recipe, start=start)
        self.spun.hear(HV, PUMPS[0])
        self.host = self.spun.session.host
        self.host.answers = Withheld(*withheld, can_attest=can_attest)
        self.marks: dict[str, float] = {}
        self.said: dict[str, Any] = {}

    # Doing

    def now_s(self) -> float:
        return self.spun.lab.scheduler.now_ns / NS

    def mark(self, name: str) -> None:
        self.marks[name] = self.now_s()

    def answer(self, key: str, value: Any = True, step: str = "co-deposit") -> None:
        self.mark(f"answered {key}")
        self.said[key] = self.host.answer(step, key, value, "Ada")

    def look(self) -> None:
        """Note what a person would be shown."""
        status = self.host.status()
        self.said["look"] = (
            status["hv_unproved"],
            [question["key"] for question in status["questions"]],
            self.kv(),
        )

    def kv(self) -> float:
        """At the output itself."""
        return self.spun.lab.scene.supplies[HV].output_kv(self.spun.lab.scheduler.now_ns)

    def live_for_good(self) -> None:
        """Somebody switches the supply on at its front panel; it says yes to every order and obeys none."""
        device: Any = self.spun.lab.devices[HV]
        self.mark("live")
        device.found_on(20.0)
        device._all_off = lambda: None
        device.supply.enable = lambda now_ns, on: None

        def accept(data: bytes) -> bytes:
            device._fed_ns = self.spun.lab.scheduler.now_ns
            return b"A\r"

        device._set = accept

    def line(self, fault: str, on: bool = True) -> None:
        self.mark(f"{fault} {on}")
        self.spun.lab.wire_of(HV).set_fault(fault, on)

    def leave(self) -> None:
        """Interrupted twice: the host goes at once, and says what it leaves."""
        self.host.interrupt()
        self.host.interrupt()

    def run(self) -> Result:
        return self.spun.run()

    # Seeing

    def when(self, kind: str, **data: Any) -> list[float]:
        """At which seconds there was such an event."""
        return [t_ns / NS for t_ns, _ in self.spun.found(kind, **data)]

    def offs(self, since_s: float, until_s: float) -> list[float]:
        """When an "off" reached the supply."""
        return [t / NS for t, data in heard(self.spun, HV) if HV_OFF in data and since_s <= t / NS <= until_s]

    def keys(self, kind: str = "question") -> list[str]:
        return [data["key"] for _, data in self.spun.found(kind)]


# 20 kV while a person is asked


@pytest.mark.parametrize(
    ("asked", "step", "held"),
    [
        ("primed", "co-deposit", False),
        ("earthed", "co-deposit", False),
        ("mat_mass", "transfer", False),
        ("mat_mass", "transfer", True),
    ],
)
def test_when_the_supply_comes_on_while_a_person_is_asked_the_question_is_withdrawn(
    tmp_path: Path, asked: str, step: str, held: bool
) -> None:
    run = Reviewed(tmp_path, "primed" if asked == "primed" else asked, "mat_mass", "attested")
    if held:
        run.spun.after("question", 1.0, lambda: run.host.command("hold", None, "Ada"), key=asked)
    run.spun.after("question", 2.0, run.live_for_good, key=asked)
    run.spun.after("question", 32.0, run.look, key=asked)
    value = True if asked != "mat_mass" else "470 mg"
    run.spun.after("question", 33.0, lambda: run.answer(asked, value, step), key=asked)
    run.spun.after("question", 40.0, run.leave, key=asked)
    result = run.run()
    live_s = run.marks["live"]
    # Seen at the next reading: the question is gone, and it cannot be answered any more.
    (withdrawn_s,) = run.when("withdrawn", key=asked, step=step)
    assert 0 < withdrawn_s - live_s <= IDLE_POLL_S + 0.2
    assert run.when("question", key=asked) == [pytest.approx(live_s - 2.0)]  # and is not asked again
    assert run.said[asked] == f"[{step}] {asked} is not asked now (asked: [co-deposit] attested)"
    # A second later it is a trip, and loud.
    (trip_s,) = run.when("trip", tag=f"supply-live:{HV}")
    assert trip_s - withdrawn_s == pytest.approx(1.0, abs=0.2)
    assert run.said["look"] == (True, ["attested"], pytest.approx(20.0, abs=0.01))
    alarm = run.spun.found("alarm", tag="hv-unproved")[0][1]
    assert (alarm["priority"], alarm["text"]) == ("highest", f"{HV}: says its output is on")
    # The supply was told off at once, and again each second.
    offs = run.offs(trip_s, trip_s + 20.0)
    assert offs[0] - trip_s < 0.1
    assert len(offs) >= 19
    assert result.ending.outcome == "aborted"
    assert str(result.ending.reason).startswith(f"supply-live:{HV}")
    assert f"{HV} is NOT PROVED OFF" in str(result.left)


# A line that dies when everything is off


@pytest.mark.parametrize(
    ("command", "state", "outcome"), [("stop", "Stopped", "stopped"), ("hold", "Held", "aborted")]
)
def test_a_supply_that_cannot_be_read_any_more_is_loud_in_every_state_and_ends_by_a_word(
    tmp_path: Path, command: str, state: str, outcome: str
) -> None:
    run = Reviewed(tmp_path, "attested", can_attest=True)
    run.spun.after("clock", 5.0, lambda: run.host.command(command, None, "Ada"), running=True)
    run.spun.after("state", 5.0, lambda: run.line("silent"), to=state)
    run.spun.after("question", 10.0, run.look, key="attested")
    run.spun.after("question", 20.0, lambda: run.answer("attested", ATTESTED), key="attested")
    result = run.run()
    mute_s, word_s = run.marks["silent True"], run.marks["answered attested"]
    (dark_s,) = run.when("trip", tag=f"supply-dark:{HV}")
    assert 2.0 <= dark_s - mute_s <= 6.5  # an idle reading may be 3 s old, and 2 s more it is waited for
    assert run.offs(dark_s, dark_s + 0.3)  # it is told off, though nobody hears whether it is
    assert states(run.spun)[-2:] == ["Aborting", "Aborted"]
    (alarm_s,) = run.when("alarm", tag="hv-unproved")
    assert alarm_s - mute_s <= 10.0
    assert run.when("question", key="attested") == [alarm_s]
    assert run.said["look"][:2] == (True, ["attested"])
    assert run.said["attested"] is None
    assert result.ending.outcome == outcome
    assert 30.0 <= run.now_s() - word_s < 40.0  # the discharge time counts from the word
    assert f"{HV} is off by attestation, not by read-back" in str(result.left)


# Proofs


def test_an_old_proof_does_not_survive_an_order_to_energise(tmp_path: Path) -> None:
    """Priming took longer than the discharge time; the supply has carried out "on", its line is deaf from then on, and
    before any acknowledgement somebody aborts."""
    run = Reviewed(tmp_path, "primed", "attested", can_attest=True)
    supply = run.spun.lab.scene.supplies[HV]
    enable: Callable[[int, bool], None] = supply.enable

    def look() -> None:
        run.said["proved"] = run.host.unit.proofs[HV].proved

    def watched(now_ns: int, on: bool) -> None:
        enable(now_ns, on)
        if on and "on" not in run.marks:
            run.mark("on")
            run.line("deaf")
            run.spun.at(run.now_s() + 0.002, lambda: run.host.command("abort", None, "Ada"))
            run.spun.at(run.now_s() + 0.150, look)  # the next scan has passed

    supply.enable = watched  # type: ignore[method-assign]
    run.spun.after("question", 60.0, lambda: run.answer("primed"), key="primed")
    run.spun.after("question", 20.0, lambda: run.answer("attested", ATTESTED), key="attested")
    result = run.run()
    assert run.when("command", command="abort") == [pytest.approx(run.marks["on"] + 0.002)]
    assert run.said["proved"] is False
    on_s, word_s = run.marks["on"], run.marks["answered attested"]
    (switched_on, switched_off) = changes(run.spun, HV)
    assert switched_on == (on_s, True)
    assert switched_off[0] - heard(run.spun, HV)[-1][0] / NS <= 1.6  # by its own watchdog
    assert word_s - on_s > 20.0
    assert run.now_s() - word_s >= 30.0
    assert result.ending.outcome == "aborted"
    assert [data["attested"] for _, data in run.spun.found("proof")] == [[HV]]


def test_an_attestation_never_outweighs_a_reading_of_20_kv(tmp_path: Path) -> None:
    """The supply refuses every order and answers every query: between two bursts of "off" it reads 20 kV."""
    run = Reviewed(tmp_path, "attested")
    device: Any = run.spun.lab.devices[HV]

    def refuse(data: bytes) -> int:
        device._fed_ns = run.spun.lab.scheduler.now_ns  # any message feeds its watchdog
        return 6

    run.spun.after("clock", 1.0, lambda: setattr(device, "_set", refuse), running=True)
    run.spun.after("clock", 1.1, lambda: run.host.command("abort", None, "Ada"), running=True)
    for delay_s in (16.0, 24.3, 33.1, 41.7):
        run.spun.after(
            "clock",
            delay_s,
            lambda: run.answer("attested", ATTESTED) if run.host.engine.open_questions() else None,
            running=True,
        )
    run.spun.after("clock", 50.0, run.look, running=True)
    run.spun.after("clock", 51.0, run.leave, running=True)
    result = run.run()
    assert run.spun.found("proof") == []
    refused = run.spun.found("refused", answer="attested")
    assert len(refused) >= 3
    assert all(HV in data["why"] for _, data in refused)
    assert run.said["look"][0] is True
    assert run.said["look"][2] == pytest.approx(20.0, abs=0.01)
    assert result.ending.outcome == "aborted"
    assert f"{HV} is NOT PROVED OFF" in str(result.left)


def test_a_word_that_is_no_longer_needed_is_not_kept_for_later(tmp_path: Path) -> None:
    """The line was deaf for 15 s: what was asked then is withdrawn, and the next silence is asked about anew."""
    run = Reviewed(tmp_path, "attested", can_attest=True)
    run.spun.after("clock", 5.0, lambda: run.line("deaf"), running=True)
    run.spun.after("clock", 20.0, lambda: run.line("deaf", False), running=True)
    run.spun.after("clock", 26.0, lambda: run.answer("attested", ATTESTED), running=True)
    run.spun.after("clock", 30.0, lambda: run.line("deaf"), running=True)
    run.spun.after("clock", 45.0, run.look, running=True)
    run.spun.after("clock", 50.0, lambda: run.line("deaf", False), running=True)
    result = run.run()
    assert run.keys() == ["primed", "wiped", "attested", "attested"]
    assert run.keys("withdrawn") == ["attested", "attested"]
    assert run.said["attested"] == "[co-deposit] attested is not asked now (asked: nothing)"
    assert run.said["look"][:2] == (True, ["attested"])
    assert not [data for _, data in run.spun.found("proof") if "attested" in data]
    assert result.left is None  # read back at last


# On the wire


@pytest.mark.parametrize("burst_s", [0.02, 0.05, 0.12])
def test_an_off_that_noise_damaged_is_repeated_at_once_with_nothing_in_between(
    tmp_path: Path, burst_s: float
) -> None:
    """An arc's noise on the supply's receiving side, beginning with the very "off" that an open door calls for."""
    run = Reviewed(tmp_path)
    lab, wire = run.spun.lab, run.spun.lab.wire_of(HV)
    receive = wire.receive

    def noisy(data: bytes, link: LinkSpec) -> None:
        if HV_OFF in data and "door" in run.marks:
            run.marks.setdefault("burst", run.now_s())
        if "burst" in run.marks and run.now_s() - run.marks["burst"] < burst_s:
            place = 5 if len(data) > 6 else 2
            data = data[:place] + bytes([data[place] ^ 0x10]) + data[place + 1 :]
        receive(data, link)

    def open_door() -> None:
        run.mark("door")
        lab.scene.contacts.set(lab.scheduler.now_ns, "door_closed", False)

    wire.receive = noisy  # type: ignore[method-assign]
    run.spun.after("clock", 5.0, open_door, running=True)
    result = run.run()
    door_s, burst_at_s = run.marks["door"], run.marks["burst"]
    off_s = next(t for t, on in changes(run.spun, HV) if t > door_s)
    between = [data for t, data in heard(run.spun, HV) if burst_at_s <= t / NS <= off_s]
    assert len(between) >= 2
    assert QUERY not in between
    assert all(data == HV_OFF or len(data) == len(HV_OFF) for data in between)
    assert off_s - burst_at_s <= burst_s + 0.1
    assert off_s - door_s <= run.spun.reaction_s + burst_s
    assert str(result.ending.reason).startswith("door")


def test_a_rig_refused_at_connect_says_which_supply_is_not_proved_off(tmp_path: Path) -> None:
    run = Reviewed(tmp_path, start=f'[{HV}]\nvoltage = "20 kV"\n')
    run.spun.lab.scene.fault(0, HV, "stuck-on", True)
    run.spun.lab.wire_of(PUMPS[0]).set_fault("deaf", True)
    with pytest.raises(NotReady) as refused:
        run.run()
    *silent, unproved = str(refused.value).splitlines()
    assert [line.partition(":")[0] for line in silent] == list(PUMPS)
    assert unproved.startswith(f"KEEP AWAY: {HV} is NOT PROVED OFF ({HV}: still at 20.0")
    assert run.kv() == pytest.approx(20.0, abs=0.01)
    assert len(run.offs(0.0, run.now_s())) >= 2


# People and needles


def test_after_a_long_hold_earthed_comes_before_anything_at_the_needles(tmp_path: Path) -> None:
    run = Reviewed(tmp_path, "earthed", recipe=QUICK)
    run.spun.after("clock", 5.0, lambda: run.host.command("hold", None, "Ada"), running=True)
    run.spun.after("state", 125.0, lambda: run.host.command("resume", None, "Ada"), to="Held")
    run.spun.after("question", 40.0, lambda: run.answer("earthed"), key="earthed")
    run.spun.after("answer", 1.0, lambda: run.host.command("stop", None, "Ada"), key="earthed")
    run.run()
    assert run.keys() == ["primed", "wiped", "earthed"]
    (asked_s,), answered_s = run.when("question", key="earthed"), run.marks["answered earthed"]
    held_s = run.when("state", to="Held")[0]
    for pump in PUMPS:
        moved = [t for t, on in changes(run.spun, pump) if on and t > held_s]
        assert moved[0] >= answered_s > asked_s


def test_nobody_is_sent_to_a_rig_that_was_found_live_before_it_has_discharged(tmp_path: Path) -> None:
    look = '[[steps]]\nid = "look"\ndo = "prompt"\nsay = "Lay a fresh foil on the collector."\n\n'
    recipe = SHORT.replace("[[steps]]", look + "[[steps]]", 1)
    run = Reviewed(tmp_path, recipe=recipe, start=f'[{HV}]\nvoltage = "20 kV"\n')
    result = run.run()
    assert run.keys() == ["done", "primed", "wiped", "earthed", "mat_mass"]
    off_s = changes(run.spun, HV)[0]
    assert off_s[1] is False
    assert off_s[0] < 0.1
    assert 30.0 <= run.when("question")[0] - off_s[0] < 36.0
    assert result.ending.outcome == "completed"


def test_a_trip_is_not_cleared_while_its_cause_is_there(tmp_path: Path) -> None:
    run = Reviewed(tmp_path)
    lab = run.spun.lab

    def stop_button(ok: bool) -> None:
        lab.scene.contacts.set(lab.scheduler.now_ns, "emergency_stop_ok", ok)

    def clear(name: str) -> None:
        run.said[name] = run.host.command("clear", None, "Ada")

    run.spun.after("clock", 5.0, lambda: stop_button(False), running=True)
    run.spun.after("clock", 15.0, lambda: clear("pressed"), running=True)
    run.spun.after("clock", 18.0, lambda: stop_button(True), running=True)
    run.spun.after("clock", 22.0, lambda: clear("released"), running=True)
    result = run.run()
    assert (
        run.said["pressed"]
        == "not cleared, its cause is still there: emergency-stop: The emergency stop is pressed."
    )
    assert len(run.spun.found("refused", command="clear")) == 1
    assert run.said["released"] is None
    assert states(run.spun)[-5:] == ["Aborting", "Aborted", "Clearing", "Stopped", "Idle"]
    (cleared_s,) = run.when("state", to="Clearing")
    assert cleared_s > run.when("state", to="Aborted")[0] + 15.0
    assert result.ending.outcome == "aborted"
    assert [on for _, on in changes(run.spun, HV)] == [True, False]  # nothing is energised by clearing
