"""A lab's own materials over the built-in ones: its entries win and say so, and every value needs a source."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.materials import FILE_NAME, builtin_materials, load_materials, read_materials, solvent
from recipes.problems import InputError, Severity

OWN = """\
format = 1

[solvents.DMF]
synonyms = ["our DMF"]
conductivity = { value = "60 uS/m", source = "own meter, lot 22, 2026-11-02" }
flash_point = { value = "57 degC", source = "supplier, 2026" }

[solvents."Solvent blend 7"]
flammable = { is = true, source = "supplier, 2026" }
lel = { value = "1.4 vol%", source = "supplier, 2026", other = [{ value = "1.6 vol%", source = "another supplier" }] }
vapour_pressure = { value = "5 kPa", source = "supplier, 2026" }
density = { value = "810 kg/m3", source = "own pycnometer" }

[polymers."house copolymer"]
kind = "polymer"
carbon_precursor = { is = true, source = "own thermogravimetry" }
usual_solvents = { are = ["DMF"], source = "own notebook" }
gives_off = [
  { is = "HCN", text = "hydrogen cyanide", source = "own analysis", above = { value = "200 degC", source = "same" } },
]

[polymers.PAN]
hazards = [{ is = "H317", text = "may sensitise skin", source = "supplier, 2026" }]
"""


def test_own_entries_win_and_say_so() -> None:
    own, problems = read_materials(OWN)
    assert own is not None and own.own == FILE_NAME
    dmf = own.solvent("our DMF")
    assert dmf is not None and dmf is own.solvent("dimethylformamide") and dmf.name == "DMF"
    assert dmf.conductivity_s_m == pytest.approx(6e-5) and dmf.flash_degc == 57
    assert dmf.lel_vol_pct == 1.8, "what the file does not say stays"
    assert dmf.own == {"synonyms", "conductivity", "flash_point"}
    assert dmf.conductivity is not None and dmf.conductivity.mark == "C" and dmf.conductivity.may_refuse
    (note,) = problems
    assert (note.severity, note.code, note.where) == (Severity.NOTE, "own-value", "solvents.DMF.flash_point")
    assert note.message == "57 °C (supplier, 2026) takes the place of 58 °C (IEC 60079-20-1:2010)"
    assert note.line == 6


def test_new_materials_stand_beside_the_built_in_ones() -> None:
    own, _ = read_materials(OWN)
    assert own is not None
    blend, copolymer, pan = own.solvent("solvent-blend 7"), own.polymer("House Copolymer"), own.polymer("PAN")
    assert blend is not None and copolymer is not None and pan is not None
    assert blend.vapour_mmhg == pytest.approx(37.5, abs=0.01) and blend.density_g_ml == pytest.approx(0.81)
    assert blend.lel is not None and [one.value for one in blend.lel.other] == [1.6]
    assert blend.vapour_litres_per_ml is None and blend.burns is True
    assert copolymer.makes_carbon and copolymer.release("HCN") is not None
    assert pan.hazard("H317") is not None and pan.release("HCN") is not None, (
        "hazards are added, none is lost"
    )
    assert own.nearest("solvent blend 8") == "Solvent blend 7"
    assert solvent("Solvent blend 7") is None and "DMF" in [one.name for one in builtin_materials().solvents]
    assert builtin_materials().solvent("our DMF") is None
    assert own.gas("argon") is builtin_materials().gas("argon")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"57 degC"', '"90 degC"', "90 °C (supplier, 2026) takes the place of 58 °C"),
        ('"57 degC", source = "supplier, 2026" }', '"90 degC", source = "supplier, 2026" }\n'
         'flammable = { is = false, source = "supplier, 2026" }', "DMF is said not to burn"),
    ],
)  # fmt: skip
def test_less_cautious_than_the_built_in_table_is_a_warning(old: str, new: str, words: str) -> None:
    own, problems = read_materials(OWN.replace(old, new))
    assert own is not None
    warnings = [one for one in problems if one.severity is Severity.WARNING]
    assert all(one.code == "less-cautious" and one.line is not None for one in warnings)
    assert any(words in one.message for one in warnings)


@pytest.mark.parametrize(
    ("old", "new", "code", "where", "line"),
    [
        ("format = 1\n", "", "missing-key", "format", 1),
        ("format = 1", "format = 2", "newer-format", "format", 1),
        (', source = "own meter, lot 22, 2026-11-02"', "", "missing-key", "solvents.DMF.conductivity.source", 5),
        ('"own meter, lot 22, 2026-11-02"', '"general knowledge"', "mark-and-source",
         "solvents.DMF.conductivity.source", 5),
        ('"60 uS/m"', '"60"', "missing-unit", "solvents.DMF.conductivity.value", 5),
        ('"60 uS/m"', '"-60 uS/m"', "out-of-range", "solvents.DMF.conductivity.value", 5),
        ('"1.4 vol%"', '"0 vol%"', "out-of-range", 'solvents."Solvent blend 7".lel.value', 10),
        ('"1.4 vol%"', '"140 vol%"', "out-of-range", 'solvents."Solvent blend 7".lel.value', 10),
        ('"1.4 vol%"', '"nan vol%"', "wrong-unit", 'solvents."Solvent blend 7".lel.value', 10),
        ('"1.4 vol%"', '"\u0661.4 vol%"', "wrong-unit", 'solvents."Solvent blend 7".lel.value', 10),
        ('"60 uS/m"', '"60 mN/m"', "wrong-dimension", "solvents.DMF.conductivity.value", 5),
        ('"1.4 vol%"', '"1.4"', "wrong-unit", 'solvents."Solvent blend 7".lel.value', 10),
        ('"1.4 vol%"', '"1.7 vol%"', "not-the-lowest", 'solvents."Solvent blend 7".lel.value', 10),
        ("conductivity =", "conductance =", "unknown-key", "solvents.DMF.conductance", 5),
        ('["our DMF"]', '["THF"]', "name-taken", "solvents.DMF.synonyms", 4),
        ('kind = "polymer"', 'kind = "rock"', "unknown-choice", 'polymers."house copolymer".kind', 15),
        ("is = true, source = \"own thermo", "is = 1, source = \"own thermo", "wrong-type",
         'polymers."house copolymer".carbon_precursor.is', 16),
        ("[polymers.PAN]", "[gases.argon]", "not-here", "gases", 22),
        ("[polymers.PAN]", "[solutes.PAN]", "unknown-key", "solutes", 22),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_their_place(old: str, new: str, code: str, where: str, line: int) -> None:
    assert old in OWN
    own, problems = read_materials(OWN.replace(old, new, 1))
    assert own is None
    errors = [one for one in problems if one.severity is Severity.ERROR]
    assert (code, where) in [(one.code, one.where) for one in errors]
    (problem,) = (one for one in errors if (one.code, one.where) == (code, where))
    if code != "missing-key":
        assert problem.line == line
    assert problem.message


def test_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_text(OWN, encoding="utf-8")
    own, problems = load_materials(path)
    assert own.own == str(path) and own.solvent("our DMF") is not None and len(problems) == 1
    with pytest.raises(InputError, match="there is no materials file"):
        load_materials(tmp_path / "nowhere.toml")
    path.write_text("format = 1\n[solvents.DMF\n", encoding="utf-8")
    with pytest.raises(InputError, match="not valid TOML"):
        load_materials(path)
