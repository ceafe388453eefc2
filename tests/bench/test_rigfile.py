"""Rig files: every key read, every mistake found at its place."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from recipes.problems import InputError
from rig.bench.model import (
    Bench,
    Calibration,
    Chamber,
    NeedleMount,
    OutputSettings,
    Override,
    SafetyDeclaration,
)
from rig.bench.rigfile import load_rig, read_rig, simulate
from rig.instruments.settings import (
    ClimateSettings,
    CurrentSettings,
    HvSettings,
    InputChannel,
    InputsSettings,
    PumpSettings,
    RelayChannel,
)

HERE = Path(__file__).parent
FULL = (HERE / "full_rig.toml").read_text(encoding="utf-8")


def test_every_key_of_the_full_rig_file_is_read() -> None:
    bench, _ = read_rig(FULL, "full_rig.toml")
    assert bench is not None
    assert bench.name == "Bench 1"
    assert bench.safety == SafetyDeclaration(
        hardware_interlock=True,
        furnace_limiter=True,
        exhaust_ducted=True,
        presence="console",
        grace_s=300.0,
        prove_every_s=30 * 86400.0,
        prove_refuses=True,
    )
    assert bench.chamber == Chamber(200.0, 60.0)
    daisy_chain = "usb:0403:6001:A50285BI"
    assert bench.pumps == {
        "pumps.a": PumpSettings("pumps.a", "new-era", daisy_chain, "NE-1000", 0),
        "pumps.b": PumpSettings("pumps.b", "new-era", daisy_chain, "NE-1000", 1),
    }
    assert bench.needles == {
        "left": NeedleMount("pumps.a", "hv.needle"),
        "right": NeedleMount("pumps.b", "hv.needle"),
    }
    assert bench.hv == {
        "hv.needle": HvSettings(
            "hv.needle",
            "glassman",
            "/dev/ttyUSB1",
            rating_kv=40.0,
            rating_ma=3.0,
            limit_kv=25.0,
            limit_ua=50.0,
            ramp_kv_s=1.0,
            ramp_down_kv_s=5.0,
            polarity=1,
            discharge_s=30.0,
        )
    }
    assert bench.current == {
        "current.collector": CurrentSettings(
            "current.collector", "keithley-6485", "ASRL/dev/ttyUSB6::INSTR", "6485", range_a=2e-6
        )
    }
    assert bench.climate == {"climate.chamber": ClimateSettings("climate.chamber", "vaisala", "/dev/ttyUSB4")}
    assert bench.inputs == {
        "inputs.bench": InputsSettings(
            "inputs.bench",
            "adam-4000",
            "/dev/ttyUSB5",
            "4050",
            1,
            channels=(
                InputChannel("door_closed", 0, "closed"),
                InputChannel("emergency_stop_ok", 1, "closed"),
                InputChannel("exhaust_ok", 2, "closed"),
                InputChannel("furnace_exhaust_ok", 3, "closed"),
            ),
            checksum=True,
        )
    }
    furnace = bench.furnaces["furnace.tube"]
    assert (furnace.driver, furnace.model, furnace.where, furnace.address) == (
        "eurotherm",
        "epc3000",
        "/dev/ttyUSB2",
        1,
    )
    assert (furnace.limit_degc, furnace.limit_ramp_degc_min) == (1100.0, 10.0)
    assert furnace.tube is not None
    assert furnace.tube.volume_l == pytest.approx(math.pi * 0.3**2 * 10)  # 60 mm x 1000 mm in dm
    assert (furnace.cooling_s, furnace.lag_s) == (3000.0, 240.0)
    assert (furnace.open_below_degc, furnace.hot_minimum_sccm) == (60.0, 80.0)
    assert furnace.atmosphere_switch == "by hand"
    assert bench.gases["gas.air"].passive and bench.gases["gas.air"].feeds == "furnace.tube"
    argon = bench.gases["gas.argon"]
    assert (argon.driver, argon.where, argon.unit, argon.feeds) == (
        "alicat",
        "/dev/ttyUSB3",
        "A",
        "furnace.tube",
    )
    assert (argon.full_scale_sccm, argon.on_power_loss) == (2000.0, "stops")
    assert bench.oxygen["oxygen.tube"].where == "/dev/ttyUSB7"
    assert bench.lines[daisy_chain] == ("pumps.a", "pumps.b")
    assert bench.line_of("pumps.b") == "pumps.a"
    assert len(bench.lines) == 8
    assert not bench.simulated


def test_drivers_that_are_not_built_are_named_as_such() -> None:
    planned = FULL.replace('driver = "eurotherm"', 'driver = "yudian"').replace('model = "epc3000"\n', "")
    _, problems = read_rig(planned, "full_rig.toml")
    assert [(problem.code, problem.where, problem.message) for problem in problems] == [
        ("unknown-driver", "furnace.tube.driver", 'driver "yudian" is not built yet'),
    ]
    assert problems.has_errors
    _, problems = read_rig(FULL, "full_rig.toml")
    assert not problems.has_errors


def test_the_demonstration_rig_is_sound_and_emulated(demo_text: str) -> None:
    bench, problems = load_rig(None)
    assert len(problems) == 0
    assert bench.name == "Demonstration bench"
    assert bench.text == demo_text
    assert bench.simulated
    assert set(bench.line_names.values()) == {
        "pumps.a",
        "hv.needle",
        "current.collector",
        "climate.chamber",
        "inputs.bench",
        "furnace.tube",
        "gas.argon",
        "oxygen.tube",
    }
    # Passive air comes by no instrument: on the bench, and on no line.
    assert set(bench.instruments) == {*bench.line_names.values(), "pumps.b"}
    assert set(bench.gases) == {"gas.air", "gas.argon"} and bench.gases["gas.air"].passive
    assert [channel.name for channel in bench.inputs["inputs.bench"].channels] == [
        "door_closed",
        "emergency_stop_ok",
        "exhaust_ok",
        "furnace_exhaust_ok",
        "tube_pressure_ok",
    ]


def test_simulate_moves_every_port_and_keeps_the_rest() -> None:
    bench, _ = read_rig(FULL, "full_rig.toml")
    assert bench is not None
    emulated = simulate(bench)
    assert emulated.simulated
    assert emulated.pumps["pumps.a"].where == emulated.pumps["pumps.b"].where == "sim://pumps.a"
    assert emulated.hv["hv.needle"].where == "sim://hv.needle"
    assert emulated.current["current.collector"].where == "sim:ASRL/dev/ttyUSB6::INSTR"
    assert emulated.line_of("pumps.b") == "pumps.a"
    assert emulated.hv["hv.needle"].limit_kv == 25.0
    assert (emulated.safety, emulated.text) == (bench.safety, bench.text)
    assert simulate(emulated) == emulated


@pytest.mark.parametrize(
    ("name", "code", "line", "column", "hint"),
    [
        ("unknown-driver.rig.toml", "unknown-driver", 9, 10, 'did you mean "glassman"? '),
        ("unknown-key.rig.toml", "unknown-key", 7, 1, 'did you mean "address"?'),
        ("malformed.rig.toml", "malformed-toml", 6, 21, "a quotation mark is missing in this line"),
    ],
)
def test_bad_rig_files(name: str, code: str, line: int, column: int, hint: str) -> None:
    with pytest.raises(InputError) as refused:
        load_rig(HERE / "bad" / name)
    (problem,) = refused.value.problems
    assert (problem.code, problem.line, problem.column) == (code, line, column)
    assert problem.hint is not None and problem.hint.startswith(hint)


def test_a_rig_file_that_is_not_there() -> None:
    with pytest.raises(InputError) as refused:
        load_rig(HERE / "bad" / "nowhere.toml")
    assert [problem.code for problem in refused.value.problems] == ["no-such-file"]


@pytest.mark.parametrize(
    ("old", "new", "code", "where"),
    [
        ("format = 1", "format = 3", "newer-format", "format"),
        ('"glassman"', '"new-era"', "unknown-driver", "hv.needle.driver"),
        ('"glassman"', '"spellman"', "unknown-driver", "hv.needle.driver"),
        ('model = "4050"\n', "", "missing-key", "inputs.bench.model"),
        ('model = "4050"', 'model = "4060"', "unknown-model", "inputs.bench.model"),
        ("channel = 2", "channel = 7", "out-of-range", "inputs.bench.channels.exhaust_ok.channel"),
        ("channel = 2", "channel = 1", "duplicate-channel", "inputs.bench.channels.exhaust_ok.channel"),
        ('"25 kV"', '"25 uA"', "wrong-dimension", "hv.needle.limits.voltage"),
        ('"25 kV"', '"25"', "missing-unit", "hv.needle.limits.voltage"),
        ('"25 kV"', '"0 kV"', "out-of-range", "hv.needle.limits.voltage"),
        ('polarity = "positive"\n', "", "missing-key", "hv.needle.polarity"),
        ('"sim://hv.needle"', '"ttyUSB1"', "bad-port", "hv.needle.port"),
        (
            'resource = "sim:ASRL6::INSTR"',
            'port = "/dev/ttyUSB6"',
            "wrong-key",
            "current.collector.port",
        ),
        ('"2 uA"', '"3 uA"', "out-of-range", "current.collector.range"),
        (
            'hv = "needle"\n[needles.right]',
            'hv = "nedle"\n[needles.right]',
            "unknown-name",
            "needles.left.hv",
        ),
        ('presence = "console"', 'presence = "somewhere"', "unknown-choice", "safety.presence"),
        (
            'rating = { voltage = "40 kV"',
            'address = 1\nrating = { voltage = "40 kV"',
            "no-address",
            "hv.needle.address",
        ),
        ("address = 0", "address = 100", "out-of-range", "pumps.a.address"),
        ("[pumps.b]", "[pump.b]", "unknown-key", "pump"),
        ("[climate.chamber]", '[climate."the chamber"]', "bad-name", 'climate."the chamber"'),
    ],
)
def test_mistakes_in_the_demonstration_rig(demo_text: str, old: str, new: str, code: str, where: str) -> None:
    assert old in demo_text
    bench, problems = read_rig(demo_text.replace(old, new, 1), "changed")
    assert (code, where) in [(problem.code, problem.where) for problem in problems]
    assert all(problem.line is not None for problem in problems)
    assert bench is None or code == "unknown-driver"


def test_a_driver_that_is_known_but_not_built_leaves_the_bench_readable(demo_text: str) -> None:
    bench, problems = read_rig(demo_text.replace('"glassman"', '"spellman"'), "changed")
    assert bench is not None and problems.has_errors
    assert bench.hv["hv.needle"].limit_kv == 25.0


def test_other_sections_are_kept(demo_text: str, bench_of: Callable[..., Bench]) -> None:
    bench = bench_of(
        demo_text + '\n[collector.plate]\nkind = "plate"\nhv = "needle"\narea = "20 cm"\n'
        '[outputs.beacon]\nmodule = "bench"\nchannel = 2\n[notify]\nmail = "lab@example.org"\n',
        (
            'range = "2 uA"',
            'range = "2 uA"\ncalibration = { date = 2026-01-15, due = "2027-01-15", certificate = "K-1", '
            "gain = 1.002, offset = -0.5 }",
        ),
    )
    plate = bench.collectors["collector.plate"]
    assert (plate.kind, plate.hv, plate.keys) == ("plate", "hv.needle", {"area": "20 cm"})
    beacon = RelayChannel("beacon", "beacon", 2)
    assert bench.outputs == {"outputs.beacon": OutputSettings("outputs.beacon", "inputs.bench", beacon)}
    assert bench.inputs["inputs.bench"].relays == (beacon,)
    assert bench.notify is not None and bench.notify.keys == {"mail": "lab@example.org"}
    assert bench.calibrations == {
        "current.collector": Calibration("2026-01-15", "2027-01-15", "K-1", 1.002, -0.5)
    }


def test_overrides_carry_their_reason(demo_text: str, bench_of: Callable[..., Bench]) -> None:
    bench = bench_of(
        demo_text,
        ("hardware_interlock = true\n", ""),
        ("[chamber]", '[safety.overrides]\nhardware_interlock = "interlock box in repair"\n\n[chamber]'),
    )
    assert bench.safety.overrides == (Override("hardware_interlock", "interlock box in repair"),)
    assert bench.safety.override("furnace_limiter") is None
