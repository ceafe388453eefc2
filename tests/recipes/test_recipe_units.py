"""Notation of quantities: what is read, what is refused and with which words, and that decimals survive conversion."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recipes.units import (
    DIMENSIONS,
    UNITS,
    DimensionError,
    Quantity,
    UnitError,
    parse_any,
    parse_quantity,
    parse_range,
    quantity,
)

GOOD = [
    # text, dimension, value, canonical unit, as a chemist writes it
    ("1 ml/h", "flow_rate", 1.0, "ml/h", "1 ml/h"),
    ("1 mL/h", "flow_rate", 1.0, "ml/h", "1 ml/h"),
    ("1 mL h⁻¹", "flow_rate", 1.0, "ml/h", "1 ml/h"),
    ("0.5 µl/min", "flow_rate", 0.5, "ul/min", "0.5 µl/min"),
    ("0.5 \u03bcL/min", "flow_rate", 0.5, "ul/min", "0.5 µl/min"),
    ("60 m³/h", "flow_rate", 60.0, "m3/h", "60 m³/h"),
    ("20 kV", "voltage", 20.0, "kV", "20 kV"),
    ("20kV", "voltage", 20.0, "kV", "20 kV"),
    ("-15.5 kV", "voltage", -15.5, "kV", "-15.5 kV"),
    ("−15.5 kV", "voltage", -15.5, "kV", "-15.5 kV"),
    ("+20 kV", "voltage", 20.0, "kV", "20 kV"),
    ("1 kV/s", "voltage_ramp", 1.0, "kV/s", "1 kV/s"),
    ("50 uA", "current", 50.0, "uA", "50 µA"),
    ("280 degC", "temperature", 280.0, "degC", "280 °C"),
    ("280 °C", "temperature", 280.0, "degC", "280 °C"),
    ("280 \u2103", "temperature", 280.0, "degC", "280 °C"),
    ("5 degC", "temperature_difference", 5.0, "degC", "5 °C"),
    ("5 °C/min", "heating_rate", 5.0, "degC/min", "5 °C/min"),
    ("2.5 h", "time", 2.5, "h", "2.5 h"),
    ("30 d", "time", 30.0, "d", "30 d"),
    ("12 wt%", "mass_fraction", 12.0, "wt%", "12 wt%"),
    ("12 wt. %", "mass_fraction", 12.0, "wt%", "12 wt%"),
    ("200 sccm", "gas_flow", 200.0, "sccm", "200 sccm"),
    ("100 ppm O2", "oxygen", 100.0, "ppm O2", "100 ppm O₂"),
    ("100 ppm", "oxygen", 100.0, "ppm O2", "100 ppm O₂"),
    ("30 %RH", "humidity", 30.0, "%RH", "30 % RH"),
    ("30 % RH", "humidity", 30.0, "%RH", "30 % RH"),
    ("21 G", "gauge", 21.0, "G", "21 G"),
    ("150 kg/mol", "molar_mass", 150.0, "kg/mol", "150 kg/mol"),
    ("100 uS/m", "conductivity", 100.0, "uS/m", "100 µS/m"),
    ("30 nm", "length", 30.0, "nm", "30 nm"),
    ("2 cm³", "volume", 2.0, "cm3", "2 cm³"),
    ("200 l", "volume", 200.0, "l", "200 l"),
    ("300 rpm", "rotation", 300.0, "rpm", "300 rpm"),
    ("900 mPa s", "viscosity", 900.0, "mPa s", "900 mPa s"),
    ("900 mPa·s", "viscosity", 900.0, "mPa s", "900 mPa s"),
    ("36 mN/m", "surface_tension", 36.0, "mN/m", "36 mN/m"),
    ("0.944 g/ml", "density", 0.944, "g/ml", "0.944 g/ml"),
    ("1e-3 S/m", "conductivity", 0.001, "S/m", "0.001 S/m"),
    ("100 MΩ", "resistance", 100.0, "MOhm", "100 MΩ"),
    ("100 M\u2126", "resistance", 100.0, "MOhm", "100 MΩ"),
]


@pytest.mark.parametrize(("text", "dimension", "value", "unit", "written"), GOOD)
def test_notation_of_papers_is_read(text: str, dimension: str, value: float, unit: str, written: str) -> None:
    found = parse_quantity(text, dimension)
    assert (found.value, found.unit, found.dimension) == (value, unit, dimension)
    assert str(found) == written


BAD = [
    # text, dimension, code, part of the message, part of the hint
    (
        "20",
        "voltage",
        "missing-unit",
        "has no unit; a voltage is wanted",
        'write "20 kV"; possible units: V, mV, kV',
    ),
    ("20 cm", "voltage", "wrong-dimension", "is a length; a voltage is wanted", '"20 kV"'),
    ("5 degC", "time", "wrong-dimension", "is a temperature; a time is wanted", "possible units: s, ms"),
    ("12 %", "mass_fraction", "wrong-dimension", "is a percentage", "12 wt%"),
    ("1,5 ml/h", "flow_rate", "decimal-comma", "has a comma", "write 1.5"),
    ("-1,5 kV", "voltage", "decimal-comma", "has a comma", "write -1.5"),
    ("0,125 ml/h", "flow_rate", "decimal-comma", "has a comma", "write 0.125"),
    ("1,000 sccm", "gas_flow", "decimal-comma", "has a comma", "write 1000 without separators"),
    ("1,000,000 V", "voltage", "decimal-comma", "has a comma", "separators"),
    ("20 000 V", "voltage", "not-a-number", "space inside the number", "20000 V"),
    ("20 KV", "voltage", "unknown-unit", 'unknown unit "KV"', 'did you mean "kV"?'),
    ("2.5 hours", "time", "unknown-unit", 'unknown unit "hours"', 'did you mean "h"?'),
    ("280 C", "temperature", "unknown-unit", 'unknown unit "C"', 'did you mean "degC"?'),
    ("5 furlongs", "length", "unknown-unit", 'unknown unit "furlongs"', "possible units: m, cm"),
    ("nan kV", "voltage", "not-a-number", "not a finite number", "write a number"),
    ("inf kV", "voltage", "not-a-number", "not a finite number", "write a number"),
    ("1e999 V", "voltage", "not-a-number", "too large", ""),
    ("\u0661\u0662 kV", "voltage", "not-a-number", "has digits that are not 0 to 9", 'write "12 kV"'),
    ("1\u0968.5 kV", "voltage", "not-a-number", "has digits that are not 0 to 9", 'write "12.5 kV"'),
    ("1e\uff13 V", "voltage", "not-a-number", "has digits that are not 0 to 9", 'write "1e3 V"'),
    ("20 cm\uff13", "volume", "not-a-number", "has digits that are not 0 to 9", 'write "20 cm3"'),
    ("kV", "voltage", "not-a-number", "does not begin with a number", ""),
    ("about 20 kV", "voltage", "not-a-number", "does not begin with a number", ""),
    ("1.2.3 kV", "voltage", "not-a-number", "does not begin with a number", ""),
    ("", "voltage", "not-a-number", "does not begin with a number", ""),
    ("300 mg .. 700 mg", "mass", "unknown-unit", "", ""),
]


@pytest.mark.parametrize(("text", "dimension", "code", "message", "hint"), BAD)
def test_what_is_no_quantity_is_refused_in_words(
    text: str, dimension: str, code: str, message: str, hint: str
) -> None:
    with pytest.raises(UnitError) as caught:
        parse_quantity(text, dimension)
    assert caught.value.code == code
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


CONVERSIONS = [
    ("20 kV", "voltage", "V", 20000.0),
    ("4.35 kV", "voltage", "V", 4350.0),
    ("1.1 ml/h", "flow_rate", "ul/h", 1100.0),
    ("1 ml/h", "flow_rate", "ul/min", 1000 / 60),
    ("0.3 uA", "current", "nA", 300.0),
    ("2.5 h", "time", "s", 9000.0),
    ("2.5 h", "time", "min", 150.0),
    ("5 min", "time", "h", 5 / 60),
    ("280 degC", "temperature", "K", 553.15),
    ("0 K", "temperature", "degC", -273.15),
    ("5 degC", "temperature_difference", "K", 5.0),
    ("5 degC/min", "heating_rate", "degC/h", 300.0),
    ("0.1 slm", "gas_flow", "sccm", 100.0),
    ("100 uS/cm", "conductivity", "S/m", 0.01),
    ("60 m3/h", "flow_rate", "ml/h", 60e6),
    ("0.3 % O2", "oxygen", "ppm O2", 3000.0),
    ("1 ml/h", "flow_rate", "mL/h", 1.0),
]


@pytest.mark.parametrize(("text", "dimension", "unit", "value"), CONVERSIONS)
def test_conversion_keeps_decimals(text: str, dimension: str, unit: str, value: float) -> None:
    assert parse_quantity(text, dimension).to(unit) == value


def test_conversion_to_another_dimension_is_an_error_that_names_both() -> None:
    with pytest.raises(DimensionError, match="is not a unit of a voltage"):
        parse_quantity("20 kV", "voltage").to("cm")


def test_the_same_amount_is_equal_and_has_one_hash() -> None:
    assert parse_quantity("20 kV", "voltage") == parse_quantity("20000 V", "voltage")
    assert (
        len(
            {
                parse_quantity("0.1 h", "time"),
                parse_quantity("6 min", "time"),
                parse_quantity("360 s", "time"),
            }
        )
        == 1
    )
    assert parse_quantity("5 degC", "temperature") != parse_quantity("5 degC", "temperature_difference")
    assert parse_quantity("1 l", "volume") > parse_quantity("999 ml", "volume")
    assert abs(quantity(-3, "kV", "voltage")) == quantity(3000, "V", "voltage")


def test_comparison_across_dimensions_is_an_error() -> None:
    with pytest.raises(DimensionError, match="cannot be compared"):
        _ = parse_quantity("5 degC", "temperature") < parse_quantity("5 degC", "temperature_difference")


def test_ranges() -> None:
    found = parse_range("300 mg .. 700 mg", "mass")
    assert (found.minimum.to("mg"), found.maximum.to("g")) == (300.0, 0.7)
    assert parse_range("0.3..0.7 g", "mass") == found
    assert quantity(470, "mg", "mass") in found
    assert quantity(5, "g", "mass") not in found
    assert parse_range(found.text(), "mass") == found
    for text, code in (
        ("300 mg", "bad-range"),
        ("700 mg .. 300 mg", "bad-range"),
        ("300...700 mg", "bad-range"),
        ("300 mg .. 7 cm", "wrong-dimension"),
        ("300 mg .. 700", "missing-unit"),
        ("\u0663\u0660\u0660 .. 700 mg", "not-a-number"),
        ("300 .. 7\uff10\uff10 mg", "not-a-number"),
    ):
        with pytest.raises(UnitError) as caught:
            parse_range(text, "mass")
        assert caught.value.code == code, text


def test_several_dimensions_for_one_key() -> None:
    dimensions = ("mass_fraction", "density")
    assert parse_quantity("12 wt%", dimensions).dimension == "mass_fraction"
    assert parse_quantity("80 mg/ml", dimensions).dimension == "density"
    with pytest.raises(UnitError, match="a mass fraction or a mass per volume is wanted"):
        parse_quantity("12 kV", dimensions)


def test_a_quantity_of_unknown_dimension() -> None:
    assert parse_any("1 mg").dimension == "mass"
    assert parse_any("1 degC").dimension == "temperature"
    with pytest.raises(UnitError, match="unknown unit"):
        parse_any("1 blob")


ALL_UNITS = [(dimension, unit) for dimension, units in UNITS.items() for unit in units]


def test_every_dimension_explains_itself() -> None:
    for dimension in DIMENSIONS.values():
        assert parse_quantity(dimension.example, dimension.name).dimension == dimension.name
        assert dimension.usual in UNITS[dimension.name]
        assert dimension.words.split()[0] in ("a", "an")


@given(st.sampled_from(ALL_UNITS), st.floats(allow_nan=False, allow_infinity=False))
def test_notation_round_trip(kind: tuple[str, str], value: float) -> None:
    dimension, unit = kind
    written = Quantity(value, unit, dimension)
    for text in (written.text(), str(written)):
        read = parse_quantity(text, dimension)
        assert (read.value, read.unit) == (value, unit)


@given(st.sampled_from(ALL_UNITS), st.sampled_from(ALL_UNITS), st.floats(-1e6, 1e6))
def test_conversion_there_and_back(kind: tuple[str, str], other: tuple[str, str], value: float) -> None:
    dimension, unit = kind
    target = other[1] if other[0] == dimension else DIMENSIONS[dimension].base
    there = Quantity(Quantity(value, unit, dimension).to(target), target, dimension)
    assert math.isclose(there.to(unit), value, rel_tol=1e-12, abs_tol=1e-9)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = parse_quantity(text, "voltage")
    except UnitError as error:
        assert error.message
    else:
        assert math.isfinite(found.value) and found.unit in UNITS["voltage"]
