"""What a line does by itself to each kind of instrument: at connect, and when no scan renews it (safety rules 2, 3)."""

from __future__ import annotations

import pytest

from tests.lines.line_bench import MS, LineBench, Script

CONNECTED = ["set-up", "identify"]


@pytest.mark.parametrize(
    ("kind", "first"),
    [
        ("hv", ["off", *CONNECTED]),
        ("pump", ["off", *CONNECTED]),
        ("furnace", CONNECTED),
        ("gas", CONNECTED),
        ("relays", CONNECTED),
        ("sensor", CONNECTED),
    ],
)
def test_at_connect_voltage_and_pumps_are_told_off_and_furnace_and_gas_are_only_read(
    kind: str, first: list[str]
) -> None:
    script = Script("one")
    bench = LineBench((script, kind)).start()
    bench.until(5000)
    asked = [word for word in script.words() if not word.startswith("poll")]
    assert asked == first
    assert script.words()[: len(first)] == first


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        ("hv", [(1000, "off")]),
        ("pump", [(1000, "off")]),
        ("furnace", [(1000, "off")]),
        ("relays", [(1000, "off")]),
        ("gas", []),
        ("sensor", []),
    ],
)
def test_let_go_everything_but_gas_is_told_off_once_and_then_the_line_is_silent(
    kind: str, last: list[tuple[int, str]]
) -> None:
    script = Script("one")
    bench = LineBench((script, kind)).start()
    bench.until(100)
    bench.line.set_active("one", True)
    bench.line.renew(1000 * MS)
    bench.until(990)
    script.log.clear()
    bench.until(60_000)
    assert script.log == last
