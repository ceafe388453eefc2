"""Recipes for campaigns, as text that a user could have written: every step kind, short, cold or warm at the start."""

from __future__ import annotations

import random
from dataclasses import dataclass
from importlib.resources import files

from rig.proving.rigs import RigPlan

SOLUTIONS = {
    "pan-pmma": """[solutions.pan-pmma]
solvents = [{ name = "DMF" }]
concentration = "12 wt%"
[[solutions.pan-pmma.solutes]]
name = "PAN"
molar_mass = "150 kg/mol"
parts = 7
[[solutions.pan-pmma.solutes]]
name = "PMMA"
molar_mass = "200 kg/mol"
parts = 3
""",
    "tio2": """[solutions.tio2]
solvents = [{ name = "methanol" }]
solutes = [{ name = "TiO2", particle_size = "30 nm" }]
concentration = "1 wt%"
conductivity = "100 uS/m"
""",
}
FULL_LENGTH = "tio2-pcnf"
JET_CHECK_S = 60.0
TUNING = 'tuning = { band = "60 degC", integral = "150 s", derivative = "15 s" }\n'
"""For the light furnace of a campaign."""
TUBE_L = 2.83
"""Volume of the demonstration rig's work tube."""


@dataclass(frozen=True, slots=True)
class RecipePlan:
    """A recipe's text, the start state that goes with it, and about how long it takes (s)."""

    text: str
    start: str
    length_s: float


class _Writer:
    """One recipe under way."""

    def __init__(self, rng: random.Random, rig: RigPlan, brief: bool) -> None:
        self.rng = rng
        self.rig = rig
        self.brief = brief
        self.steps: list[str] = []
        self.used: list[str] = []
        self.start: list[str] = []
        self.length_s = 5.0
        self.furnace_degc = 23.0
        self.found = ""
        self.flows_sccm = 0.0
        """Argon that flows already."""

    def step(self, do: str, lines: str, length_s: float) -> None:
        """Add one; its id says what and which."""
        self.steps.append(f'[[steps]]\nid = "{do}-{len(self.steps) + 1}"\ndo = "{do}"\n{lines}')
        self.length_s += length_s

    # The spinning station

    def spin(self) -> None:
        """A prime step or none, then one spin step with one stream or two."""
        rng, rig = self.rng, self.rig
        names = list(SOLUTIONS)
        rng.shuffle(names)
        names = names[: rng.randint(1, rig.mounts)]
        self.used += [name for name in names if name not in self.used]
        if rng.random() < 0.4:
            rate = rng.choice((5, 10, 20))
            volume = 'volume = "0.06 ml"\n' if rng.random() < 0.3 else ""
            self.step("prime", f'rate = "{rate} ml/h"\n{volume}', 25.0 + 0.06 / rate * 3600)
        limit_kv = rig.voltages_kv[0]
        voltage_kv = round(limit_kv * rng.uniform(0.3, 1.0), 2)
        seconds = rng.uniform(5, 30) if self.brief else 20 * 45 ** rng.random()
        lines = f'duration = "{seconds:.0f} s"\nvoltage = "{voltage_kv:g} kV"\n'
        lines += f'distance = "{rng.choice((10, 15, 20))} cm"\n'
        lines += f'needle = {{ gauge = "{rng.choice((20, 21, 22))} G" }}\n'
        lines += 'collector = { kind = "plate" }\n'
        if rng.random() < 0.3:
            lines += f'draw_off = "{rng.choice((0, 1, 2))} s"\n'
        if rng.random() < 0.3:
            lines += 'humidity = { min = "30 %RH", max = "55 %RH", on_leave = "warn" }\n'
        for name in names:
            mode = "electrospin" if name == "pan-pmma" else "electrospray"
            lines += f'[[steps.streams]]\nsolution = "{name}"\nmode = "{mode}"\n'
            lines += f'rate = "{round(0.2 * 15 ** rng.random(), 3):g} ml/h"\n'
        ramp_s = abs(voltage_kv) / rig.ramp_kv_s
        self.step("spin", lines, 30.0 + ramp_s + JET_CHECK_S + seconds + 10.0 + rig.discharge_s)

    # People, and time

    def prompt(self) -> None:
        """Something to confirm, or to weigh."""
        lines = 'say = "Close both flanges, check the seals and the bubbler."\n'
        if self.rng.random() < 0.5:
            lines = (
                'say = "Peel the mat off the collector and weigh it."\nrecord = { mat_mass = { unit = "mg", '
                'expect = "1 mg .. 700 mg", refuse_above = "5 g", simulate = "21 mg" } }\n'
            )
        self.step("prompt", lines, 5.0)

    def wait(self) -> None:
        """Nothing for a while."""
        seconds = self.rng.randint(2, 60)
        self.step("wait", f'duration = "{seconds} s"\n', seconds)

    # The furnace

    def air(self) -> None:
        """Dry, or heat in air in one or two segments, and perhaps cool."""
        rng = self.rng
        if rng.random() < 0.25:
            to = max(self.furnace_degc, 23) + rng.uniform(5, 20)
            minutes = rng.uniform(1, 4)
            lines = f'to = "{to:.0f} degC"\nduration = "{minutes:.1f} min"\n'
            self.step("dry", lines, (to - self.furnace_degc) / 2 * 60 + minutes * 60 + 120)
            self.furnace_degc = to
        else:
            self._heat("air", None, 280.0)
        if rng.random() < 0.6:
            below = rng.choice((60, 80, 150))
            self.step("cool", f'atmosphere = "air"\nbelow = "{below} degC"\n', 700.0)
            self.furnace_degc = min(self.furnace_degc, below)

    def inert(self) -> None:
        """Close the tube, purge it, heat in argon, cool in argon."""
        rng, rig = self.rng, self.rig
        if "argon" not in self.found:  # a tube that is hot and closed is for nobody to close
            self.step("prompt", 'say = "Close both flanges, check the seals and the bubbler."\n', 5.0)
        flow = rig.argon_sccm * rng.uniform(0.6, 1.0)
        if rig.analyser and rng.random() < 0.3:
            until, volumes = f'"{rng.choice((500, 2000, 10000))} ppm O2"', 12.0
        else:
            volumes = rng.choice((3.0, 4.0, 6.0))
            until = f"{{ volumes = {volumes:g} }}"
        self.step(
            "purge",
            f'gas = "argon"\nflow = "{flow:.0f} sccm"\nuntil = {until}\n',
            volumes * TUBE_L * 1000 / flow * 60 + 90,
        )
        flow *= 1.0 if self.furnace_degc > 190 else rng.uniform(0.2, 1.0)
        self._heat("argon", flow, 360.0)
        more = rng.choice((1.0, 1.0, min(1.3, rig.argon_sccm / flow)))
        lines = f'atmosphere = "argon"\nflow = "{max(flow * more, flow + 0.5):.0f} sccm"\n'
        below = rng.choice((60, 80, 150))
        if rng.random() < 0.3:
            lines += f'cold = "{rng.choice((100, 150))} degC"\n'
        self.step("cool", f'{lines}below = "{below} degC"\n', 700.0)
        self.furnace_degc = min(self.furnace_degc, below)

    def hot(self) -> None:
        """A tube that is found hot under its gas, and cools."""
        rng = self.rng
        self.warm(rng.uniform(260, 420), "argon")
        self.flows_sccm = round(rng.uniform(100, 500))
        # Where more flows already than the recipe asks for, it is not lowered before the tube is cold.
        flow = rng.choice((0.6 * self.flows_sccm, self.flows_sccm, self.flows_sccm + 100))
        below = rng.choice((80, 150, 190))
        cold = f'cold = "{rng.choice((100, 150))} degC"\n' if rng.random() < 0.3 else ""
        self.step(
            "cool", f'atmosphere = "argon"\nflow = "{flow:.0f} sccm"\n{cold}below = "{below} degC"\n', 800.0
        )

    def _heat(self, gas: str, flow: float | None, most_degc: float) -> None:
        rng = self.rng
        lines = f'atmosphere = "{gas}"\n' + (f'flow = "{flow:.0f} sccm"\n' if flow is not None else "")
        band = f'band = "{rng.choice((3, 5, 10))} degC"\n' if rng.random() < 0.3 else ""
        length_s = 0.0
        segments = []
        for _ in range(rng.choices((1, 2), (3, 1))[0]):
            ramp = self.rig.ramp_degc_min * rng.uniform(0.5, 1.0)
            to = min(most_degc, self.furnace_degc + ramp * rng.uniform(1, 5 if self.brief else 8))
            soak = rng.uniform(0.2, 3)
            segments.append(f'ramp = "{ramp:.1f} degC/min"\nto = "{to:.0f} degC"\nsoak = "{soak:.1f} min"\n')
            length_s += (abs(to - self.furnace_degc) / ramp + soak + 2) * 60
            self.furnace_degc = to
        if len(segments) == 1 and rng.random() < 0.7:
            lines += segments[0] + band
        else:
            lines += band + "".join(f"[[steps.segments]]\n{one}" for one in segments)
        self.step("heat", lines, length_s)

    def warm(self, degc: float, gas: str) -> None:
        """The furnace is found warm."""
        self.furnace_degc = degc
        self.found = f'temperature = "{degc:.0f} degC"\natmosphere = "{gas}"\n'

    def finished(self) -> RecipePlan:
        """The whole text."""
        if self.rig.furnace:
            self.start.insert(0, f"[furnace.tube]\n{TUNING}{self.found}")
        head = 'format = 1\nname = "Generated"\nsummary = "Made by a campaign"\n\n'
        solutions = "\n".join(SOLUTIONS[name] for name in self.used)
        return RecipePlan(
            head + solutions + "\n" + "\n".join(self.steps), "\n".join(self.start), self.length_s
        )


def generate_recipe(rng: random.Random, rig: RigPlan, brief: bool) -> RecipePlan:
    """A recipe for this rig. brief: a few minutes of process and not up to 40."""
    writer = _Writer(rng, rig, brief)
    if rig.furnace and (not rig.mounts or rng.random() < 0.45):
        _furnace_part(rng, writer, rig)
    elif rig.mounts:
        for _ in range(1 if brief else rng.choices((1, 2), (5, 1))[0]):
            writer.spin()
            if rng.random() < 0.3:
                writer.wait()
            if rng.random() < 0.4:
                writer.prompt()
    _found(rng, writer, rig)
    return writer.finished()


def _furnace_part(rng: random.Random, writer: _Writer, rig: RigPlan) -> None:
    kind = rng.choices(("air", "inert", "hot", "spin-air"), (3, 4, 2, 1 if rig.mounts else 0))[0]
    if kind == "hot":
        writer.hot()
        return
    if kind == "spin-air":
        writer.spin()
        writer.prompt()
    elif kind == "inert" and rng.random() < 0.7:
        argon = rng.random() < 0.8
        writer.warm(rng.uniform(200, 245) if argon else rng.uniform(60, 245), "argon" if argon else "air")
        writer.flows_sccm = rng.choice((0.0, 100.0, 200.0))
    elif rng.random() < 0.6:
        writer.warm(rng.uniform(60, 200), "air")
    if rng.random() < 0.2:
        writer.wait()
    if kind == "inert":
        writer.inert()
    else:
        writer.air()
    if rng.random() < 0.2:
        writer.prompt()


def _found(rng: random.Random, writer: _Writer, rig: RigPlan) -> None:
    """Things that somebody left on."""
    if rig.mounts and rng.random() < 0.15:
        writer.start.append(f'[hv.needle]\nvoltage = "{0.8 * rig.voltages_kv[0]:g} kV"\n')
    if rig.mounts and rng.random() < 0.1:
        writer.start.append(f'[pumps.a]\nrate = "{rng.choice((1, 5))} ml/h"\n')
    if not rig.furnace:
        return
    spins = bool(writer.used)
    if spins and not writer.found and rng.random() < 0.25:
        # Beside the spinning station a furnace cools, or somebody has left its program running.
        running = rng.random() < 0.3
        writer.found = f'temperature = "{rng.uniform(210, 400):.0f} degC"\natmosphere = "argon"\n'
        writer.found += 'program = "running"\n' if running else ""
        writer.flows_sccm = rng.choice((100.0, 500.0))
    elif not writer.flows_sccm and rng.random() < 0.1:
        writer.flows_sccm = rng.choice((100.0, 500.0))
    if writer.flows_sccm:
        writer.start.append(f'[gas.argon]\nflow = "{writer.flows_sccm:g} sccm"\n')


def full_length() -> RecipePlan:
    """The founding recipe, 18 hours."""
    text = files("recipes.library").joinpath(f"{FULL_LENGTH}.toml").read_text(encoding="utf-8")
    return RecipePlan(text, "", 18 * 3600.0)
