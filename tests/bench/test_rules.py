"""What must be true of a rig whatever is made on it, and how fast its door switch works."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from rig.bench.model import Bench
from rig.bench.reaction import reaction_times
from rig.bench.rigfile import read_rig
from rig.bench.rules import check_bench
from rig.instruments.catalog import CATALOG, drivers
from rig.safety.limits import least_discharge_s, pair_limit, proof_threshold_kv, provable, widest_pair

BAD = Path(__file__).parent / "bad"


def found(bench: Bench) -> list[tuple[str, str]]:
    return [(problem.code, problem.where) for problem in check_bench(bench, reaction_times(bench))]


@pytest.mark.parametrize(
    ("name", "code", "line", "column"),
    [
        ("above-rating.rig.toml", "above-rating", 32, 22),
        ("duplicate-address.rig.toml", "duplicate-address", 19, 11),
    ],
)
def test_bad_rig_files(name: str, code: str, line: int, column: int) -> None:
    bench, problems = read_rig((BAD / name).read_bytes(), name)
    assert bench is not None and len(problems) == 0
    (problem,) = check_bench(bench, reaction_times(bench))
    assert (problem.code, problem.line, problem.column) == (code, line, column)
    assert problem.hint is not None


def test_the_demonstration_rig_breaks_no_rule(demo_text: str, bench_of: Callable[..., Bench]) -> None:
    assert found(bench_of(demo_text)) == []


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ([('"sim://hv.needle"', '"/dev/ttyUSB1"')], "mixed-simulation", "hv.needle.port"),
        ([('"sim://hv.needle"', '"sim://pumps.a"')], "hv-line-shared", "hv.needle.port"),
        ([('"sim://climate.chamber"', '"sim://pumps.a"')], "not-addressable", "climate.chamber.port"),
        ([('"sim://inputs.bench"', '"sim://pumps.a"')], "mixed-line", "inputs.bench.port"),
        ([('"sim://inputs.bench"', '"sim://climate.chamber"')], "slow-neighbour", "climate.chamber.port"),
        ([("address = 1\n\n[needles", "address = 1\nbaud = 9600\n\n[needles")], "mixed-line", "pumps.b.port"),
        ([("hardware_interlock = true\n", "")], "not-declared", "safety.hardware_interlock"),
        ([("exhaust_ducted = true\n", "")], "not-declared", "safety.exhaust_ducted"),
        ([('voltage = "25 kV"', 'voltage = "41 kV"')], "above-rating", "hv.needle.limits.voltage"),
        ([('current = "50 uA"', 'current = "4 mA"')], "above-rating", "hv.needle.limits.current"),
        (
            [('discharge_time = "30 s"', 'discharge_time = "29 s"')],
            "discharge-too-short",
            "hv.needle.discharge_time",
        ),
        ([('{ voltage = "40 kV"', '{ voltage = "80 kV"')], "never-proved", "hv.needle"),
        ([("checksum = true\n", "")], "checksum-off", "inputs.bench.checksum"),
        ([('"4050"', '"4053"')], "unsafe-model", "inputs.bench.model"),
        ([("exhaust_ok  ", "fume_hood_ok  ")], "missing-interlock", "inputs.bench.channels.exhaust_ok"),
        ([('presence = "console"', 'presence = "inputs.bench.key"')], "unknown-name", "safety.presence"),
        ([('[chamber]\nvolume = "200 l"\nexhaust = "60 m3/h"\n', "")], "no-chamber", "chamber"),
    ],
)
def test_broken_rules(
    demo_text: str,
    bench_of: Callable[..., Bench],
    changes: list[tuple[str, str]],
    code: str,
    where: str,
) -> None:
    assert (code, where) in found(bench_of(demo_text, *changes))


def test_a_furnace_has_its_line_to_itself(demo_text: str, bench_of: Callable[..., Bench]) -> None:
    """Why: tests/lines/test_shared_furnace_line.py."""
    one = demo_text[demo_text.index("[furnace.tube]") :]
    one = one[: one.index("\n[", 1)]
    assert 'port = "sim://furnace.tube"' in one
    two = one.replace("[furnace.tube", "[furnace.second").replace("address = 1", "address = 2")
    assert ("furnace-line-shared", "furnace.tube.port") in found(bench_of(f"{demo_text}\n{two}\n"))
    apart = two.replace('"sim://furnace.tube"', '"sim://furnace.second"')
    codes = {code for code, _ in found(bench_of(f"{demo_text}\n{apart}\n"))}
    assert "furnace-line-shared" not in codes


def test_one_serial_port_under_two_names(demo_text: str, bench_of: Callable[..., Bench]) -> None:
    bench = bench_of(
        demo_text, ('"sim:ASRL6::INSTR"', '"ASRL/dev/ttyUSB0::INSTR"'), ("sim://hv.needle", "/dev/ttyUSB0")
    )
    assert ("same-port", "current.collector.resource") in found(bench)


def test_a_declared_override_warns_instead(demo_text: str, bench_of: Callable[..., Bench]) -> None:
    bench = bench_of(
        demo_text,
        ("hardware_interlock = true\n", ""),
        ("[chamber]", '[safety.overrides]\nhardware_interlock = "box in repair"\n\n[chamber]'),
    )
    (problem,) = check_bench(bench, reaction_times(bench))
    assert (problem.code, str(problem.severity)) == ("overridden", "warning")
    assert problem.message.endswith("box in repair")


def test_bleed_and_capacitance_set_the_discharge_time(demo_text: str, bench_of: Callable[..., Bench]) -> None:
    declared = (
        'discharge_time = "30 s"',
        'discharge_time = "7 s"\nbleed = "1000 MOhm"\ncapacitance = "1 nF"',
    )
    assert found(bench_of(demo_text, declared)) == []  # 6.2 x 1e9 Ohm x 1e-9 F = 6.2 s
    longer = (declared[0], declared[1].replace("1 nF", "2 nF"))
    assert found(bench_of(demo_text, longer)) == [("discharge-too-short", "hv.needle.discharge_time")]


def test_reaction_time_of_the_demonstration_rig_by_hand(
    demo_text: str, bench_of: Callable[..., Bench]
) -> None:
    (reaction,) = reaction_times(bench_of(demo_text))
    byte = 10 / 9600  # start bit, 8 data bits, stop bit
    assert [round(seconds, 6) for _, seconds in reaction.terms] == [
        0.1,  # poll period
        round(17 * byte + 0.010, 6),  # "$01678" and "!ooii00" with checksum and CR: 7 + 10 bytes
        0.005,  # scan wake
        round(5 * byte + 0.2, 6),  # SOH Q 5 1 CR to a mute supply, 0.2 s of deadline
        round(18 * byte + 0.010, 6),  # S with off
    ]
    assert reaction.total_s == pytest.approx(0.366667, abs=1e-5)
    assert reaction.normal_s == pytest.approx(0.1 + 0.027708 + 0.005 + 21 * byte + 0.010 + 0.02875, abs=1e-5)
    assert reaction.allowed


def test_without_checksum_both_replies_count(demo_text: str, bench_of: Callable[..., Bench]) -> None:
    (with_checksum,) = reaction_times(bench_of(demo_text))
    (without,) = reaction_times(bench_of(demo_text, ("checksum = true\n", "")))
    assert without.total_s - with_checksum.total_s == pytest.approx(17 * 10 / 9600 + 0.010, abs=1e-6)


def test_a_slow_supply_line_is_refused(demo_text: str, bench_of: Callable[..., Bench]) -> None:
    bench = bench_of(demo_text, ('polarity = "positive"', 'polarity = "positive"\nbaud = 1200'))
    (problem,) = check_bench(bench, reaction_times(bench))
    # 100 + 27.7 + 5 + (5 bytes at 1200 baud + 200) + (18 bytes + 10) = 534.4 ms
    assert problem.code == "reaction-time"
    assert "534 ms" in problem.message


def test_the_catalogue_holds_what_the_drivers_say() -> None:
    from rig.instruments import glassman
    from rig.instruments.new_era_rates import speed_limits

    supply = CATALOG["glassman"]
    assert (supply.poll[0], supply.off) == (len(glassman.QUERY), (len(glassman.OFF), len(b"A\r")))
    for model, least, most in CATALOG["new-era"].speeds:
        assert speed_limits(model) == (least, most)
    for info in drivers():
        assert info.load().__name__ == info.make.partition(":")[2]
        assert info.load_emulator().__name__ == info.emulator.partition(":")[2]


def test_electrode_pairs() -> None:
    pair = widest_pair({"needle": 15.0, "collector": -10.0, "earth": 0.0})
    assert pair is not None
    assert (pair.first, pair.second, pair.difference_kv) == ("needle", "collector", 25.0)
    assert widest_pair({"needle": 15.0}) is None
    assert pair_limit({"hv.a": 25.0, "hv.b": 10.0}, None).value == 25.0
    assert pair_limit({"hv.a": 25.0}, 30.0).value == 30.0


def test_proof_of_off() -> None:
    assert least_discharge_s(None, 1e-9).value == 30.0
    assert least_discharge_s(2e8, 1e-9).value == pytest.approx(1.24)
    assert proof_threshold_kv(0.0391) == pytest.approx(0.0782)
    assert proof_threshold_kv(0.01) == 0.06
    assert provable(0.06) and not provable(0.0601)
