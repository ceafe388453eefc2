"""Nobody is sent to a tube that is hot, or not flushed; what a person may have opened is not counted as purged; and
nobody walks away from a hot tube, or from gas that flows, without a word (safety rules 4, 7 and 8).

Where the linter would refuse a recipe, it is read without the linter: the engine holds the rule by itself. The furnace
is one of a sixth of the demonstration furnace's mass, which cools in minutes, and its rig file says so.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recipes.model import Recipe
from recipes.reader import read_recipe
from rig.bench.answers import read_answers
from rig.bench.fit import fit
from rig.bench.sheet import demo_sheet
from rig.cli.main import main
from rig.engine.host import NotReady, Result
from rig.engine.planning import plan_visits
from rig.engine.questions import Question
from rig.engine.run import NOBODY
from rig.jobs import Options
from rig.proving.trial import SMALL_FURNACE
from rig.readings import NS
from rig.records.errors import RecordError
from rig.running import FileAnswers
from tests.end_to_end import spinning
from tests.end_to_end.furnace_runs import ARGON, CARBONISE, FURNACE, HEAD, Heating
from tests.end_to_end.spinning import bench_of, demo_text, read, recipe_text

pytestmark = pytest.mark.timeout(300)

LIGHT = {'cooling = "50 min"': 'cooling = "8 min"'}
SHORT_TUBE = {'length = "1000 mm"': 'length = "500 mm"'}
"""1.4 l: five volumes are 7.1 l."""
LOW = (
    CARBONISE.replace("800 degC", "290 degC")
    .replace("20 min", "1 min")
    .replace('"10 degC/min"', '"9 degC/min"')
)
"""Hot enough to be flushed after, and needs no purge proof."""
OUT = """
[[steps]]
id = "out"
do = "prompt"
say = "Open the tube and take the carbon mat out."
"""
HOT = f"""
[{FURNACE}]
temperature = "640 degC"
atmosphere = "argon"
program = "running"
[{ARGON}]
flow = "200 sccm"
"""
SPUN = recipe_text(duration="10 s")
SOLUTIONS = "[solutions" + SPUN[: SPUN.index("[[steps]]")].split("[solutions", 1)[1]
SPIN = SPUN[SPUN.index("[[steps]]") :].split('[[steps]]\nid = "transfer"')[0]


def uncooled(text: str) -> str:
    """Without its last step."""
    return text.split('[[steps]]\nid = "cool"')[0]


@pytest.fixture
def unjudged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Recipes are read without the linter."""

    def lax(text: str) -> Recipe:
        recipe, problems = read_recipe(text, "x", rules=False)
        assert recipe is not None, list(map(str, problems))
        return recipe

    monkeypatch.setattr(spinning, "read", lax)


class Watched(Heating):
    """A run on a light furnace, and what was true when a person was asked."""

    def __init__(self, runs: Path, recipe: str, tube: bool = True, **more: Any) -> None:
        super().__init__(runs, recipe, rig=demo_text(**LIGHT, **(SHORT_TUBE if tube else {})), **more)
        self.hearth.furnace.params = SMALL_FURNACE
        self.asked: dict[str, dict[str, float]] = {}
        self.spun.session.watch(self._look)

    def _look(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        if kind == "question":
            self.asked.setdefault(f"{data['step']}.{data['key']}", self.truth())

    def truth(self) -> dict[str, float]:
        """At this moment."""
        now_ns = self.now_ns()
        return {
            "s": now_ns / NS,
            "tube": max(self.hearth.furnace.tube_degc(now_ns), self.hearth.furnace.temperature_degc(now_ns)),
            "argon": self.hearth.gases[ARGON].flow_sccm(now_ns),
            "fumes_ppm": self.hearth.tube.fumes_ppm(now_ns),
            "power": self.controller.output_pct,
        }

    @property
    def facts(self) -> Any:
        """What the furnace's unit knows."""
        return self.spun.session.host.engine.units[FURNACE].spec.facts

    def waits(self, step: str) -> list[str]:
        """Why a step's question was not put, as it was said."""
        return [data["for"] for _, data in self.spun.found("waiting", step=step)]


# A tube is hot


def test_nobody_is_sent_from_the_spinning_station_to_the_tube_that_its_run_has_left_hot(
    tmp_path: Path, unjudged: None
) -> None:
    """The prompt belongs to the visit of the spinning station; its words open the furnace."""
    heating = Watched(tmp_path, SOLUTIONS + uncooled(LOW) + OUT + SPIN)
    seen: list[Any] = []

    def look() -> None:
        status = heating.spun.session.host.status()
        seen.append((status["kept_away"], status["runs"][0]["waits_for"], heating.truth()))

    heating.spun.after("waiting", 60.0, look, step="out")
    heating.run()
    why, then = heating.waits("out")
    assert why.startswith(f"{FURNACE} is at 29") and why.endswith("is opened below 60 °C only")
    assert then.startswith(f"{FURNACE} was not flushed after its hot inert step (")
    kept, waits_for, truth = seen[0]
    assert set(kept) == {"spin"} and waits_for == kept["spin"] and "is opened below 60 °C only" in waits_for
    assert truth["power"] == 0.0 and truth["argon"] == pytest.approx(200.0, abs=2.0), "off, and gas kept"
    asked = heating.asked["out.done"]
    assert asked["tube"] <= 61.0 and asked["fumes_ppm"] < 10.0
    assert heating.asked["co-deposit.primed"]["s"] > asked["s"]
    assert (heating.result.ending.outcome, heating.result.left) == ("completed", None)
    assert [sccm for _, sccm in heating.argon_told()] == [0.0, 2000.0, 200.0, 0.0]


def test_a_warm_tube_before_a_prompt_loses_its_heater_and_is_waited_for(tmp_path: Path) -> None:
    """Dried at 95 degC, and then a person: nothing holds the last set point while it waits."""
    dry = '[[steps]]\nid = "dry"\ndo = "dry"\natmosphere = "air"\nto = "95 degC"\nduration = "1 min"\n'
    heating = Watched(tmp_path, dry + OUT)
    heating.spun.after("waiting", 3.0, lambda: seen.append(heating.truth()), step="out")
    seen: list[dict[str, float]] = []
    heating.run()
    assert seen[0]["power"] == 0.0 and seen[0]["tube"] > 85.0
    assert heating.waits("out")[0].startswith(f"{FURNACE} is at 9")
    assert heating.asked["out.done"]["tube"] <= 61.0
    assert heating.result.ending.outcome == "completed"


def test_a_wait_for_a_tube_that_nobody_can_read_is_an_alarm_and_ends(tmp_path: Path, unjudged: None) -> None:
    """Its thermocouple breaks while somebody is to be sent there: nothing brings the end of that nearer."""
    heating = Watched(tmp_path, SOLUTIONS + uncooled(LOW) + OUT + SPIN)
    heating.spun.after(
        "waiting", 30.0, lambda: heating.hearth.fault(FURNACE, "sensor-break", True), step="out"
    )
    heating.run()
    assert "out.done" not in heating.asked
    assert heating.waits("out")[1:] == [f"the temperature of {FURNACE} is not known"]
    (alarm,) = heating.spun.found("alarm", tag="tube-shut")
    assert alarm[1]["unit"] == FURNACE and alarm[1]["priority"] == "medium"
    assert alarm[1]["text"].startswith("out waits, and nothing brings its end nearer")
    ending = heating.result.ending
    assert ending.outcome == "stopped" and str(ending.reason).startswith(NOBODY)
    stopped_s = heating.spun.first("state", unit="spin", to="Stopping") / NS
    assert stopped_s - alarm[0] / NS == pytest.approx(540.0, abs=5.0)


# A tube was not flushed


class Unflushed(Watched):
    """Its bottle is empty from 150 degC of the cooling on."""

    def __init__(self, runs: Path, recipe: str, **more: Any) -> None:
        super().__init__(runs, recipe, **more)
        self.spun.session.host.engine.on_scan = self._scan
        self.empty = False

    def _scan(self) -> None:
        cooling = not self.empty and self.spun.found("stage", stage="cooling")
        if cooling and self.hearth.furnace.temperature_degc(self.now_ns()) < 150.0:
            self.empty = True
            self.hearth.fault(ARGON, "loss", True)


def test_nobody_is_sent_to_a_tube_that_was_not_flushed(tmp_path: Path) -> None:
    """And where nobody can attest, the run ends instead of waiting for ever, and says what is in the tube."""
    heating = Unflushed(tmp_path, LOW + OUT)
    heating.run()
    assert heating.empty and "out.done" not in heating.asked
    (why,) = heating.waits("out")
    assert why.startswith(f"{FURNACE} was not flushed after its hot inert step (")
    (question,) = heating.spun.found("question", key="flushed")
    assert question[1]["answer"] == "attest" and "Do not open it" in question[1]["text"]
    assert len(heating.spun.found("alarm", tag="tube-shut")) == 1
    assert heating.result.ending.outcome == "stopped"
    assert "was not flushed" in str(heating.result.left) and "nobody is watching" in str(heating.result.left)


def test_a_named_persons_word_stands_for_the_flush_and_is_on_record(tmp_path: Path) -> None:
    word = '[out]\nflushed = { name = "Ada", reason = "second bottle by hand, 20 min, exhaust on" }\n'
    heating = Unflushed(tmp_path, LOW + OUT)
    recipe = read(HEAD + LOW + OUT)
    answers, problems = read_answers(word, recipe)
    assert answers is not None, list(map(str, problems))
    heating.spun.session.host.answers = heating.spun.session.options.answers = FileAnswers(answers, yes=True)
    heating.run()
    (attested,) = heating.spun.found("flush-attested")
    assert attested[1]["by"] == {"name": "Ada", "reason": "second bottle by hand, 20 min, exhaust on"}
    assert attested[1]["flowed_l"] < attested[1]["needed_l"] == pytest.approx(7.07, abs=0.01)
    assert heating.asked["out.flushed"]["s"] <= attested[0] / NS <= heating.asked["out.done"]["s"]
    assert heating.result.ending.outcome == "completed"


def test_gas_that_flows_again_ends_the_wait_by_itself(tmp_path: Path) -> None:
    heating = Unflushed(tmp_path, LOW + OUT)
    heating.spun.after("question", 120.0, lambda: heating.hearth.fault(ARGON, "loss", False), key="flushed")
    heating.run()
    assert len(heating.spun.found("withdrawn", key="flushed")) == 1
    flowed_s = heating.asked["out.done"]["s"] - heating.asked["out.flushed"]["s"] - 120.0
    assert flowed_s * 500 / 60_000 > 3.0, "litres: what had not flowed before"
    assert heating.result.ending.outcome == "completed" and not heating.spun.found("flush-attested")


def test_the_next_runs_hands_wait_for_the_flush_as_well(tmp_path: Path) -> None:
    """Another run waits for the furnace: "is the other run's work taken out" sends somebody into the tube."""
    heating = Unflushed(tmp_path, LOW)
    session = heating.spun.session
    begun = []

    def begin() -> None:
        dry = '[[steps]]\nid = "dry"\ndo = "dry"\natmosphere = "air"\nto = "50 degC"\nduration = "1 min"\n'
        recipe = read(HEAD + dry)
        sheet = demo_sheet(recipe)
        options = Options(FileAnswers(None, yes=True), runs_dir=tmp_path, seed=7)
        assignment = fit(recipe, session.bench, sheet).assignment
        begun.append(session.begin_beside(recipe, sheet, assignment, options))

    waited: list[str | None] = []

    def attest() -> None:
        waited.append(begun[0].waits_for)
        word = {"name": "Ada", "reason": "flushed by hand"}
        assert session.host.answer("dry", "flushed", word, "Ada") is None

    heating.spun.at(100.0, begin)
    heating.spun.after("question", 60.0, attest, key="flushed")
    heating.run()
    assert str(waited[0]).startswith(f"{FURNACE} was not flushed")
    attested_s = heating.spun.first("flush-attested") / NS
    assert heating.asked["dry.flushed"]["s"] == pytest.approx(attested_s - 60.0, abs=1.0)
    assert heating.asked["dry.begin"]["s"] >= attested_s
    assert session.host.results[begun[0].run_id].ending.outcome == "completed"


# A tube may have been opened


def test_who_is_asked_to_the_tube_may_have_opened_it_and_its_purge_counts_no_more(
    tmp_path: Path, unjudged: None
) -> None:
    """Argon flows on through the open tube for half an hour while the question stands: that purges nothing."""
    load = OUT.replace('"out"', '"load"')
    text = CARBONISE.replace('[[steps]]\nid = "carbonise"', f'{load}[[steps]]\nid = "carbonise"')
    heating = Watched(tmp_path, text.replace("800 degC", "400 degC"), tube=False)
    known = FileAnswers(None, yes=True)

    class Late(FileAnswers):
        def provide(self, question: Question) -> Any:
            return None if question.step == "load" else known.provide(question)

    session = heating.spun.session
    session.host.answers = session.options.answers = Late(None, yes=True)
    proved: list[bool] = []

    def answer() -> None:
        proved.append(heating.facts.purge.proved)
        heating.hearth.tube.found_at(heating.now_ns(), "air", False)
        assert session.host.answer("load", "done", True, "Ada") is None

    heating.spun.after("purge-proof", 0.0, lambda: proved.append(heating.facts.purge.proved))
    heating.spun.after("question", 1800.0, answer, step="load")
    heating.run()
    assert proved == [True, False]
    assert heating.tags[0] == "no-purge-proof"
    _, trip = heating.trips[0]
    assert heating.pv_at_trip_degc < 310.0 and trip["takes"] == ["furnace"]
    assert heating.output_pct[1.5] == 0.0
    assert [sccm for _, sccm in heating.argon_told() if sccm] == [2000.0, 200.0], "and gas is kept"


def test_on_a_real_rig_nobody_says_beforehand_that_the_tube_is_closed(tmp_path: Path) -> None:
    recipe = read(HEAD + LOW)
    answers, _ = read_answers("[close-tube]\ndone = true\n", recipe)
    bench = bench_of(None)
    (visit,) = plan_visits(recipe, fit(recipe, bench, demo_sheet(recipe)).assignment, bench)
    prompt: Any = visit.phases()[0]
    (question,) = prompt._questions
    assert FileAnswers(answers, yes=False).provide(question) is True
    assert FileAnswers(answers, yes=False, elsewhere=True, real=True).provide(question) is None
    # A prompt between two spin steps opens no tube.
    assert FileAnswers(answers, yes=False, real=True).provide(Question("close-tube", "done", "?")) is True


def test_an_answers_file_that_says_so_on_a_real_rig_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe, rig, answers = tmp_path / "low.toml", tmp_path / "bench.toml", tmp_path / "answers.toml"
    recipe.write_text(HEAD + LOW)
    real = demo_text().replace('"sim://', '"/dev/does-not-exist-').replace('"sim:ASRL6', '"ASRL6')
    rig.write_text(real)
    answers.write_text("[close-tube]\ndone = true\n")
    code = main(["run", str(recipe), "--rig", str(rig), "--answers", str(answers), "--runs", str(tmp_path)])
    said = " ".join(capsys.readouterr().err.split())
    assert code == 2
    assert "[close-tube] done: what is done at a furnace's tube is answered at the time" in said


# A start is refused


class Refused:
    """A furnace that is found at 640 degC, running a program, by a start that is refused."""

    def __init__(self, runs: Path) -> None:
        self.heating = Watched(runs, LOW, start=HOT)
        self.session = self.heating.spun.session
        self.error: Exception | None = None

    def run(self, kind: type[Exception]) -> str:
        """What was said when nothing was left to do."""
        with pytest.raises(kind) as caught:
            self.session.run()
        return str(caught.value)

    def assert_supervised(self, said: str) -> None:
        """The heater was told off, argon kept until the tube was cold, and closed then; it was said at once."""
        heating = self.heating
        assert heating.controller.output_pct == 0.0
        assert heating.truth()["tube"] <= 61.0 and heating.truth()["argon"] < 1.0
        told = heating.argon_told()
        assert [sccm for _, sccm in told] in ([0.0], [200.0, 0.0]) and told[-1][0] > 300.0
        (event,) = heating.spun.found("not-started")
        assert event[0] / NS < 15.0 and f"{FURNACE} at 6" in event[1]["left"]
        assert f"{ARGON} 200 sccm left on" in event[1]["left"]
        assert event[1]["why"] in said and "What is left" not in said


def mute(refused: Refused) -> None:
    refused.heating.spun.lab.wire_of("climate.chamber").set_fault("silent", True)


def test_a_refused_start_watches_a_hot_tube_until_it_is_cold(tmp_path: Path) -> None:
    refused = Refused(tmp_path)
    mute(refused)
    said = refused.run(NotReady)
    assert said.startswith("climate.chamber: ")
    refused.assert_supervised(said)


def test_a_refused_start_that_is_interrupted_twice_says_what_it_leaves(tmp_path: Path) -> None:
    refused = Refused(tmp_path)
    mute(refused)
    for at_s in (30.0, 35.0):
        refused.heating.spun.at(at_s, refused.session.host.interrupt)
    said = refused.run(NotReady)
    assert refused.heating.now_ns() / NS < 45.0
    assert f"What is left: {FURNACE} at 6" in said
    assert f"{ARGON} 200 sccm left on; nobody is watching" in said
    assert refused.heating.truth()["argon"] == pytest.approx(200.0, abs=2.0)


def test_a_record_that_cannot_be_made_is_such_a_refusal(tmp_path: Path) -> None:
    refused = Refused(tmp_path)
    free = iter([10**12])
    refused.session.options.free_bytes = lambda folder: next(free, 0)
    said = refused.run(RecordError)
    assert said.startswith("only 0.0 MB are free for the record")
    refused.assert_supervised(said)


def test_nobody_at_the_rig_is_such_a_refusal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = Refused(tmp_path)
    monkeypatch.setattr("rig.running.needs_person", lambda recipe, manual: True)
    monkeypatch.setattr("rig.running.absent", lambda bench, came_from, key: "nobody is there")
    said = refused.run(NotReady)
    assert said == "nobody is there: nothing was started"
    refused.assert_supervised(said)


def test_a_refusal_names_a_furnace_that_cannot_be_read_and_does_not_wait_for_it(tmp_path: Path) -> None:
    refused = Refused(tmp_path)
    refused.heating.spun.lab.wire_of(FURNACE).set_fault("silent", True)
    said = refused.run(NotReady)
    assert refused.heating.now_ns() / NS < 30.0
    assert f"What is left: {FURNACE} at an unknown temperature (up to 1100 °C)" in said


# Gas is left on


def completed(heating: Heating) -> Heating:
    """Somebody says `complete` in the middle of the soak."""
    command: Callable[[], object] = lambda: heating.spun.session.host.command("complete", None, "Ada")  # noqa: E731
    heating.spun.after("stage", 20.0, command, step="carbonise", stage="soaking")
    return heating.run()


def test_gas_ends_when_the_step_that_was_to_end_it_is_skipped(tmp_path: Path) -> None:
    heating = completed(Watched(tmp_path, LOW))
    assert (heating.result.ending.outcome, heating.result.ending.early) == ("completed", True)
    assert heating.result.left is None and heating.argon_at_end_sccm < 1.0
    assert [sccm for _, sccm in heating.argon_told()] == [0.0, 2000.0, 200.0, 0.0]
    assert heating.tube_at_end_degc <= 61.0


def test_a_prompt_after_that_waits_for_the_cold_tube_and_is_put(tmp_path: Path) -> None:
    heating = completed(Watched(tmp_path, LOW + OUT))
    asked = heating.asked["out.done"]
    assert asked["tube"] <= 61.0 and asked["fumes_ppm"] < 10.0
    assert asked["s"] - heating.spun.first("state", to="Completing") / NS > 600.0
    assert (heating.result.ending.outcome, heating.result.left) == ("completed", None)
    assert heating.argon_told()[-1][1] == 0.0 and heating.argon_told()[-1][0] > asked["s"]


def stopped_beside(runs: Path, times: int) -> tuple[Heating, Result]:
    """Purged, and stopped while it spins before it is carbonised."""
    purge, rest = LOW.split('[[steps]]\nid = "carbonise"')
    heating = Watched(runs, SOLUTIONS + purge + SPIN + '[[steps]]\nid = "carbonise"' + rest)

    def interrupt() -> None:
        for _ in range(times):
            heating.spun.session.host.interrupt()

    heating.spun.after("clock", 5.0, interrupt, running=True)
    return heating, heating.run().result


def test_gas_ends_with_a_run_that_is_stopped_elsewhere(tmp_path: Path, unjudged: None) -> None:
    heating, result = stopped_beside(tmp_path, 1)
    assert (result.ending.outcome, result.left) == ("stopped", None)
    assert [sccm for _, sccm in heating.argon_told()] == [0.0, 2000.0, 0.0]
    assert heating.argon_at_end_sccm < 1.0


def test_gas_of_such_a_run_is_closed_by_a_host_that_leaves_at_once(tmp_path: Path, unjudged: None) -> None:
    """Over a tube that was cold all the time."""
    heating, result = stopped_beside(tmp_path, 2)
    assert heating.argon_told()[-1][1] == 0.0 and heating.argon_told()[-1][0] > 300.0
    left = str(result.left)
    assert f"{FURNACE} cold, {ARGON} " in left and "left on" in left and "nobody is watching" in left
