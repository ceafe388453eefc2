"""The commands that look at drivers, ports, rig files and the library."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from recipes.catalogue import recipe_ids
from rig.cli.main import main
from rig.instruments.catalog import CATALOG
from rig.lines.ports import PortInfo
from tests.cli.terminal import ROOT, objects, spinrig


def test_each_driver_is_told_with_what_it_fills_in_and_what_has_proven_it() -> None:
    done = spinrig("instruments")
    assert (done.returncode, done.stderr) == (0, "")
    for info in CATALOG.values():
        assert f"{info.name}: {info.title}" in done.stdout
        assert f"[{info.section}.*]" in done.stdout
        assert info.proven in done.stdout
    assert done.stdout.count("not yet on hardware") == len(CATALOG)
    assert "voltage_kv, current_ua, output" in done.stdout
    assert "4050" in done.stdout


def test_the_drivers_as_json() -> None:
    found = {one["driver"]: one for one in objects(spinrig("instruments", "--json").stdout)}
    assert set(found) == set(CATALOG)
    assert found["new-era"]["channels"][:2] == ["rate_ml_h", "delivered_ml"]
    assert found["new-era"]["addresses"] == [0, 99]
    assert found["keithley-6485"]["visa"] is True
    assert found["glassman"]["line"] == "9600 8N1"


def test_ports_are_listed_by_the_name_a_rig_file_should_use(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plugged = [PortInfo("usb:0403:6001:A50285BI", "/dev/ttyUSB0", "FT232R")]
    monkeypatch.setattr("rig.lines.ports.list_ports", lambda: plugged)
    assert main(["ports"]) == 0
    assert "usb:0403:6001:A50285BI  /dev/ttyUSB0  FT232R" in capsys.readouterr().out
    assert main(["ports", "--json"]) == 0
    (one,) = objects(capsys.readouterr().out)
    assert one == {"name": "usb:0403:6001:A50285BI", "device": "/dev/ttyUSB0", "description": "FT232R"}


def test_no_port_at_all_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("rig.lines.ports.list_ports", list)
    assert main(["ports"]) == 0
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "no serial port was found on this computer\n")


def test_the_library_is_listed_and_shown_byte_for_byte() -> None:
    listed = spinrig("recipes", "list")
    assert listed.returncode == 0
    for recipe_id in recipe_ids():
        assert recipe_id in listed.stdout
    assert "10.1039/d0ra01791d" in listed.stdout
    shown = spinrig("recipes", "show", "tio2-pcnf")
    assert shown.stdout == (ROOT / "recipes/library/tio2-pcnf.toml").read_text(encoding="utf-8")
    (data,) = objects(spinrig("recipes", "show", "tio2-pcnf", "--json").stdout)
    assert data["id"] == "tio2-pcnf" and data["steps"][0]["voltage"] == "20 kV"
    assert [one["id"] for one in objects(spinrig("recipes", "list", "--json").stdout)] == recipe_ids()


def test_a_recipe_that_is_nowhere_is_not_shown() -> None:
    done = spinrig("recipes", "show", "tio2-pncf")
    assert (done.returncode, done.stdout) == (2, "")
    assert 'did you mean "tio2-pcnf"?' in done.stderr


def test_a_new_rig_file_says_nothing_about_hardware_that_its_owner_has_not_said(tmp_path: Path) -> None:
    """It can be read as it is; what keeps it from being used are the declarations, and nothing else."""
    file = tmp_path / "bench.toml"
    made = spinrig("rig", "new", file)
    assert (made.returncode, made.stderr) == (0, "")
    text = file.read_text(encoding="utf-8")
    assert spinrig("rig", "new").stdout == text
    assert not any(tomllib.loads(text)["safety"][key] for key in ("hardware_interlock", "exhaust_ducted"))
    (found,) = objects(spinrig("rig", "check", file, "--json").stdout)
    assert [problem["code"] for problem in found["problems"]] == ["not-declared", "not-declared"]
    refused = spinrig("rig", "check", file)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.count("error not-declared") == 2
    file.write_text(text.replace("= false", "= true"), encoding="utf-8")
    good = spinrig("rig", "check", file)
    assert (good.returncode, good.stderr) == (0, "")
    assert f"{file}: good" in good.stdout
    assert "reaction time, inputs.bench to hv.needle: at most" in good.stdout


def test_a_rig_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    file = tmp_path / "bench.toml"
    file.write_text("mine", encoding="utf-8")
    done = spinrig("rig", "new", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert "is there already" in done.stderr
    assert file.read_text(encoding="utf-8") == "mine"
    nowhere = spinrig("rig", "new", tmp_path / "nowhere" / "bench.toml")
    assert nowhere.returncode == 2 and "cannot be written" in nowhere.stderr
