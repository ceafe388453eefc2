"""Rigs for campaigns: the demonstration rig's file with other limits, other models, and parts that are missing."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from recipes.units import parse_any

COOLING_MIN = (7, 9, 12)
"""Campaigns have a furnace with a sixth of the demonstration furnace's mass."""
MODELS = ("epc3000", "3216", "2416")


@dataclass(frozen=True, slots=True)
class RigPlan:
    """A rig file and what a recipe generator has to know of it. Voltages in kV (signed), ramps in degC/min, sccm."""

    text: str
    voltages_kv: tuple[float, ...]
    """The limit of each supply, with its sign, in the order of the needle mounts."""
    mounts: int
    furnace: bool
    ramp_degc_min: float
    argon_sccm: float
    analyser: bool
    ramp_kv_s: float
    discharge_s: float


def demo_text() -> str:
    """The demonstration rig's file."""
    return files("rig.bench").joinpath("demo/rig.toml").read_text(encoding="utf-8")


def generate_rig(rng: random.Random) -> RigPlan:
    """A rig that a user could have; whether `fit` takes it is seen when a recipe is held against it."""
    sections = _sections(demo_text())
    shape = rng.choices(("both", "spin", "furnace"), (6, 3, 1))[0]
    pumps = 1 if shape != "furnace" and rng.random() < 0.25 else 2
    supplies = 2 if pumps == 2 and rng.random() < 0.25 else 1
    sign = -1 if rng.random() < 0.3 else 1
    analyser = rng.random() < 0.8
    rating_kv = rng.choices((40, 30, 60), (6, 2, 2))[0]
    limit_kv = rng.choice([kv for kv in (8.0, 12.5, 20.0, 25.0, 30.0) if kv <= rating_kv])
    ramp_kv_s = rng.choice((0.5, 1.0, 2.0, 3.0))
    discharge_s = rng.choice((2.0, 8.0, 30.0))
    known = 'bleed = "200 MOhm"\ncapacitance = "1 nF"\n' if discharge_s < 30 else ""
    supply = (
        'driver = "glassman"\n'
        'port = "sim://NAME"\n'
        f'rating = {{ voltage = "{rating_kv} kV", current = "{rng.choice((1, 3))} mA" }}\n'
        f'limits = {{ voltage = "{limit_kv:g} kV", current = "{rng.choice((20, 50, 150))} uA", '
        f'ramp = "{ramp_kv_s:g} kV/s", ramp_down = "{rng.choice((4, 5, 10))} kV/s" }}\n'
        f'polarity = "{"positive" if sign > 0 else "negative"}"\n'
        f'discharge_time = "{discharge_s:g} s"\n{known}'
    )
    sections["hv.needle"] = supply.replace("NAME", "hv.needle")
    if supplies == 2:
        sections["hv.second"] = supply.replace("NAME", "hv.second")
        sections["needles.right"] = sections["needles.right"].replace('hv = "needle"', 'hv = "second"')
    if pumps == 1:
        del sections["pumps.b"], sections["needles.right"]
    ramp = rng.choice((5.0, 10.0, 20.0))
    argon = rng.choice((1000.0, 2000.0, 5000.0))
    sections["furnace.tube"] = (
        sections["furnace.tube"]
        .replace('"epc3000"', f'"{rng.choice(MODELS)}"')
        .replace('ramp = "10 degC/min"', f'ramp = "{ramp:g} degC/min"')
        .replace('temperature = "1100 degC"', f'temperature = "{rng.choice((400, 900, 1100))} degC"')
        .replace('hot_minimum = "80 sccm"', f'hot_minimum = "{rng.choice((50, 80, 120))} sccm"')
        .replace('cooling = "50 min"', f'cooling = "{rng.choice(COOLING_MIN)} min"')
    )
    sections["gas.argon"] = sections["gas.argon"].replace('"2000 sccm"', f'"{argon:g} sccm"')
    if not analyser:
        del sections["oxygen.tube"]
    _leave_out(sections, shape)
    return rig_plan(_joined(sections))


def rig_plan(text: str | None) -> RigPlan:
    """What a recipe generator has to know of a rig file (None: the demonstration rig's)."""
    text = demo_text() if text is None else text
    data: dict[str, Any] = tomllib.loads(text)
    supplies = data.get("hv", {})
    mounts = [supplies[one["hv"]] for one in data.get("needles", {}).values() if one.get("hv") in supplies]
    first = mounts[0] if mounts else {}
    furnaces = list(data.get("furnace", {}).values())
    argon = data.get("gas", {}).get("argon", {})
    return RigPlan(
        text=text,
        voltages_kv=tuple(
            (-1 if one.get("polarity") == "negative" else 1) * _number(one, "limits", "voltage", "kV")
            for one in mounts
        ),
        mounts=len(mounts),
        furnace=bool(furnaces),
        ramp_degc_min=_number(furnaces[0], "limits", "ramp", "degC/min") if furnaces else 10.0,
        argon_sccm=parse_any(argon.get("full_scale", "2000 sccm")).to("sccm"),
        analyser=bool(data.get("oxygen")),
        ramp_kv_s=_number(first, "limits", "ramp", "kV/s") if first else 1.0,
        discharge_s=parse_any(first.get("discharge_time", "30 s")).to("s"),
    )


def _number(table: dict[str, Any], section: str, key: str, unit: str) -> float:
    return parse_any(table[section][key]).to(unit)


def _leave_out(sections: dict[str, str], shape: str) -> None:
    """A rig without spinning station, or without furnace."""
    unwanted: tuple[str, ...] = ()
    if shape == "furnace":
        unwanted = ("pumps.", "needles.", "hv.", "current.", "climate.")
    elif shape == "spin":
        unwanted = ("furnace.", "gas.", "oxygen.")
    for name in list(sections):
        if name.startswith(unwanted or ("\0",)):
            del sections[name]


def _sections(text: str) -> dict[str, str]:
    """The file cut at its table headings; what stands before the first is under ""."""
    found = {"": ""}
    name = ""
    for line in text.splitlines():
        if line.startswith("[") and line.endswith("]"):
            name = line[1:-1]
            found[name] = ""
        else:
            found[name] += line + "\n"
    return found


def _joined(sections: dict[str, str]) -> str:
    return "".join((f"[{name}]\n" if name else "") + body for name, body in sections.items())
