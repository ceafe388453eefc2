"""The line plot: decimation loses no spike, axes carry round numbers."""

from __future__ import annotations

import random
import re
import xml.etree.ElementTree as ET

import pytest

from rig.records.svgplot import Band, Corridor, Series, decades, decimate, line_plot, nice_ticks, pieces


def test_decimation_keeps_ends_order_and_every_extreme_spike() -> None:
    chance = random.Random(5)
    times = [float(i) for i in range(50_400)]
    values = [chance.gauss(0, 1) for _ in times]
    values[31_337], values[40_001] = 100.0, -100.0
    few_t, few_v = decimate(times, values)
    assert 500 < len(few_t) <= 1000
    assert few_t == sorted(set(few_t)) and (few_t[0], few_t[-1]) == (0.0, 50_399.0)
    assert max(few_v) == 100.0 and min(few_v) == -100.0
    assert all(values[int(t)] == v for t, v in zip(few_t, few_v, strict=True))


def test_few_points_stay_as_they_are() -> None:
    assert decimate([0.0, 1.0], [5.0, 6.0]) == ([0.0, 1.0], [5.0, 6.0])


def test_pieces_break_at_gaps_only() -> None:
    times = [0.0, 2.0, 4.0, 6.0, 60.0, 62.0]
    assert [list(t) for t, _ in pieces(times, times)] == [[0.0, 2.0, 4.0, 6.0], [60.0, 62.0]]
    assert pieces([], []) == []


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0, 20, [0, 5, 10, 15, 20]),
        (0, 0.9, [0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (-3, 7, [-4, -2, 0, 2, 4, 6, 8]),
        (38.5, 45.5, [38, 40, 42, 44, 46]),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float]) -> None:
    assert nice_ticks(low, high) == pytest.approx(ticks)


def draw(series: list[Series], end_s: float, bands: list[Band] | None = None) -> ET.Element:
    return ET.fromstring(line_plot("A <b>", "kV", series, bands or [], end_s))


def labels(svg: ET.Element, kind: str) -> list[str]:
    return [e.text or "" for e in svg.iter("text") if e.get("class") == kind]


def points(svg: ET.Element) -> list[list[tuple[float, float]]]:
    return [
        [(float(x), float(y)) for x, y in re.findall(r"(\S+),(\S+)", e.get("points") or "")]
        for e in svg.iter("polyline")
    ]


@pytest.mark.parametrize(
    ("end_s", "unit", "last"),
    [(20.0, "s", "20"), (160.0, "s", "160"), (900.0, "min", "14"), (14400.0, "h", "4")],
)
def test_time_axis_has_a_fitting_unit(end_s: float, unit: str, last: str) -> None:
    svg = draw([Series("x", [0.0, end_s], [0.0, 1.0])], end_s)
    assert labels(svg, "y")[-1] == f"time since start, {unit}"
    ticks = labels(svg, "x")
    assert ticks[0] in ("0", "0.0") and 4 <= len(ticks) <= 9
    assert float(ticks[-1]) <= float(last) + 1


def test_points_lie_where_axes_say() -> None:
    svg = draw([Series("x", [0.0, 50.0, 100.0], [0.0, 10.0, 20.0])], 100.0)
    (curve,) = points(svg)
    (x0, y0), (x1, y1), (x2, y2) = curve
    assert x1 - x0 == pytest.approx(x2 - x1, abs=0.2) and y0 - y1 == pytest.approx(y1 - y2, abs=0.2)
    at = {e.text: float(e.get("y") or 0) - 4 for e in svg.iter("text") if e.get("class") == "y" and e.text}
    assert y0 == pytest.approx(at["0"], abs=0.2) and y2 == pytest.approx(at["20"], abs=0.2)


@pytest.mark.parametrize("values", [[0.0, 0.0], [20.0, 20.0], [-5.0, -5.0], [1e-9, 1e-9], [1e6, 1e6]])
def test_constant_curves_are_drawn_inside(values: list[float]) -> None:
    svg = draw([Series("x", [0.0, 10.0], values)], 10.0)
    ((_, y), _) = points(svg)[0]
    assert 60 <= y <= 206.1


def test_a_single_reading_shows() -> None:
    svg = draw([Series("x", [5.0], [1.0])], 10.0)
    assert len(points(svg)[0]) == 2


def test_empty_curves_are_named_and_an_empty_plot_is_nothing() -> None:
    svg = draw([Series("x", [0.0, 1.0], [1.0, 2.0]), Series("mute", [], [])], 1.0)
    assert labels(svg, "legend") == ["x", "mute (no reading)"]
    assert line_plot("A", "kV", [Series("mute", [], [])], [], 1.0) == ""


def test_bands_are_labelled_as_far_as_there_is_room() -> None:
    bands = [
        Band(0.0, 80.0, "1", "1 co-deposit & dry"),
        Band(80.0, 84.0, "2", "2 transfer"),
        Band(84.0, 84.1, "3", "3 x"),
    ]
    svg = draw([Series("x", [0.0, 100.0], [0.0, 1.0])], 100.0, bands)
    assert labels(svg, "band") == ["1 co-deposit & dry", "2"]
    titles = [e.text for rect in svg.iter("rect") for e in rect.iter("title")]
    assert titles == ["1 co-deposit & dry", "2 transfer", "3 x"]
    assert labels(svg, "title") == ["A <b>, kV"]


def test_a_logarithmic_axis_labels_its_decades() -> None:
    curve = Series("o", [0.0, 1.0, 2.0, 3.0], [209_500.0, 95.0, 0.4, 0.0])
    svg = ET.fromstring(line_plot("Oxygen", "ppm", [curve], [], 3.0, log=True))
    assert labels(svg, "y")[:-1] == [
        "0.1",
        "1",
        "10",
        "100",
        "1\u2009000",
        "10\u2009000",
        "100\u2009000",
        "1\u2009000\u2009000",
    ]
    heights = {
        text: float(e.get("y") or 0) for e in svg.iter("text") if (text := e.text) and e.get("class") == "y"
    }
    assert heights["1"] - heights["10"] == pytest.approx(heights["100"] - heights["1\u2009000"], abs=0.11)
    (line,) = points(svg)
    # 95 ppm lies just under the line of 100; what reads nothing lies at the foot.
    assert heights["100"] - 4 < line[1][1] < heights["100"] - 3
    assert line[3][1] == pytest.approx(heights["0.1"] - 4, abs=0.1)


def test_decades_end_where_nothing_is_left_to_see() -> None:
    assert decades([Series("o", [0.0], [1e-18])]) == pytest.approx([0.01, 0.1])
    assert decades([Series("o", [0.0], [0.0])]) == []
    assert decades([Series("o", [0.0, 1.0], [100.0, 1000.0])]) == pytest.approx([100.0, 1000.0])


def test_a_panel_may_begin_later_and_show_a_corridor() -> None:
    curve = Series("t", [3600.0, 5400.0, 7200.0], [270.0, 280.0, 281.0])
    band = Corridor(5400.0, 7200.0, 275.0, 285.0, "band")
    svg = ET.fromstring(line_plot("T", "°C", [curve], [], 7200.0, begin_s=3600.0, corridors=[band]))
    assert labels(svg, "x") == ["60", "70", "80", "90", "100", "110", "120"]
    (line,) = points(svg)
    assert line[0][0] == 64.0 and line[2][0] == 888.0
    (box,) = [e for e in svg.iter("rect") if e.get("fill") == "#f3d98c" and float(e.get("height") or 0) != 12]
    assert float(box.get("x") or 0) == pytest.approx(line[1][0], abs=0.1)
    top, height = float(box.get("y") or 0), float(box.get("height") or 0)
    assert top + height / 2 == pytest.approx(line[1][1], abs=0.2), "around 280 degC"
    assert "band" in labels(svg, "legend")
