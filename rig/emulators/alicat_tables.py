"""What an emulated Alicat says about itself: gas list, table of the frame, maker's table, and the widths of numbers.

Sources: Alicat M-series manual 2023 (commands), Serial Communications Primer; the texts of `??D*`, `??M*`, `??G*` and
VE have the form of transcripts that users have published of an MC with firmware 10v20 and of one with 5v12.
"""

from __future__ import annotations

GASES = (
    "Air", "Ar", "CH4", "CO", "CO2", "C2H6", "H2", "He", "N2", "N2O", "Ne", "O2", "C3H8",
    "nC4H10", "C2H2", "C2H4", "iC4H10", "Kr", "Xe", "SF6",
)  # fmt: skip
"""By Alicat's number."""
_LONG = {
    "Air": "Air", "Ar": "Argon", "CH4": "Methane", "CO": "Carbon-Monoxide", "CO2": "Carbon-Dioxide", "H2": "Hydrogen",
    "He": "Helium", "N2": "Nitrogen", "N2O": "Nitrous-Oxide", "Ne": "Neon", "O2": "Oxygen",
}  # fmt: skip
FLOW_UNITS = {"SCCM": (1.0, "012", "CCM"), "SLPM": (1000.0, "007", "LPM")}
"""sccm in one unit, its number, and the unit of volumetric flow beside it."""
CONTROLLED = {
    37: "Mass Flow Setpt", 36: "Volu Flow Setpt", 34: "Abs Press Setpt", 38: "Ga Press Setpt", 39: "Dif Press Setpt",
}  # fmt: skip
"""Control variables by the number that register 122 holds."""
TOKENS = ("OPL", "POV", "P2O", "TOV", "VOV", "MOV", "TMF", "OVR", "COM", "HLD", "EXH", "GTA", "LCK")
"""Status words in the order in which they stand; before them ADC, the error."""
OLD_TOKENS = ("LCK", "OVR", "POV", "TOV", "VOV", "MOV", "HLD", "EXH")


def decimals_of(full_scale: float) -> int:
    """Decimals of a flow: five digits in all, at least two of them before the point."""
    return max(0, 5 - max(2, len(str(int(full_scale)))))


def gas_rows(unit: str) -> str:
    """The answer to `??G*`."""
    return "".join(f"{unit} G{number:02d} {name:>8}\r" for number, name in enumerate(GASES))


def gas_line(unit: str, number: int) -> str:
    """The answer to GS."""
    name = GASES[number]
    return f"{unit} {number} {name} {_LONG.get(name, name)}\r"


def maker_rows(unit: str, model: str, firmware: str) -> str:
    """The answer to `??M*`."""
    texts = (
        "ALICAT SCIENTIFIC",
        "www.alicat.com",
        "Ph   520-290-6060",
        "info@alicat.com",
        f"Model Number {model}",
        "Serial Number 240117",
        "Date Manufactured 01/17/2024",
        "Date Calibrated   01/17/2024",
        "Calibrated By     EM",
        f"Software Revision {firmware}",
    )
    return "".join(f"{unit}  M{number:02d} {text}\r" for number, text in enumerate(texts))


def frame_rows(unit: str, flow_unit: str, decimals: int, controlled: int, totaliser: bool) -> str:
    """The answer to `??D*` from firmware 6 on."""
    _, code, volume = FLOW_UNITS[flow_unit]
    flow = f"7/{decimals}"
    rows: list[tuple[str, str, str, str, str]] = [
        ("700", "Unit ID", "string", "1", ""),
        ("002", "Abs Press", "s decimal", "7/2", "010 02 PSIA"),
        ("003", "Flow Temp", "s decimal", "7/2", "002 02 `C"),
        ("004", "Volu Flow", "s decimal", flow, f"{code} 02 {volume}"),
        ("005", "Mass Flow", "s decimal", flow, f"{code} 02 {flow_unit}"),
    ]
    name = CONTROLLED[controlled]
    unit_of = f"{code} 02 {flow_unit}" if controlled in (36, 37) else "010 02 PSIA"
    rows.append((f"{controlled:03d}", name, "s decimal", flow, unit_of))
    if totaliser:
        rows.append(("009", "Mass Total", "s decimal", "8/1", "005 02 SCC"))
    rows.append(("703", "Gas", "string", "6", ""))
    rows.append(("701", "*Error", "string", "3", "ADC"))
    rows += [("702", "*Status", "string", "3", token) for token in TOKENS]
    text = f"{unit} D00 ID_ NAME______________________ TYPE_______ WIDTH NOTES___________________\r"
    for number, (statistic, name, kind, width, notes) in enumerate(rows, 1):
        text += f"{unit} D{number:02d} {statistic} {name:<26} {kind:<11} {width:>5} {notes}".rstrip() + "\r"
    return text


def old_frame_rows(unit: str, flow_unit: str, decimals: int, full_scale: float, totaliser: bool) -> str:
    """The answer to `??D*` of firmware 5."""
    low, top = f"{0.0:+0{7}.{decimals}f}", f"{full_scale:+0{7}.{decimals}f}"
    rows = [
        ("Unit ID", "char", "A   ", "Z  ", "na"),
        ("Pressure", "signed", "+000.00", "+160.00", "PSIA"),
        ("Temperature", "signed", "-010.00", "+050.00", "C"),
        ("Volumetric", "signed", low, top, FLOW_UNITS[flow_unit][2]),
        ("Mass", "signed", low, top, flow_unit),
        ("SetPoint", "signed", low, top, flow_unit),
    ]
    if totaliser:
        rows.append(("Total", "signed", "000000.0", "999999.9", "SCC"))
    rows.append(("Gas", "string", "Air", GASES[-1], "na"))
    rows.append(("Error", "string", "na", "ADC", "na"))
    rows += [("Status", "string", "na", token, "na") for token in OLD_TOKENS]
    text = f"{unit}  D00 NAME_______ TYPE_____ MinVal_  MaxVal_  UNITS__\r"
    for number, (name, kind, least, most, of) in enumerate(rows, 1):
        text += f"{unit}  D{number:02d} {name:<11} {kind:<9} {least:>7}  {most:>7}{of:>9}\r"
    return text
