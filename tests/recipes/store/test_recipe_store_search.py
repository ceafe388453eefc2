"""Search finds what it should, in the library and in the store, and says where a query makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.model import Recipe
from recipes.problems import InputError
from recipes.reader import read_recipe
from recipes.search import About, candidates, parse_query, search
from recipes.store import Store
from tests.recipes.store.texts import ANNA, BEN, FOUNDING, LATER, UTC

SPIN = """format = 1
name = "PVP fibres on a drum"
summary = "Aligned fibres, spun downwards"
[solutions.pvp]
solvents = [{ name = "ethanol" }]
solutes = [{ name = "PVP", molar_mass = "1300 kg/mol" }]
concentration = "80 mg/ml"
[[steps]]
id = "spin"
do = "spin"
duration = "30 min"
voltage = "-12 kV"
distance = "150 mm"
collector = { kind = "drum", speed = "2000 rpm" }
humidity = { max = "40 %RH" }
[[steps.streams]]
solution = "pvp"
mode = "electrospin"
rate = "10 ul/min"
"""


@pytest.fixture(scope="module")
def recipes() -> list[tuple[Recipe, About]]:
    """The founding recipe as if approved in the store, and a short one of the library."""
    found = []
    for id, text, about in (
        ("tio2-pcnf", FOUNDING, About("tio2-pcnf", "store", "approved", 3, (ANNA, BEN))),
        ("pvp-drum", SPIN.encode(), About("pvp-drum", "library")),
    ):
        recipe, problems = read_recipe(text, id)
        assert recipe is not None, problems
        found.append((recipe, about))
    return found


BOTH = ["tio2-pcnf", "pvp-drum"]
FIRST, SECOND = BOTH[:1], BOTH[1:]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("PAN and voltage >= 18 kV", FIRST),
        ("voltage >= 20000 V", FIRST),
        ("voltage > 20 kV", []),
        ("voltage >= 10 kV", BOTH),  # by size
        ("voltage < 0 kV", SECOND),
        ("voltage = -12 kV", SECOND),
        ("voltage = 11 .. 13 kV", SECOND),
        ("voltage != 20 kV", SECOND),
        ("distance = 15 cm or distance = 20 cm", BOTH),
        ("rate <= 0.6 ml/h", SECOND),
        ("duration < 1 h", SECOND),
        ("concentration >= 10 wt%", FIRST),
        ("concentration = 8 w/v%", SECOND),
        ("molar mass > 1 kg/mol and molar_mass < 1000 kg/mol", FIRST),
        ("speed >= 1000 rpm", SECOND),
        ("humidity <= 30 %RH", BOTH),
        ("humidity > 45 %RH", FIRST),
        ("temperature > 500 degC", FIRST),
        ("temperature = 553.15 K", FIRST),
        ("step:heat and temperature > 500 degC", FIRST),
        ("heat.temperature > 900 degC", []),
        ("heat.ramp ≥ 5 degC/min", FIRST),
        ("purge.ramp >= 5 degC/min", []),
        ("soak >= 2 h soak >= 150 min", FIRST),
        ("flow = 1 slm", FIRST),
        ("step:carbonise", FIRST),
        ("step:spin", BOTH),
        ("methanol and not furnace", []),
        ("ethanol not furnace", SECOND),
        ("furnace", FIRST),
        ("polyacrylonitrile", FIRST),
        ("polymer:polyacrylonitrile", FIRST),
        ("solvent:polyacrylonitrile", []),
        ("N,N-dimethylformamide", FIRST),
        ("solvent:EtOH", SECOND),
        ("gas:Ar", FIRST),
        ("doi:10.1039/D0RA01791D", FIRST),
        ("doi:https://doi.org/10.1039/d0ra01791d", FIRST),
        ('author:"anna persson"', FIRST),
        ("author:ben", FIRST),
        ("author:cara", []),
        ("state:approved", FIRST),
        ("not state:approved", SECOND),
        ("origin:library", SECOND),
        ("id:tio2*", FIRST),
        ("name:drum", SECOND),
        ("drum", SECOND),
        ("electrospray", FIRST),
        ("align", SECOND),
        ("ali", []),  # too short to stand for a longer word
        ("al*d", SECOND),
        ('"spun downwards"', SECOND),
        ("PAN or PVP", BOTH),
        ("PAN or PVP and drum", BOTH),
        ("(PAN or PVP) and drum", SECOND),
        ("not (PAN or PVP)", []),
        ("NOT pan AND Pvp", SECOND),
        ("voltage>=18kV DMF", FIRST),
        ('voltage >= "18 kV" methanol', FIRST),
        ("voltage >= 5 kV ethanol rate < 1 ml/h", SECOND),
    ],
)
def test_a_query_finds(recipes: list[tuple[Recipe, About]], query: str, ids: list[str]) -> None:
    assert [about.id for _, about in search(query, recipes)] == ids


@pytest.mark.parametrize(
    ("query", "column", "says"),
    [
        ("", 1, "the query is empty"),
        ("PAN and voltag >= 3 kV", 9, 'there is no quantity "voltag"'),
        ("PAN and voltag >= 3 kV", 9, 'did you mean "voltage"? there are: voltage, bias, distance, rate'),
        ("voltage >= 18", 12, 'write "18 kV"'),
        ("voltage >= 18 and PAN", 12, '"18" has no unit'),
        ("voltage >= 18,5 kV", 12, "write 18.5"),
        ("voltage >= 18 cm", 12, '"18 cm" is a length; a voltage is wanted'),
        ("voltage >=", 11, "the query ends here"),
        ("voltage = 20 .. 18 kV", 11, "runs backwards"),
        ("spinn.voltage > 3 kV", 1, 'no kind of step "spinn"'),
        ("colour:red", 1, "there are: author, doi, gas, id"),
        ("state:aproved", 1, 'did you mean "approved"?'),
        ("author: anna", 8, "author: wants a value"),
        ("(PAN or PVP", 1, "is not closed"),
        ("PAN) or PVP", 4, "closed that was not opened"),
        ("PAN or", 7, "the query ends here"),
        ("or PAN", 1, '"or" cannot stand here'),
        (">= 3 kV", 1, '">=" cannot stand here'),
        ('author:"anna', 8, "a quotation mark is not closed"),
        ("(" * 200 + "PAN" + ")" * 200, 52, "too many brackets"),
        ("a" * 2001, 1, "longer than 2000"),
    ],
)
def test_a_query_that_makes_no_sense_says_where(query: str, column: int, says: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_query(query)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.column) == ("bad-query", 1, column)
    assert says in f"{problem.message} ({problem.hint})"


def test_store_and_library_are_searched_together(tmp_path: Path) -> None:
    store = Store(tmp_path / "store")
    store.save("pvp-drum", SPIN, ANNA, "from my notebook", None, UTC)
    store.save("tio2-pcnf", FOUNDING, ANNA, "a copy", None, UTC)
    store.approve("tio2-pcnf", 1, BEN, "good", LATER)
    store.save("broken", "format = 1", ANNA, "going home", None, UTC)
    (store.folder / "by-hand.toml").write_text(SPIN)
    found, unreadable = candidates(store)
    assert unreadable == ["broken"]
    about = {one.id: one for _, one in found}
    assert about["tio2-pcnf"] == About("tio2-pcnf", "store", "approved", 1, (ANNA,))
    assert about["by-hand"] == About("by-hand", "store", "draft", None, ())
    assert about["tio2-pcnf-spin"].origin == "library"
    assert [one.id for _, one in search("drum and state:draft", found)] == ["by-hand", "pvp-drum"]
    assert [one.id for _, one in search("author:anna voltage >= 18 kV", found)] == ["tio2-pcnf"]
