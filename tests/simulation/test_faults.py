"""Faults by name: each is brought about at the emulated instrument, begins and ends at its time, or is refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from rig.bench.faults import KINDS, Fault
from rig.cli.main import main
from rig.emulators.adam import AdamEmulator
from rig.emulators.glassman import GlassmanEmulator
from rig.engine.drive import VirtualDrive
from rig.lines.scheduler import Rank
from rig.readings import NS
from rig.simulation.faults import CannotFail, ControllerCrashed, FaultPlan
from rig.simulation.laboratory import Laboratory
from tests.end_to_end.spinning import Spinning, fault, recipe_text
from tests.simulation.serve_bench import laboratory

HV, DOOR = "hv.needle", "door_closed"


class Quiet:
    """A laboratory without a controller; somebody has switched the supply on at its front panel."""

    def __init__(self, *faults: Fault) -> None:
        self.lab: Laboratory = laboratory()
        self.scheduler = self.lab.scheduler
        self.supply = self.lab.scene.supplies[HV]
        glassman, adam = self.lab.devices[HV], self.lab.devices["inputs.bench"]
        assert isinstance(glassman, GlassmanEmulator) and isinstance(adam, AdamEmulator)
        self.glassman = glassman
        self.said = b""
        glassman.transmit = lambda data, begins_ns: setattr(self, "said", data)
        glassman.found_on(20.0)
        FaultPlan(self.lab, VirtualDrive(self.scheduler), faults).begin()

    def until(self, t_s: float) -> None:
        done = False

        def stop() -> None:
            nonlocal done
            done = True

        self.scheduler.call_at(round(t_s * NS), stop, Rank.RECORD)
        self.scheduler.run(lambda: done)

    def status(self) -> tuple[float, int]:
        """Voltage in kV and status bits, as the supply says them."""
        self.glassman.receive(b"\x01Q51\r")
        return int(self.said[1:4], 16) * 40 / 1023, int(self.said[10:11], 16)

    def told(self, message: bytes) -> bytes:
        self.glassman.receive(b"\x01" + message + b"%02X\r" % (sum(message) % 256))
        return self.said

    def closed(self, contact: str) -> bool:
        return self.lab.scene.contacts.closed(contact)


def test_a_supply_that_is_stuck_on_stays_on_whatever_it_is_told() -> None:
    quiet = Quiet(fault(HV, "stuck-on", 10.0, duration_s=20.0))
    quiet.until(11.0)
    # Off sets the current program to zero as well, and takes the enable.
    assert quiet.told(b"S0000000000001") == b"A\r"
    quiet.until(20.0)
    assert quiet.supply.output_kv(quiet.scheduler.now_ns) == pytest.approx(20.0, abs=0.01)
    voltage_kv, bits = quiet.status()
    assert voltage_kv == pytest.approx(20.0, abs=0.04)
    assert bits == 0, "its logic says off, its monitor says on"
    quiet.until(40.0)
    assert quiet.status()[0] == 0.0


def test_a_stuck_supply_is_never_proved_off(tmp_path: Path) -> None:
    # A reset, the other way to say off, does not free it either.
    faults = [
        fault(HV, "stuck-on", step="co-deposit", after_s=60.0),
        fault("inputs.bench", "open", step="co-deposit", after_s=70.0, channel=DOOR),
    ]
    spun = Spinning(tmp_path, recipe_text(duration="1 min"), faults=faults)
    result = spun.run()
    assert result.ending.outcome == "aborted"
    assert result.ending.reason is not None and result.ending.reason.startswith("door:")
    assert result.left is not None and "still at 20" in result.left
    assert spun.lab.scene.supplies[HV].output_kv(spun.lab.scheduler.now_ns) > 19.9


def test_a_frozen_read_back_keeps_its_values() -> None:
    quiet = Quiet(fault(HV, "readback-frozen", 5.0, duration_s=10.0))
    quiet.until(6.0)
    quiet.told(b"S0000000000001")
    quiet.until(10.0)
    voltage_kv, bits = quiet.status()
    assert (round(voltage_kv), bits) == (20, 0)
    quiet.until(16.0)
    assert quiet.status() == (0.0, 0)


def test_a_read_back_with_an_offset() -> None:
    quiet = Quiet(fault(HV, "readback-offset", 5.0, duration_s=10.0))
    quiet.until(6.0)
    assert quiet.status()[0] == pytest.approx(21.0, abs=0.04)
    quiet.until(16.0)
    assert quiet.status()[0] == pytest.approx(20.0, abs=0.04)


def test_an_input_that_opens_and_closes() -> None:
    quiet = Quiet(fault("inputs.bench", "open", 5.0, duration_s=2.0, channel=DOOR))
    assert quiet.closed(DOOR)
    quiet.until(5.5)
    assert not quiet.closed(DOOR)
    quiet.until(7.5)
    assert quiet.closed(DOOR)


def test_an_input_that_is_stuck_does_not_follow_its_door_until_it_is_free() -> None:
    quiet = Quiet(
        fault("inputs.bench", "stuck", 5.0, duration_s=10.0, channel=DOOR),
        fault("inputs.bench", "open", 7.0, channel=DOOR),
    )
    quiet.until(14.9)
    assert quiet.closed(DOOR)
    quiet.until(15.1)
    assert not quiet.closed(DOOR)


def test_an_input_that_flutters() -> None:
    quiet = Quiet(fault("inputs.bench", "flutter", 5.0, duration_s=4.0, channel="exhaust_ok"))
    moved: list[tuple[int, bool]] = []
    quiet.lab.scene.contacts.on_change.append(lambda t_ns, name, closed: moved.append((t_ns, closed)))
    quiet.until(20.0)
    assert 9 < len(moved) < 90
    assert [closed for _, closed in moved[:4]] == [False, True, False, True]
    assert moved[0][0] == 5 * NS
    assert quiet.closed("exhaust_ok")
    # The last move is the fault's end.
    between = [(b - a) / NS for (a, _), (b, _) in pairwise(moved[:-1])]
    assert all(0.05 <= one <= 0.4 for one in between)
    assert max(t_ns for t_ns, _ in moved) <= 9 * NS


def test_a_fluttering_exhaust_does_not_end_a_run(tmp_path: Path) -> None:
    """The rules allow 5 s before a lost exhaust trips; each flutter is shorter."""
    faults = [
        fault(
            "inputs.bench", "flutter", step="co-deposit", after_s=60.0, duration_s=8.0, channel="exhaust_ok"
        )
    ]
    result = Spinning(tmp_path, recipe_text(duration="30 s"), faults=faults).run()
    assert result.ending.outcome == "completed"


def test_a_needle_goes_by_the_name_of_its_mount() -> None:
    quiet = Quiet(fault("needles.left", "clog", 5.0))
    quiet.until(6.0)
    assert quiet.lab.plunger("pumps.a").clogged()
    assert not quiet.lab.plunger("pumps.b").clogged()


def test_a_climate_that_turns_humid() -> None:
    quiet = Quiet(fault("climate.chamber", "humid", 5.0))
    quiet.until(305.0)
    assert quiet.lab.scene.chamber.humidity_pct(quiet.scheduler.now_ns) > 75


@pytest.mark.parametrize(
    ("on", "kind", "reason"),
    [
        ("pumps.a", "stall", "pump-"),
        ("pumps.b", "unplug", "pump-"),
        (HV, "short", "supply-current-limit:hv.needle"),
        (HV, "interlock", "supply-fault:hv.needle"),
        (HV, "arc", "supply-fault:hv.needle"),
        (HV, "silent", "supply-unread:hv.needle"),
        ("inputs.bench", "unplug", "door-unread"),
    ],
)
def test_what_a_fault_does_to_a_run(tmp_path: Path, on: str, kind: str, reason: str) -> None:
    faults = [fault(on, kind, step="co-deposit", after_s=60.0)]
    spun = Spinning(tmp_path, recipe_text(duration="1 min"), faults=faults)
    result = spun.run()
    assert result.ending.outcome == "aborted"
    assert result.ending.reason is not None and result.ending.reason.startswith(reason)
    assert not spun.outputs.on("pumps.a") and not spun.lab.scene.supplies[HV].enabled


def test_a_stalled_scan_is_named(tmp_path: Path) -> None:
    faults = [fault("controller", "scan-stall", step="co-deposit", after_s=60.0)]
    result = Spinning(tmp_path, recipe_text(duration="1 min"), faults=faults).run()
    assert result.ending.outcome == "aborted"
    assert result.ending.reason is not None and result.ending.reason.startswith("lease-lapsed:hv.needle")


def test_a_crashed_controller_leaves_the_instruments_to_their_watchdogs(tmp_path: Path) -> None:
    faults = [fault("controller", "crash", step="co-deposit", after_s=60.0)]
    spun = Spinning(tmp_path, recipe_text(duration="1 min"), faults=faults)
    wires = spun.hear()
    with pytest.raises(ControllerCrashed):
        spun.run()
    scheduler = spun.lab.scheduler
    crash_ns = scheduler.now_ns
    assert spun.outputs.on(HV) and spun.outputs.on("pumps.a")
    scheduler.run(lambda: scheduler.now_ns > crash_ns + 10 * NS)
    # Nothing more was said on any wire: controller, mailboxes and the scan are gone.
    assert max(t_ns for wire in wires for t_ns, _ in wire.heard or ()) <= crash_ns
    assert 0 < spun.outputs.off_after(crash_ns, HV) - crash_ns <= 1.6 * NS
    for pump in ("pumps.a", "pumps.b"):
        assert 0 < spun.outputs.off_after(crash_ns, pump) - crash_ns <= 2.1 * NS
    (book,) = spun.session.host.engine.books.open
    book.record.abandon()


def test_an_operator_who_opens_the_door_as_soon_as_spinning_ends(tmp_path: Path) -> None:
    spun = Spinning(tmp_path, recipe_text(duration="10 s"), faults=[fault("operator", "door-at-once", 30.0)])
    result = spun.run()
    assert result.ending.outcome == "aborted"
    assert result.ending.reason is not None and result.ending.reason.startswith("door:")
    opened_ns = spun.first("stage", stage="ending")
    off_ns = spun.outputs.off_after(opened_ns, HV)
    assert (off_ns - opened_ns) / NS <= spun.reaction_s
    assert not [t for t, name, on in spun.outputs.changes if t > off_ns and on], "closing starts nothing"


def test_what_cannot_be_brought_about_is_refused_before_anything_moves() -> None:
    lab = laboratory()
    possible = {
        "pumps.a": KINDS["pumps"],
        HV: KINDS["hv"],
        "climate.chamber": KINDS["climate"],
        "needles.left": KINDS["needles"],
        "furnace.tube": KINDS["furnace"],
        "gas.argon": KINDS["gas"],
        "oxygen.tube": KINDS["oxygen"],
        "controller": ("crash", "power-cut", "scan-stall", "suspend"),
        "operator": ("door-at-once",),
    }
    drive = VirtualDrive(lab.scheduler)
    for on, kinds in possible.items():
        for kind in kinds:
            FaultPlan(lab, drive, [fault(on, kind, 1.0)])
    for on in ("controller", "operator"):
        for kind in set(KINDS[on]) - set(possible[on]):
            with pytest.raises(CannotFail, match=f"'{kind}' on {on}"):
                FaultPlan(lab, drive, [fault(on, kind, 1.0)])
    lab.close()


def test_a_crash_is_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    faults = tmp_path / "faults.toml"
    faults.write_text('[[fault]]\nat = "30 s"\non = "controller"\nkind = "crash"\n', encoding="utf-8")
    words = ["run", "tio2-pcnf-spin", "--yes", "--runs", str(tmp_path / "runs"), "--faults", str(faults)]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "the controller was made to crash" in said and "Traceback" not in said
