"""Programs loaded by the Eurotherm driver and run by the emulated controllers, in virtual time."""

from __future__ import annotations

import statistics

import pytest

from rig.emulators.eurotherm_programmer import Blocks, Triples
from rig.emulators.physics.furnace import BADLY_TUNED
from rig.lines.errors import Refused
from rig.outputs import FURNACE_OFF, FurnaceOutput, ProgramSegment
from tests.instruments.eurotherm_bench import FOUNDING, MODELS, EurothermBench, ready, run

ONE = ProgramSegment(10.0, 200.0, 600.0)


def hold(output: FurnaceOutput) -> FurnaceOutput:
    return FurnaceOutput("hold", output.number, output.segments, output.hold_back_degc)


def blocks(bench: EurothermBench) -> Blocks:
    found = bench.controller.registers.blocks
    assert found is not None
    return found


def triples(bench: EurothermBench) -> Triples:
    found = bench.controller.registers.triples
    assert found is not None
    return found


# The founding profile


@pytest.mark.parametrize("model", MODELS)
def test_the_founding_profile_runs_on_every_model(model: str) -> None:
    bench = ready(model)
    driver = bench.driver
    driver.apply(run())
    begun_ns = bench.time.now_ns
    minutes: list[float] = []
    temperatures: list[float] = []
    states: list[float | None] = []
    segments = []
    while (bench.time.now_ns - begun_ns) / 6e10 < 15 * 60:
        bench.time.pass_s(10)
        values = bench.poll()
        temperature = values["temperature_degc"]
        assert temperature is not None
        minutes.append((bench.time.now_ns - begun_ns) / 6e10)
        temperatures.append(temperature)
        states.append(values["program"])
        segments.append(driver.read("program")["segment"])
        if states[-1] in (0.0, 4.0) and temperature < 60:
            break

    def slope(low: float, high: float, from_min: float, to_min: float) -> float:
        points = [
            (t, value)
            for t, value in zip(minutes, temperatures, strict=True)
            if from_min <= t < to_min and low < value < high
        ]
        return statistics.linear_regression(*zip(*points, strict=True)).slope

    # 257 K at 5, 150 min, 520 K at 2, 120 min.
    ends = [51.4, 201.4, 461.4, 581.4]
    assert slope(23 + 0.2 * 257, 23 + 0.9 * 257, 0, ends[0]) == pytest.approx(5.0, abs=0.25)
    assert slope(280 + 0.2 * 520, 280 + 0.9 * 520, ends[1], ends[2]) == pytest.approx(2.0, abs=0.1)
    for begins, ends_at, target, soak_min in ((0, ends[1] + 5, 280, 150), (ends[1] + 10, 700, 800, 120)):
        in_band = sum(
            abs(value - target) <= 5
            for t, value in zip(minutes, temperatures, strict=True)
            if begins < t <= ends_at
        )
        assert soak_min <= in_band / 6 <= soak_min + 8
    assert max(value for t, value in zip(minutes, temperatures, strict=True) if t < 200) < 285
    assert max(temperatures) < 805
    # It ends by itself, off: no hold-back on the way, so the moment is known.
    ended = next(t for t, state in zip(minutes, states, strict=True) if state in (0.0, 4.0))
    assert ended == pytest.approx(ends[3], abs=0.5)
    assert states[-1] == (4.0 if model == "3216" else 0.0)
    assert temperatures[-1] < 60
    assert bench.power() == 0.0
    passed = list(dict.fromkeys(segment for segment in segments if segment))
    # A 3216 counts ramp and dwell as one; its unused ones are passed within a second.
    assert passed == ([1.0, 2.0] if model == "3216" else [1.0, 2.0, 3.0, 4.0])
    assert bench.controller.forbidden == []


def test_a_badly_tuned_furnace_overshoots_and_completes() -> None:
    bench = ready("2416", tuning=BADLY_TUNED)
    bench.driver.apply(run(FOUNDING[0]))
    peak, seen = 0.0, set()
    for _ in range(260):
        bench.pass_polled(60)
        values = bench.poll()
        peak = max(peak, bench.temperature())
        seen.add(values["program"])
    assert 290 < peak < 294
    assert seen == {0.0, 1.0, 3.0}  # it was held back for a while, and has ended


# Hold, run, off; what is not started again


@pytest.mark.parametrize("model", MODELS)
def test_hold_and_on_again(model: str) -> None:
    bench = ready(model)
    bench.driver.apply(run(ONE))
    bench.pass_polled(600)
    bench.driver.apply(hold(run(ONE)))
    held = bench.poll()
    # Only a watchdog ends a programmer's own hold; the others are held by a program.
    assert held["program"] == (2.0 if model == "epc3000" else 1.0)
    bench.pass_polled(600)
    still = bench.poll()["setpoint_degc"]
    assert still == pytest.approx(held["setpoint_degc"], abs=0.0 if model == "epc3000" else 0.5)
    bench.driver.apply(hold(run(ONE)))
    assert bench.poll()["setpoint_degc"] == still
    bench.driver.apply(run(ONE))
    assert bench.poll()["program"] == 1.0
    bench.pass_polled(1200)
    assert bench.poll()["setpoint_degc"] == pytest.approx(200.0)
    sent = len(bench.port.sent)
    bench.driver.apply(run(ONE))
    assert len(bench.port.sent) == sent + 1  # only looked
    bench.driver.apply(FURNACE_OFF)
    assert bench.power() == 0.0
    assert bench.poll()["program"] == 0.0


@pytest.mark.parametrize("model", MODELS)
def test_what_has_ended_or_was_reset_by_somebody_is_not_started_again(model: str) -> None:
    bench = ready(model)
    short = ProgramSegment(10.0, 60.0, 60.0)
    bench.driver.apply(run(short))
    bench.pass_polled(1200)
    assert bench.poll()["program"] in (0.0, 4.0)
    bench.driver.apply(run(short))
    bench.driver.apply(hold(run(short)))
    bench.pass_polled(300)
    assert bench.power() == 0.0
    # Another number is another program, also with the same segments.
    bench.driver.apply(run(short, number=2))
    assert bench.poll()["program"] == 1.0
    bench.driver.apply(run(ONE, number=3))
    bench.pass_polled(300)
    assert bench.power() > 0.0
    bench.controller.control.command("reset")
    bench.driver.apply(run(ONE, number=3))
    bench.pass_polled(60)
    assert bench.poll()["program"] == 0.0
    assert bench.power() == 0.0


def test_hold_of_a_program_that_does_not_run_yet_loads_it_and_heats_nothing() -> None:
    bench = ready()
    bench.driver.apply(hold(run(ONE)))
    bench.pass_polled(120)
    assert bench.power() == 0.0
    bench.driver.apply(run(ONE))
    bench.pass_polled(120)
    assert bench.power() > 0.0


def test_the_next_part_of_a_long_profile_goes_on_from_the_present_temperature() -> None:
    bench = ready("2416")
    bench.driver.apply(run(ProgramSegment(10.0, 200.0, 60.0)))
    bench.pass_polled(1080)
    bench.driver.apply(run(ProgramSegment(10.0, 300.0, 60.0), number=2))
    values = bench.poll()
    assert values["setpoint_degc"] == pytest.approx(bench.temperature(), abs=1)
    assert bench.temperature() > 180
    bench.pass_polled(600)
    assert bench.poll()["setpoint_degc"] == pytest.approx(290, abs=10)


# Traps of the sheet


@pytest.mark.parametrize("model", MODELS)
def test_set_points_are_zero_before_anything_is_loaded_so_that_a_reset_heats_nothing(model: str) -> None:
    """Last week's 800 degC in SP1: a reset, by hand or by the program's end, gives control to it."""
    bench = ready(model)
    bench.values[24] = bench.values[25] = 800.0
    seen: list[tuple[float, float]] = []
    loaded = (
        (lambda: blocks(bench).cells.get((1, 8), 0)) if model != "3216" else (lambda: triples(bench).cells)
    )

    def watch(data: bytes) -> bytes:
        if loaded():
            seen.append((bench.values[24], bench.values[25]))
        return data

    bench.port.on_request = watch
    bench.driver.apply(run(ProgramSegment(10.0, 60.0, 60.0)))
    assert set(seen) == {(0.0, 0.0)}
    bench.pass_polled(60)
    bench.controller.control.command("reset")  # the front panel
    bench.pass_polled(600)
    assert bench.power() == 0.0
    assert bench.poll()["setpoint_degc"] == 0.0


@pytest.mark.parametrize("model", MODELS)
def test_programs_are_loaded_with_off_as_their_end(model: str) -> None:
    bench = ready(model)
    if model == "3216":
        triples(bench).end = 1  # indefinite dwell
    else:
        blocks(bench).cells.update({(1, 6): 0, (1, 27): 1, (1, 24): 3})
    bench.driver.apply(run(ONE))
    if model == "3216":
        assert triples(bench).end == 0
    elif model == "epc3000":
        assert blocks(bench).cells[1, 6] == 1
    else:
        assert (blocks(bench).cells[1, 24], blocks(bench).cells[1, 27]) == (0, 0)


@pytest.mark.parametrize(
    ("model", "register", "what"),
    [
        ("epc3000", 8328, "hold-back type"), ("epc3000", 8337, "segment 1, target"), ("2416", 8336, "segment 1, type"),
        ("epc3000", 8334, "program end type"), ("2416", 8355, "end type reset"), ("3216", 328, "end type off"),
        ("3216", 1282, "segment 1, target and rate"), ("3216", 1280, "segment 1, dwell"),
        ("2416", 8346, "segment 1, dwell"), ("3216", 327, "hold-back"),
    ],
)  # fmt: skip
def test_discarded_writes_are_found(
    monkeypatch: pytest.MonkeyPatch, model: str, register: int, what: str
) -> None:
    """Function 16 to what is not configured is confirmed and thrown away."""
    bench = ready(model)
    kept = bench.controller.registers.write

    def write(number: int, kind: str, value: float) -> None:
        if number != register:
            kept(number, kind, value)

    if register in (328, 327):
        bench.controller.registers.hooks[register] = lambda value: None
        triples(bench).end = 1
    monkeypatch.setattr(bench.controller.registers, "write", write)
    if register == 8355:
        blocks(bench).cells[1, 27] = 1
    if register == 8334:
        blocks(bench).cells[1, 6] = 0
    with pytest.raises(Refused, match=f"program 1: {what}.*written .*, but it reads"):
        bench.driver.apply(run(ONE))
    bench.pass_polled(120)
    assert bench.power() == 0.0


def test_a_basic_3216_with_four_segments_is_found_by_reading_back() -> None:
    bench = ready("3216")
    triples(bench).segments = 4
    with pytest.raises(Refused, match="segment 5, target and rate: written"):
        bench.driver.apply(run(ONE))


def test_rates_of_a_3216_follow_its_own_unit() -> None:
    for unit, factor in ((0, 1.0), (1, 60.0)):
        bench = ready("3216", rate_unit=unit)
        bench.driver.apply(run())
        assert triples(bench).cells[2] == pytest.approx(5.0 * factor)
        bench.pass_polled(1200)
        assert bench.poll()["setpoint_degc"] == pytest.approx(23 + 100, abs=1)


def test_a_rate_that_its_resolution_makes_nothing_is_refused() -> None:
    """5 degC/min as 0.083 degC/s with one decimal is 0.1, 2 degC/min is 0.0: a step, at full power."""
    bench = ready("3216", rate_unit=2)
    with pytest.raises(
        Refused, match=r"segment 1, target and rate: written 280, 0.0833333, but it reads 280, 0.1"
    ):
        bench.driver.apply(run())
    with pytest.raises(Refused, match="but it reads 800, 0"):
        bench.driver.apply(run(FOUNDING[1], number=2))
    bench.pass_polled(120)
    assert bench.power() == 0.0


def test_slow_ramps_are_told_per_hour_where_a_minute_is_too_coarse() -> None:
    bench = ready("2416")
    bench.driver.apply(run(ProgramSegment(0.25, 60.0, 60.0), ProgramSegment(5.0, 80.0, 0.0)))
    assert blocks(bench).cells[1, 2] == 2
    assert (blocks(bench).cells[1, 10], blocks(bench).cells[1, 26]) == (15.0, 300.0)
    start = bench.temperature()
    bench.pass_polled(3600)
    assert bench.poll()["setpoint_degc"] == pytest.approx(start + 15.0, abs=0.5)
    bench.driver.apply(run(FOUNDING[1], number=2))
    assert blocks(bench).cells[1, 2] == 1


def test_a_rate_of_another_scale_in_the_plain_area_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = ready("epc3000")
    registers = bench.controller.registers
    plain_scale = registers._plain_scale

    def three_decimals(register: int, kind: str) -> float:
        return 1000.0 if kind == "rate" else plain_scale(register, kind)

    monkeypatch.setattr(registers, "_plain_scale", three_decimals)
    with pytest.raises(Refused, match="a rate of 5 reads 5000 in the plain area; its scale or unit"):
        bench.driver.apply(run())


@pytest.mark.parametrize("model", MODELS)
def test_dwells_are_milliseconds_whatever_the_plain_area_counts_in(model: str) -> None:
    bench = ready(model)
    bench.driver.apply(run(ProgramSegment(5.0, 280.0, 9000.5)))
    kept = triples(bench).cells[0] if model == "3216" else blocks(bench).cells[1, 18]
    assert kept == 9000.5
    words = bench.controller.read_words({"3216": 1280}.get(model, 8346), 1)
    assert int.from_bytes(words, "big") == {"epc3000": 9001}.get(model, 1500)


def test_what_stood_in_unused_segments_of_a_3216_is_not_run() -> None:
    bench = ready("3216")
    triples(bench).cells.update({9: 3600.0, 10: 1000.0, 11: 0.0})  # segment 4: a step to 1000 degC, an hour
    bench.driver.apply(run(ProgramSegment(10.0, 60.0, 60.0)))
    peak = 0.0
    for _ in range(20):
        bench.pass_polled(60)
        peak = max(peak, bench.temperature())
    assert 59 < peak < 70
    assert bench.poll()["program"] == 4.0


@pytest.mark.parametrize("model", MODELS)
def test_hold_back_is_set_and_stops_the_clock(model: str) -> None:
    bench = ready(model)
    bench.driver.apply(run(ProgramSegment(5.0, 280.0, 600.0), hold_back_degc=8.0))
    bench.pass_polled(600)
    bench.furnace.no_heat(bench.time.now_ns, True)
    bench.pass_polled(900)
    values = bench.poll()
    assert values["program"] == (1.0 if model == "3216" else 3.0)
    setpoint, temperature = values["setpoint_degc"], values["temperature_degc"]
    assert setpoint is not None and temperature is not None
    assert setpoint - temperature > 8.0
    bench.pass_polled(300)
    assert bench.poll()["setpoint_degc"] == setpoint
    bench.driver.apply(run(ProgramSegment(5.0, 280.0, 600.0), number=2, hold_back_degc=0.0))
    bench.pass_polled(900)
    assert bench.poll()["program"] == 1.0


@pytest.mark.parametrize("model", MODELS)
def test_no_write_ever_touches_mode_or_autotune(model: str) -> None:
    bench = ready(model)
    bench.driver.apply(run())
    bench.driver.apply(hold(run()))
    bench.driver.off()
    bench.driver.release()
    written = {int.from_bytes(data[2:4], "big") for data in bench.port.sent if data[1] in (6, 16)}
    forbidden = {199, 270, 0x8000 + 2 * 199, 0x8000 + 2 * 270}
    assert written.isdisjoint(forbidden)
    assert bench.controller.forbidden == []
