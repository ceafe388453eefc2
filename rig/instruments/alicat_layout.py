"""How one Alicat lays out its data frame, read from its own table (`??D*`).

Sources: Alicat M-series manual 2023 and Serial Communications Primer (2018, 2023) name the query; the two forms of its
answer are those that users have published of an MC with firmware 10v20, MCRs with 8v17 and 8v30, and an MC with 5v12:

    A D00 ID_ NAME______________________ TYPE_______ WIDTH NOTES___________________
    A D05 005 Mass Flow                  s decimal     7/2 012 02 SCCM   statistic, name, type, width/decimals, unit
    A D09 702 *Status                    string          3 HLD           a star: in the frame only when it is so

    A  D00 NAME_______ TYPE_____ MinVal_  MaxVal_  UNITS__
    A  D05 Mass        signed    +0000.0  +0500.0     SCCM               up to firmware 5: no statistic, no star

The frame itself has no units and varies in its fields from unit to unit, so nothing about it is taken for granted.
"""

from __future__ import annotations

from dataclasses import dataclass

UNIT_ID, PRESSURE, MASS_FLOW, MASS_SETPOINT, ERROR, STATUS, GAS = 700, 2, 5, 37, 701, 702, 703
"""Statistics by Alicat's numbers."""
_FIXED_FORM = frozenset((PRESSURE, 3, 4, MASS_FLOW, MASS_SETPOINT))
"""Pressure, temperature and flows; published totals do not keep to the width of their table."""
_OTHER_SETPOINTS = {
    36: "volumetric flow",
    34: "absolute pressure",
    38: "gauge pressure",
    39: "differential pressure",
}
_OLD_NAMES = {
    "Unit ID": UNIT_ID, "Pressure": PRESSURE, "Mass": MASS_FLOW, "SetPoint": MASS_SETPOINT,
    "Gas": GAS, "Error": ERROR, "Status": STATUS,
}  # fmt: skip
SCCM_PER_UNIT = {"SCCM": 1.0, "SLPM": 1000.0, "SmL/m": 1.0, "SL/m": 1000.0}
"""Flow units we take. Normal litres (0 degC by Alicat's default) are another amount of gas and not among them."""
_KPA_PER_UNIT = {
    "PSI": 6.894757, "kPa": 1.0, "MPa": 1000.0, "Pa": 0.001, "hPa": 0.1, "bar": 100.0, "mbar": 0.1,
    "torr": 0.133322, "mTorr": 0.000133322, "mmHg": 0.133322, "inHg": 3.386389, "atm": 101.325,
}  # fmt: skip


class Unfit(ValueError):
    """The table is sound, but this driver cannot work with such a frame; the text says what to set at the unit."""


@dataclass(frozen=True, slots=True)
class Field:
    """One row of the table. conditional: stands in the frame only when it applies; maximum: only in the old form,
    width of a number: only in the new one (firmware 5 writes its set point without the sign that its table has)."""

    code: int
    name: str
    unit: str
    decimals: int | None
    conditional: bool
    maximum: float | None = None
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Where in a frame what we want stands, counted in words from the unit's letter (0).

    count: words that always stand; words after them are among `tokens`. pressure is None where the unit has none.
    sccm and kpa: what one of the unit's own units is. full_scale: the flow's, where the table tells.
    """

    count: int
    flow: int
    flow_decimals: int | None
    setpoint: int
    setpoint_decimals: int
    pressure: int | None
    pressure_decimals: int | None
    gas: int
    flow_unit: str
    sccm: float
    kpa: float
    tokens: frozenset[bytes]
    full_scale: float | None
    numbers: tuple[tuple[int, int, int], ...]
    """Place, width and decimals of the numbers whose form the table tells."""


def parse_layout(lines: list[str], unit_id: str) -> Layout:
    """The layout from the lines of a `??D*` answer. Raises ValueError for damage, Unfit for a frame not for us."""
    if not lines or lines[0].split()[:2] != [unit_id, "D00"]:
        raise ValueError(f"the table does not begin with its head D00: {lines[:1]!r}")
    old = " ID_ " not in lines[0]
    fields: list[Field] = []
    for number, line in enumerate(lines[1:], 1):
        words = line.split()
        if words[:2] != [unit_id, f"D{number:02d}"]:
            raise ValueError(f"row {number} of the table is missing or damaged: {line!r}")
        try:
            fields.append(_old_row(words[2:]) if old else _row(words[2:]))
        except (ValueError, IndexError) as error:
            raise ValueError(f"row {number} of the table is damaged: {line!r}") from error
    return _layout(fields)


def _row(words: list[str]) -> Field:
    code = int(words[0])
    kind = words.index("decimal" if "decimal" in words else "string", 2)
    name = words[1 : kind - 1] if words[kind - 1] == "s" else words[1:kind]
    width, _, decimals = words[kind + 1].partition("/")
    characters, places = int(width), int(decimals) if decimals else None
    if not 0 < characters < 100 or not (places is None or 0 <= places < characters):
        raise ValueError(width)
    return Field(
        code,
        " ".join(name).lstrip("*"),
        words[-1] if len(words) > kind + 2 else "",
        places,
        name[0].startswith("*"),
        width=characters if words[kind] == "decimal" else None,
    )


def _old_row(words: list[str]) -> Field:
    *name, kind, _, top, unit = words
    if not name or kind not in ("signed", "unsigned", "char", "string"):
        raise ValueError(kind)
    code = _OLD_NAMES.get(" ".join(name), 0)
    conditional = code in (ERROR, STATUS)
    if kind in ("char", "string"):
        # The word that a status row puts into the frame stands in the column of the maximum.
        return Field(code, " ".join(name), top, None, conditional)
    return Field(code, " ".join(name), unit, len(top.partition(".")[2]), conditional, float(top))


def _layout(fields: list[Field]) -> Layout:
    fixed = [field for field in fields if not field.conditional]
    at = {field.code: place for place, field in enumerate(fixed)}
    if at.get(UNIT_ID) != 0:
        raise ValueError("the table does not begin with the unit's letter")
    for code, name in _OTHER_SETPOINTS.items():
        if code in at:
            raise Unfit(
                f"it controls {name}, not mass flow: set its control variable to mass flow (register 122 = 37)"
            )
    for code, name in ((MASS_FLOW, "mass flow"), (MASS_SETPOINT, "set point of mass flow"), (GAS, "gas")):
        if code not in at:
            raise Unfit(f"its frame has no {name}: is it a mass-flow controller?")
    flow, setpoint = fixed[at[MASS_FLOW]], fixed[at[MASS_SETPOINT]]
    if flow.unit not in SCCM_PER_UNIT or setpoint.unit != flow.unit:
        raise Unfit(
            f"its flow is in {flow.unit}, its set point in {setpoint.unit}: set both to one of "
            f"{', '.join(SCCM_PER_UNIT)} at its panel"
        )
    if setpoint.decimals is None:
        raise Unfit("its table does not say to how many decimals the set point goes")
    kpa, pressure = 1.0, at.get(PRESSURE)
    if pressure is not None:
        name = fixed[pressure].unit.removesuffix("A")
        if name not in _KPA_PER_UNIT:
            raise Unfit(
                f"its absolute pressure is in {fixed[pressure].unit or 'no unit'}: set it to kPa or PSI at its panel"
            )
        kpa = _KPA_PER_UNIT[name]
    return Layout(
        count=len(fixed),
        flow=at[MASS_FLOW],
        flow_decimals=flow.decimals,
        setpoint=at[MASS_SETPOINT],
        setpoint_decimals=setpoint.decimals,
        pressure=pressure,
        pressure_decimals=None if pressure is None else fixed[pressure].decimals,
        gas=at[GAS],
        flow_unit=flow.unit,
        sccm=SCCM_PER_UNIT[flow.unit],
        kpa=kpa,
        tokens=frozenset(field.unit.encode("ascii") for field in fields if field.conditional),
        full_scale=flow.maximum,
        numbers=tuple(
            (place, field.width, field.decimals)
            for place, field in enumerate(fixed)
            if field.code in _FIXED_FORM and field.width is not None and field.decimals
        ),
    )


def number(text: bytes, decimals: int | None) -> float | None:
    """One number of a frame; None for the dashes that stand for "not available". Raises ValueError."""
    if text and not text.strip(b"-"):
        return None
    # The decimals are part of the form: a digit that got lost or came in shows there, and so does "nan".
    whole, point, rest = text[text[:1] in (b"+", b"-") :].partition(b".")
    if not whole.isdigit() or (point and not rest.isdigit()):
        raise ValueError(text)
    if decimals is not None and len(rest) != decimals:
        raise ValueError(text)
    return float(text)
