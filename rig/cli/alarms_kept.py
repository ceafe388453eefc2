"""What is kept of a rig that nobody owns now: shown, and ended by a person, without a run.

While a run is under way its program is asked instead. What is said here is journalled by the next program to start.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from rig.cli import output
from rig.cli.main import DONE
from rig.user import user_name

if TYPE_CHECKING:
    from rig.bench.model import Bench
    from rig.engine.marks import Kept

SAID_HERE: Final = frozenset({"trust", "into-service"})
"""Words that need no program: they end what is kept."""


def unowned(args: argparse.Namespace) -> Bench | None:
    """The real rig that is named, where no program owns it now. A simulation keeps nothing."""
    from rig.bench.rigfile import load_rig
    from rig.engine.lock import read_owner

    if args.rig is None or args.simulate or args.run_id is not None:
        return None
    bench, _ = load_rig(args.rig)
    return None if bench.simulated or read_owner(bench.name) is not None else bench


def show_kept(bench: Bench, as_json: bool) -> int:
    """What is out of service, shelved or in doubt."""
    kept = _read(bench)
    rows = [
        *(
            ("out of service", tag, one.at, f"{one.user}: {one.reason}")
            for tag, one in kept.out_of_service.items()
        ),
        *(
            (f"shelved until {one.until}", tag, one.at, f"{one.user}: {one.reason}")
            for tag, one in kept.shelved.items()
        ),
        *(("thermocouple in doubt", name, one.at, one.why) for name, one in kept.doubted.items()),
    ]
    if as_json:
        keys = ("what", "tag", "since", "why")
        listed: list[dict[str, Any]] = [dict(zip(keys, row, strict=True)) for row in rows]
        output.json_line({"type": "kept", "rig": bench.name, "kept": listed})
        return DONE
    print(f"nobody owns {bench.name} now, so no alarm is watched")
    if rows:
        output.table(rows, ("kept", "of", "since", "why"))
    return DONE


def say(bench: Bench, args: argparse.Namespace) -> int:
    """Vouch for a thermocouple, or bring an alarm back into service. Raises Refused."""
    from rig.engine.lock import RigBusy, RigLock
    from rig.engine.marks import marks_path, write_kept
    from rig.engine.ownership import absent, where_from
    from rig.lines.clocks import RealClock

    if args.word == "trust":
        why = absent(bench, where_from(os.environ), None)
        if why is not None:
            raise output.Refused(why, "nobody owns the rig now; say it while a run is under way, at the rig")
    user = user_name()
    lock = RigLock(bench.name)
    try:
        lock.acquire({"user": user, "rig": bench.name})
    except RigBusy as error:
        raise output.Refused(str(error)) from None
    try:
        at = RealClock().origin_utc.isoformat(timespec="milliseconds")
        kept = _changed(_read(bench), args, user, at)
        write_kept(marks_path(bench.name), bench.name, kept)
    except OSError as error:
        raise output.Refused(f"{marks_path(bench.name)} cannot be written: {error}") from None
    finally:
        lock.release()
    if args.json:
        output.json_line({"type": "accepted", "command": args.word, "run": None, "tag": args.tag})
    else:
        print(f"{args.word} {args.tag}: done; the next run on {bench.name} journals it")
    return DONE


def _changed(kept: Kept, args: argparse.Namespace, user: str, at: str) -> Kept:
    from rig.engine.marks import Word
    from rig.safety.alarms_list import MAINTAINER
    from rig.safety.alarms_other import DOUBTED

    what, reason = args.tag, str(getattr(args, "reason", None) or "")
    if args.word == "into-service":
        if args.role != MAINTAINER:
            raise output.Refused(f"{what} goes back into service by the role {MAINTAINER!r} only")
        if what not in kept.out_of_service:
            raise output.Refused(f"{what} is not out of service", _there(kept.out_of_service))
        rest = {tag: one for tag, one in kept.out_of_service.items() if tag != what}
        kept = replace(kept, out_of_service=rest)
    else:
        what = what.removeprefix(f"{DOUBTED}:")
        if not reason.strip():
            raise output.Refused("vouching for a thermocouple needs a reason")
        if what not in kept.doubted:
            raise output.Refused(f"the thermocouple of {what!r} is not in doubt", _there(kept.doubted))
        kept = replace(kept, doubted={name: one for name, one in kept.doubted.items() if name != what})
    return replace(kept, said=(*kept.said, Word(args.word, what, user, reason, at)))


def _there(found: Any) -> str:
    return f"there is: {', '.join(found) or 'none'}"


def _read(bench: Bench) -> Kept:
    from rig.engine.marks import MarksDamaged, marks_path, read_kept

    try:
        return read_kept(marks_path(bench.name), bench.name)
    except MarksDamaged as error:
        hint = "the next run counts every alarm as in service and every thermocouple as in doubt"
        raise output.Refused(str(error), hint) from None
