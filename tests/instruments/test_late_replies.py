"""Replies without a number behind a link that delays them: none is ever taken for the answer to a newer question."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from rig.emulators.adam import AdamEmulator
from rig.emulators.glassman import GlassmanEmulator
from rig.emulators.physics.chamber import Contacts
from rig.emulators.physics.supply import Supply
from rig.emulators.wire import Wire
from rig.instruments import adam, glassman
from rig.instruments.adam import Adam
from rig.instruments.glassman import Glassman
from rig.instruments.settings import HvSettings, InputChannel, InputsSettings
from rig.lines.errors import InstrumentError, NoReply, Preempted
from rig.outputs import HvOutput
from tests.instruments.adamglass_loop import HandTimeline, LoopPort, ScriptPort

S = 1_000_000_000

INPUTS = InputsSettings(
    name="inputs.bench", driver="adam-4000", where="/dev/ttyUSB5", model="4050", address=1,
    channels=(InputChannel("door_closed", 0),), checksum=True,
)  # fmt: skip
HV = HvSettings(
    name="hv.needle", driver="glassman", where="/dev/ttyUSB1",
    rating_kv=30.0, rating_ma=10.0, limit_kv=25.0, limit_ua=5000.0,
)  # fmt: skip
ON = HvOutput(True, 10.0, 1000.0)


def framed(text: bytes) -> bytes:
    """With the checksum of an ADAM."""
    return text + b"%02X\r" % (sum(text) & 0xFF)


ASK, NAME, FIRMWARE = framed(b"$016"), framed(b"$01M"), framed(b"$01F")
CLOSED, OPEN, NAMED = framed(b"!000000"), framed(b"!000100"), framed(b"!014050")

Q, V = b"\x01Q51\r", b"\x01V56\r"
OFF, RESET = b"\x01S0000000000001C4\r", b"\x01S0000000000004C7\r"
SET = b"\x01S55519A0000002EF\r"
A, B, E5 = b"A\r", b"B2567\r", b"E535\r"
R_OFF, R_ON, R_10KV = b"R00000000000040\r", b"R00000000040044\r", b"R15500500040054\r"


class Loop(LoopPort):
    """A loop whose replies go through an emulated wire with its faults; each may have a delay of its own, and each
    request may be lost."""

    def __init__(self, timeline: HandTimeline, device: AdamEmulator | GlassmanEmulator) -> None:
        super().__init__(timeline, device)
        self.wire = Wire("wire", timeline, random.Random(1))
        self.wire.host = self
        self.wire.attach(device)

    def arrive(self, data: bytes, begins_ns: int) -> None:
        """From the wire."""
        self._transmit(data, begins_ns)

    def unplugged(self) -> None:
        """It never is."""

    def delay(self, seconds: float) -> None:
        """Every reply from now on comes so much later."""
        self.wire.late_ns = round(seconds * 1e9)
        self.wire.set_fault("late", seconds > 0)


def inputs_loop(checksum: bool = True, model: str = "4050") -> tuple[Adam, Loop, Contacts]:
    timeline = HandTimeline()
    contacts = Contacts(["door_closed"])
    module = AdamEmulator(
        "inputs",
        timeline,
        contacts=contacts,
        channel_names={0: "door_closed"},
        checksum=checksum,
        model=model,
    )
    port = Loop(timeline, module)
    return Adam(replace(INPUTS, checksum=checksum, model=model), port), port, contacts


def supply_loop() -> tuple[Glassman, Loop, GlassmanEmulator]:
    timeline = HandTimeline()
    emulator = GlassmanEmulator("hv", timeline, supply=Supply(rating_kv=30.0, rating_ma=10.0))
    port = Loop(timeline, emulator)
    port.wire.heard = []
    return Glassman(HV, port), port, emulator


def inputs_script(*pairs: tuple[bytes, bytes]) -> tuple[Adam, ScriptPort]:
    port = ScriptPort(pairs)
    return Adam(INPUTS, port), port


def supply_script(*pairs: tuple[bytes, bytes]) -> tuple[Glassman, ScriptPort]:
    port = ScriptPort(pairs)
    return Glassman(HV, port), port


# ADAM, byte by byte


def test_a_late_closed_door_is_thrown_away_before_the_fence() -> None:
    driver, port = inputs_script((ASK, b""), (NAME, CLOSED + NAMED), (ASK, OPEN))
    assert driver.read("inputs") == {"door_closed": 0.0}
    assert port.done()


def test_half_a_late_reply_does_not_hide_the_answer_to_the_fence() -> None:
    driver, port = inputs_script((ASK, CLOSED[:4]), (NAME, CLOSED[4:7] + NAMED), (ASK, OPEN))
    assert driver.read("inputs") == {"door_closed": 0.0}
    assert port.done()


@pytest.mark.parametrize("model", adam.MODELS)
@pytest.mark.parametrize("data", [b"!014000", b"!010000", b"!FFFF00"])
def test_no_data_pass_for_the_answer_to_the_fence(model: str, data: bytes) -> None:
    port = ScriptPort([(ASK, b""), (NAME, framed(data))])
    channels = INPUTS.channels if adam.INPUT_COUNT[model] else ()
    with pytest.raises(NoReply):
        Adam(replace(INPUTS, model=model, channels=channels), port).read("inputs")
    assert port.done()


def test_while_the_fence_is_unanswered_nothing_is_asked_and_no_contact_read() -> None:
    driver, port = inputs_script((ASK, b""), (NAME, b""), (NAME, NAMED), (ASK, OPEN))
    with pytest.raises(NoReply, match="no reply within"):
        driver.read("inputs")
    for _ in range(5):
        port.time_ns += S // 10
        port.input = CLOSED
        with pytest.raises(NoReply, match=r"inputs\.bench: inputs \(\$AA6\): not asked"):
            driver.read("inputs")
    assert port.sent == [ASK, NAME]
    port.input = NAMED[:4]
    with pytest.raises(NoReply):
        driver.read("inputs")
    port.input = NAMED[4:]  # the late answer frees the way for a fence, not for a question
    assert driver.read("inputs") == {"door_closed": 0.0}
    assert port.done()


def test_a_lost_fence_is_sent_again() -> None:
    driver, port = inputs_script((ASK, b""), (NAME, b""), (NAME, NAMED), (ASK, CLOSED))
    with pytest.raises(NoReply):
        driver.read("inputs")
    port.time_ns += adam.LOST_NS - 1
    with pytest.raises(NoReply):
        driver.read("inputs")
    port.time_ns += 1
    assert driver.read("inputs") == {"door_closed": 1.0}
    assert port.done()


def test_an_unasked_reply_calls_for_a_fence() -> None:
    driver, port = inputs_script((NAME, NAMED), (ASK, OPEN), (ASK, OPEN))
    port.input = CLOSED
    assert driver.read("inputs") == {"door_closed": 0.0}
    port.input = b"\x00\xff"  # what a line driver makes of its switching is no reply
    assert driver.read("inputs") == {"door_closed": 0.0}
    assert port.done()


def test_an_off_goes_before_the_question_behind_the_fence() -> None:
    driver, port = inputs_script((NAME, NAMED))
    port.input, port.off = CLOSED, True
    with pytest.raises(Preempted):
        driver.read("inputs")
    assert port.sent == [NAME]


def test_a_module_without_a_name_answers_the_fence_as_it_can() -> None:
    unknown = framed(b"?01")
    driver, port = inputs_script((NAME, unknown), (ASK, b""), (NAME, CLOSED + unknown), (ASK, OPEN))
    assert "as declared" in driver.identify().model
    assert driver.read("inputs") == {"door_closed": 0.0}
    assert port.done()


def test_a_name_that_came_too_late_at_connect_is_no_passed_fence() -> None:
    driver, port = inputs_script((NAME, b""), (NAME, b""), (NAME, NAMED), (ASK, OPEN))
    driver.identify()
    with pytest.raises(NoReply):
        driver.read("inputs")
    port.input = NAMED
    assert driver.read("inputs") == {"door_closed": 0.0}
    assert port.done()


def test_the_firmware_is_not_the_late_name() -> None:
    driver, port = inputs_script(
        (NAME, b""), (NAME, NAMED), (FIRMWARE, NAMED), (FIRMWARE, framed(b"!01A1.06")), (ASK, OPEN)
    )
    assert driver.identify().firmware == "A1.06"
    assert driver.read("inputs") == {"door_closed": 0.0}
    assert port.done()


# ADAM on a slow wire


@pytest.mark.parametrize("checksum", [True, False])
@pytest.mark.parametrize("late_s", [0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.5])
@pytest.mark.parametrize("period_s", [0.0, 0.1, 0.37])
def test_a_wire_that_delays_every_reply_gives_no_reading(
    checksum: bool, late_s: float, period_s: float
) -> None:
    driver, port, _ = inputs_loop(checksum)
    assert driver.read("inputs") == {"door_closed": 1.0}
    port.delay(late_s)
    while port.timeline.now_ns < 20 * S:
        with pytest.raises(InstrumentError):
            driver.read("inputs")
        port.timeline.advance_s(period_s or 0.001)
    port.delay(0.0)
    port.timeline.advance_s(late_s + 0.1)
    for _ in range(2):
        try:
            values = driver.read("inputs")
        except InstrumentError:
            port.timeline.advance_s(3.0)
            values = driver.read("inputs")
    assert values == {"door_closed": 1.0}


DELAYS = st.one_of(
    st.floats(0.0, 2.5).map(lambda seconds: [seconds]),
    st.lists(
        st.sampled_from([0.0, 0.0, 0.1, 0.18, 0.2, 0.3, 0.5, 1.0, 1.5, 2.0, 2.5]), min_size=1, max_size=12
    ),
)
PERIODS = st.lists(st.sampled_from([0.001, 0.05, 0.1, 0.1, 0.2, 0.5, 1.0]), min_size=1, max_size=5)
LOST = st.lists(st.integers(0, 5).map(lambda n: n == 0), min_size=1, max_size=20)


def disturb(port: Loop, delays: list[float], lost: list[bool]) -> None:
    """Each reply has the next delay, each request is lost or not, in turn."""
    asked = iter(range(10**9))

    def request(data: bytes) -> bytes:
        number = next(asked)
        port.delay(delays[number % len(delays)])
        return b"" if lost[number % len(lost)] else data

    port.damage_request = request


@hypothesis_settings(max_examples=200, deadline=None)
@given(delays=DELAYS, periods=PERIODS, lost=LOST, moves=st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_what_is_read_was_so_while_it_was_asked(
    delays: list[float], periods: list[float], lost: list[bool], moves: list[int]
) -> None:
    driver, port, contacts = inputs_loop()
    disturb(port, delays, lost)
    timeline = port.timeline
    history = [(0, 1.0)]

    def move(closed: bool) -> None:
        contacts.set(timeline.now_ns, "door_closed", closed)
        history.append((timeline.now_ns, 1.0 if closed else 0.0))

    at_s, closed = 0.0, True
    while at_s < 15.0:
        at_s += moves[len(history) % len(moves)] / 10 + 0.0137
        closed = not closed
        timeline.call_at(round(at_s * 1e9), lambda closed=closed: move(closed))  # type: ignore[misc]
        history.append((round(at_s * 1e9), 1.0 if closed else 0.0))
    number = 0
    while timeline.now_ns < 15 * S:
        begun_ns = timeline.now_ns
        try:
            value = driver.read("inputs")["door_closed"]
        except InstrumentError:
            pass
        else:
            before = [v for t, v in sorted(history) if t <= begun_ns][-1:]
            during = [v for t, v in history if begun_ns < t <= timeline.now_ns]
            assert value in before + during
        timeline.advance_s(periods[number % len(periods)])
        number += 1


# Glassman, byte by byte


def test_a_late_status_is_thrown_away_before_the_fence() -> None:
    driver, port = supply_script((Q, b""), (V, R_OFF + B), (Q, R_10KV))
    assert driver.read("status")["output"] == 1.0
    assert port.done()


def test_a_late_acknowledgement_does_not_acknowledge_the_next_set() -> None:
    driver, port = supply_script((Q, R_OFF), (SET, b""), (V, A + B), (Q, R_OFF))
    with pytest.raises(InstrumentError, match="order lost"):
        driver.apply(ON)
    assert port.done()


def test_while_the_fence_is_unanswered_nothing_is_asked_or_set() -> None:
    driver, port = supply_script((Q, b""), (V, b""), (V, B), (Q, R_OFF))
    with pytest.raises(NoReply, match="no reply within"):
        driver.read("status")
    port.input = R_OFF
    for call in (lambda: driver.read("status"), lambda: driver.apply(ON), driver.set_up):
        with pytest.raises(NoReply, match=r"hv\.needle: .*not sent"):
            call()
    assert port.sent == [Q, V]
    port.time_ns += glassman.LOST_NS
    assert driver.read("status")["output"] == 0.0
    assert port.done()


def test_a_late_acknowledgement_of_a_set_is_not_believed_of_an_off() -> None:
    driver, port = supply_script((Q, R_OFF), (SET, b""), (V, b""), (OFF, A), (OFF, A))
    with pytest.raises(NoReply):
        driver.apply(ON)
    with pytest.raises(NoReply, match="may be something older"):
        driver.off()
    assert port.done()


def test_a_doubtful_off_goes_first_and_is_told_again_behind_the_fence() -> None:
    driver, port = supply_script((Q, b"R000"), (OFF, A), (V, A + B), (OFF, A), (Q, R_OFF))
    port.off = True
    with pytest.raises(Preempted):
        driver.read("status")
    driver.off()
    port.off = False
    driver.read("status")
    assert port.done()


def test_the_off_behind_the_fence_has_to_be_acknowledged() -> None:
    driver, port = supply_script((Q, b""), (OFF, A), (V, B), (OFF, b""))
    port.off = True
    with pytest.raises(Preempted):
        driver.read("status")
    with pytest.raises(NoReply, match="off: no reply"):
        driver.off()
    assert port.done()


def test_a_faulted_supply_is_reset_behind_the_fence() -> None:
    driver, port = supply_script((OFF, E5), (RESET, A), (V, B), (OFF, E5), (RESET, A))
    port.input = A
    driver.off()
    assert port.done()


def test_the_answer_to_the_first_of_two_offs_may_still_come() -> None:
    driver, port = supply_script((OFF, b""), (OFF, A), (V, A + B), (Q, R_OFF), (SET, A))
    driver.off()
    driver.apply(ON)
    assert port.done()


def test_a_late_answer_to_the_fence_that_an_off_meets_frees_the_way() -> None:
    driver, port = supply_script((Q, b""), (V, b""), (OFF, B), (OFF, A), (V, A + B), (OFF, A), (Q, R_ON))
    with pytest.raises(NoReply):
        driver.read("status")
    driver.off()
    assert driver.read("status")["output"] == 1.0
    assert port.done()


def test_a_revision_asked_twice_may_be_answered_twice() -> None:
    driver, port = supply_script((V, b""), (V, B), (V, B), (Q, R_OFF))
    assert driver.identify().firmware == "25"
    with pytest.raises(NoReply):
        driver.read("status")
    port.input = B
    assert driver.read("status")["output"] == 0.0
    assert port.done()


# Glassman on a slow wire


@pytest.mark.parametrize("late_s", [0.2, 0.3, 0.4, 0.75, 1.5, 2.5])
def test_a_supply_that_answers_late_gives_no_reading_and_its_off_works_without_being_believed(
    late_s: float,
) -> None:
    driver, port, emulator = supply_loop()
    driver.off()
    driver.apply(ON)
    assert driver.read("status")["output"] == 1.0
    port.delay(late_s)
    for _ in range(10):
        with pytest.raises(InstrumentError):
            driver.read("status")
        with pytest.raises(InstrumentError):
            driver.apply(HvOutput(True, 12.0, 1000.0))
        port.timeline.advance_s(0.1)
    before = len(port.sent)
    try:
        driver.off()
    except InstrumentError:
        believed = False
    else:
        believed = True
    assert port.sent[before] == OFF
    assert not emulator.supply.enabled
    assert not believed


@hypothesis_settings(max_examples=300, deadline=None)
@given(delays=DELAYS, periods=PERIODS, lost=LOST, calls=st.lists(st.integers(0, 9), min_size=4, max_size=60))
def test_what_a_supply_is_believed_to_have_done_was_done_when_it_was_told(
    delays: list[float], periods: list[float], lost: list[bool], calls: list[int]
) -> None:
    driver, port, emulator = supply_loop()
    disturb(port, delays, lost)
    timeline, heard = port.timeline, []
    receive = emulator.receive

    def hear(data: bytes) -> None:
        receive(data)
        heard.append((timeline.now_ns, data))

    emulator.receive = hear  # type: ignore[method-assign]
    for number, call in enumerate(calls):
        begun_ns, before_on = timeline.now_ns, emulator.supply.enabled
        try:
            if call < 3:
                driver.off()
                # Nothing but an off that the supply has heard since then is believed.
                assert any(t > begun_ns and data in (OFF, RESET) for t, data in heard)
                assert not emulator.supply.enabled
            elif call < 6:
                counts = driver._counts
                driver.apply(HvOutput(True, float(call), 1000.0))
                if driver._counts != counts:
                    assert any(t > begun_ns and data[1:2] == b"S" for t, data in heard)
            else:
                on = driver.read("status")["output"] == 1.0
                assert any(t > begun_ns and data == Q for t, data in heard)
                assert on in (before_on, emulator.supply.enabled)
        except InstrumentError:
            pass
        timeline.advance_s(periods[number % len(periods)])
