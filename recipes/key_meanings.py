"""What each key of the recipe format means, in a sentence.

Units, limits, defaults and choices are not said here: they are the reader's (`format_facts`). A test fails when a
key that the reader knows is missing here, or one is here that it does not know.
"""

from __future__ import annotations

from typing import Final

_STEP: Final = {
    "id": "The step's name, unique in the recipe; it stands in keys, answers and records.",
    "do": "The kind of step.",
    "note": "For the person at the rig; shown when the step begins.",
    "attended": "Whether a person has to be there all the time.",
    "assumed": 'Keys of this step that the source does not give; "*" for all of them.',
    "accept": "Rules of the linter that are silenced for this step, each with the reason.",
}
_FLOW: Final = "Flow of that gas through the tube. A gas that is fed needs one."
_ATMOSPHERE: Final = "The gas in the tube."

SECTIONS: Final[dict[str, str]] = {
    "recipe": "The file as a whole.",
    "parameters": '`[parameters]`: a value to vary; "$name" stands for it wherever a whole value can stand.',
    "solutions": "`[solutions.ID]`: what goes into a syringe.",
    "solvents": "A solvent of a solution.",
    "solutes": "A polymer, salt or particle of a solution.",
    "source": "Where the recipe comes from.",
    "accept": "A rule of the linter that the author has looked at.",
    "prime": '`do = "prime"`: fill the needles, high voltage locked out.',
    "prime.streams": "A needle to be filled.",
    "spin": '`do = "spin"`: spin and spray from all streams at once.',
    "spin.streams": "One liquid out of one needle.",
    "needle": "A needle.",
    "collector": "What the fibres land on.",
    "humidity": "Limits of the chamber's relative humidity; one or both.",
    "temperature": "Limits of the chamber's temperature; one or both.",
    "prompt": '`do = "prompt"`: a person does something, confirms it, and may weigh or measure.',
    "record": "`record.NAME`: a number that the person is asked for.",
    "dry": '`do = "dry"`: hold the sample at a low temperature.',
    "purge": '`do = "purge"`: replace the tube\'s gas.',
    "until": "The end of a purge where no analyser stands.",
    "heat": '`do = "heat"`: furnace program, with `ramp`, `to`, `soak`, or with `segments`.',
    "segments": "Ramp to a temperature and stay.",
    "cool": '`do = "cool"`: heater off until the tube is cold enough.',
    "wait": '`do = "wait"`: do nothing for a while.',
}

MEANINGS: Final[dict[str, dict[str, str]]] = {
    "recipe": {
        "format": "Version of this format; every older one is read for ever.",
        "parameters": "Values to vary, by name.",
        "solutions": "Solutions and dispersions, by id.",
        "name": "What the sample or the method is called.",
        "summary": "What it is about, in a sentence.",
        "source": "The paper or person it comes from.",
        "steps": "What is done, in this order.",
        "accept": "Rules of the linter that are silenced everywhere, each with the reason.",
    },
    "parameters": {
        "default": "The value that is used unless a variant gives another.",
        "min": "The smallest value that makes sense.",
        "max": "The largest value that makes sense.",
    },
    "solutions": {
        "solvents": "What it is dissolved or dispersed in.",
        "solutes": "What is dissolved or dispersed.",
        "parts_by": "What the solvents' parts are of: mass, or volume (v/v). Parts of solutes are by mass.",
        "concentration": "All solutes together: mass of the solution, or mass per volume.",
        "conductivity": "Electrical conductivity; decides the smallest flow of a cone-jet.",
        "viscosity": "At rest, at the temperature of spinning.",
        "surface_tension": "Against air.",
        "density": "Mass per volume of the solution.",
        "preparation": "How it is made.",
        "use_within": "How long it is good after it was made.",
        "assumed": "Keys of this solution that the source does not give; \"*\" for all of them.",
    },
    "solvents": {
        "name": "As a chemist calls it: DMF, methanol.",
        "parts": "Parts among the solvents; of what says `parts_by`.",
    },
    "solutes": {
        "name": "As a chemist calls it: PAN, TiO2.",
        "parts": "Parts by mass among the solutes.",
        "molar_mass": "Of a polymer.",
        "particle_size": "Diameter of the primary particles.",
    },
    "source": {
        "doi": "Without resolver: 10.1039/d0ra01791d.",
        "url": "Where it can be read, if it has no DOI.",
        "title": "The paper's title.",
        "note": "Which part of it, or what was changed.",
    },
    "accept": {
        "code": "The rule, as the linter prints it.",
        "reason": "Why it is all right here; the report of each run prints it.",
    },
    "prime": {
        **_STEP,
        "streams": "Which needles; without it, all of the next spin step.",
        "volume": "How much comes out of each; without it, the needle's dead volume.",
        "rate": "How fast.",
    },
    "prime.streams": {
        "solution": "The solution, by its id.",
        "id": "The stream of the next spin step; without it, the one called after its solution.",
    },
    "spin": {
        **_STEP,
        "streams": "The liquids, each with its needle.",
        "voltage": "Of the needles against earth, with sign. A stream may have its own; may be left out when all do.",
        "distance": "From tip to collector. A stream may have its own; may be left out when all do.",
        "needle": "The needle of every stream that has none of its own.",
        "duration": "How long fibres are collected, counted from the jet check on.",
        "collector": "What they land on.",
        "humidity": "Limits of the relative humidity, and what happens outside.",
        "temperature": "Limits of the chamber's temperature, and what happens outside.",
        "start_lag": "From the start of the pumps to the voltage.",
        "draw_off": "From the stop of the pumps to the end of the voltage.",
        "arc_retries": "How often the voltage is tried again after an arc.",
    },
    "spin.streams": {
        "solution": "The solution, by its id.",
        "id": "The stream's name, unique in its step; without it, that of its solution.",
        "mode": "Fibres or droplets.",
        "rate": "Flow rate of the pump.",
        "voltage": "Of this needle, where it is not the step's.",
        "distance": "Of this needle, where it is not the step's.",
        "needle": "Where it is not the step's.",
        "refill": "Whether the run may be held to load a new syringe when this one is empty.",
        "shell_of": "The stream in the core of the same coaxial needle.",
    },
    "needle": {
        "gauge": "Outer diameter in gauge; only whole gauges from 10 to 34 exist.",
        "kind": "One opening, core and shell, or several openings in a row.",
        "count": "Openings of a manifold.",
    },
    "collector": {
        "kind": "Its shape.",
        "speed": "Of rotation, or of the surface.",
        "diameter": "Of a drum, mandrel or disc.",
        "voltage": "Against earth, with sign; without it, it is earthed.",
    },
    "humidity": {
        "min": "At least this.",
        "max": "At most this.",
        "on_leave": "What happens outside: written down, an alarm, or the run is held.",
    },
    "temperature": {
        "min": "At least this.",
        "max": "At most this.",
        "on_leave": "What happens outside: written down, an alarm, or the run is held.",
    },
    "prompt": {
        **_STEP,
        "say": "What the person is told.",
        "record": "Numbers that the person is asked for, by name.",
    },
    "record": {
        "unit": "The unit in which the answer is given.",
        "expect": "The usual range; outside it the program asks again.",
        "refuse_below": "An answer below this is not taken.",
        "refuse_above": "An answer above this is not taken.",
        "simulate": "The answer on an emulated rig.",
    },
    "dry": {
        **_STEP,
        "to": "The temperature.",
        "duration": "How long at that temperature.",
        "atmosphere": _ATMOSPHERE,
        "flow": _FLOW,
    },
    "purge": {
        **_STEP,
        "gas": "What the tube is filled with.",
        "flow": "Flow of that gas.",
        "until": "The oxygen content at which it is done, or `{ volumes = 12 }` where no analyser stands.",
    },
    "until": {"volumes": "So many times the tube's volume."},
    "heat": {
        **_STEP,
        "band": "Half width of the band around the set point in which soak counts.",
        "flow": _FLOW,
        "atmosphere": "The gas in the tube; of each segment that has none of its own.",
        "ramp": "Heating rate.",
        "to": "The temperature.",
        "soak": "How long at that temperature; only time inside the band counts.",
        "segments": "Several ramps and soaks one after the other, instead of `ramp`, `to` and `soak`.",
    },
    "segments": {
        "ramp": "Heating rate.",
        "to": "The temperature.",
        "soak": "How long at that temperature.",
        "atmosphere": "Where it is not the step's.",
        "flow": "Where it is not the step's.",
    },
    "cool": {
        **_STEP,
        "atmosphere": _ATMOSPHERE,
        "below": "Done when the tube is colder than this.",
        "flow": _FLOW,
        "cold": "Below this the flow of an inert gas may be lowered.",
    },
    "wait": {**_STEP, "duration": "How long."},
}  # fmt: skip
