"""Owning a rig: its lock, the note in it that says who and how to reach them, and what may be asked through the control
socket.

A request is one JSON object with `do` and the owner's token; what it does happens in the scan's thread, between two
scans. What may set something in motion needs a person at the rig (safety rule 8); hold, stop and abort need nobody.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final

from rig.bench.model import CONSOLE, Bench
from rig.engine import alarming
from rig.engine.control import ControlServer
from rig.engine.host import Host
from rig.engine.lock import RigLock
from rig.engine.questions import BEGIN, FLUSHED

EVENTS_KEPT: Final = 500
COMMANDS: Final = ("hold", "resume", "pause", "complete", "stop", "abort", "clear", "reset")
NEED_PRESENCE: Final = frozenset({"resume", "clear", "reset", "shelve", "out-of-service", "trust"})
"""What may set something in motion, and what keeps an alarm from the person at the rig."""
ANSWERS_NEED_PRESENCE: Final = frozenset(
    {BEGIN, FLUSHED, "present", "primed", "wiped", "earthed", "attested"}
)
"""What only a person at the rig can say."""
SSH_MARKS: Final = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")


def lock_name(bench: Bench, simulate: bool) -> str:
    """The name a rig is owned under. The simulation of a real rig stands beside it: a command for the one must never
    reach the other."""
    return f"{bench.name} (simulated)" if simulate else bench.name


def where_from(environment: Mapping[str, str]) -> str:
    """ "console" for a process on the rig's own computer, "ssh" for one that came over the network: claimed, not
    proven."""
    return "ssh" if any(environment.get(mark) for mark in SSH_MARKS) else CONSOLE


def absent(bench: Bench, came_from: str, key: float | None) -> str | None:
    """Why no person counts as present at the rig; None when presence holds, as it always does on an emulated one.

    key: the reading of the rig's presence key, None when it cannot be read or there is none.
    """
    presence = bench.safety.presence
    if bench.simulated:
        return None
    if presence == CONSOLE:
        if came_from == CONSOLE:
            return None
        how = "this came over SSH" if came_from == "ssh" else "nobody claims to be at its console"
        return f"a person at the rig has to do this, and {how} (from elsewhere: hold, stop and abort)"
    if key == 1:
        return None
    return f"a person at the rig has to do this, and the key {presence} does not say that one is there"


def presence_record(bench: Bench, came_from: str) -> dict[str, Any]:
    """How presence was shown, for the record: what the console says is claimed, a key is read."""
    if bench.safety.presence == CONSOLE:
        return {"how": came_from, "claimed": True}
    return {"how": bench.safety.presence, "claimed": False}


def witness(host: Host, what: str, by: str, came_from: str) -> str | None:
    """Why nobody at the rig stands behind this, or None; on a real rig it is then journalled how that was shown.

    what: the command or the question it is about; the key is read at this moment.
    """
    bench = host.bench
    why = absent(bench, came_from, host.engine.readings.value(bench.safety.presence))
    if why is None and not bench.simulated:
        host.engine.write("presence", {"for": what, "by": by, **presence_record(bench, came_from)})
    return why


class Ownership:
    """One rig, owned by this process from `take` to `release`."""

    def __init__(self, name: str) -> None:
        self._lock = RigLock(name)
        self._server: ControlServer | None = None
        self._host: Host | None = None
        self._times: Callable[[], Mapping[str, Any]] = dict
        self._note: dict[str, Any] = {}
        self._events: deque[dict[str, Any]] = deque(maxlen=EVENTS_KEPT)
        self._count = 0

    def take(self, note: Mapping[str, Any]) -> None:
        """Take the rig. Raises RigBusy when somebody has it. note: user, since, run, folder, rig."""
        self._note = dict(note)
        self._lock.acquire(self._note)

    def serve(self, host: Host, times: Callable[[], Mapping[str, Any]]) -> None:
        """Open the control socket and say in the lock where it is. times: added to what `status` tells."""
        self._host, self._times = host, times
        self._server = ControlServer(self.handle, host.drive.post)
        self._lock.update({**self._note, "port": self._server.port, "token": self._server.token})

    def release(self) -> None:
        """Stop listening and let the rig go."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.release()

    def on_event(self, kind: str, data: dict[str, Any], t_ns: int) -> None:
        """Keep the newest events for those who follow."""
        self._count += 1
        self._events.append({"n": self._count, "kind": kind, "t_s": t_ns / 1e9, "data": data})

    # Requests, in the scan's thread

    def handle(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One request's answer: `ok`, and with False `error` in words."""
        assert self._host is not None
        self._host.clients.sign(_user(request))
        wanted, run = request.get("run"), self._note.get("run")
        under_way = [one.run_id for one in self._host.engine.runs] or [str(run)]
        if wanted is not None and wanted not in under_way:
            return _refused(f"the run {wanted!r} is not under way here; {', '.join(under_way)} is")
        match request.get("do"):
            case "status":
                return {"ok": True, "status": {**self._host.status(), **self._times(), **self._told()}}
            case "events":
                return self._newer(self._host, request.get("after"))
            case "alarms":
                listed = self._host.engine.alarming
                return {"ok": True, "run": run, "flood": listed.list.flood, "alarms": listed.listed()}
            case str(word) if word in alarming.COMMANDS:
                return self._alarm(self._host, word, request)
            case "answer":
                return self._answer(self._host, request)
            case str(word) if word in COMMANDS:
                return self._command(self._host, word, request)
            case other:
                return _refused(f"nothing is known of the request {other!r}")

    def _told(self) -> dict[str, Any]:
        return {key: self._note.get(key) for key in ("rig", "user", "since", "run", "folder", "speed")}

    def _newer(self, host: Host, after: Any) -> dict[str, Any]:
        if after is not None and not isinstance(after, int):
            return _refused("`after` is the number of the last event that was seen")
        seen = after if after is not None else self._count
        newer = [event for event in self._events if event["n"] > seen]
        return {"ok": True, "last": self._count, "t_s": host.drive.now() / 1e9, "events": newer}

    def _answer(self, host: Host, request: Mapping[str, Any]) -> dict[str, Any]:
        step, key = str(request.get("step")), str(request.get("key"))
        why = _witness(host, f"{step}.{key}", request) if key in ANSWERS_NEED_PRESENCE else None
        if why is not None:
            host.engine.write("refused", {"answer": key, "step": step, "by": _user(request), "why": why})
        else:
            why = host.answer(step, key, request.get("value"), _user(request))
        return _refused(why) if why is not None else {"ok": True}

    def _command(self, host: Host, word: str, request: Mapping[str, Any]) -> dict[str, Any]:
        reason = request.get("reason")
        why = _witness(host, word, request) if word in NEED_PRESENCE else None
        if why is not None:
            host.engine.write("refused", {"command": word, "by": _user(request), "why": why})
        else:
            why = host.command(word, str(reason) if reason else None, _user(request), _named(host, request))
        if why is not None:
            return _refused(why, allowed=[str(one) for one in host.status()["allowed"]])
        return {"ok": True, "state": host.unit.state.value}

    def _alarm(self, host: Host, word: str, request: Mapping[str, Any]) -> dict[str, Any]:
        why = _witness(host, word, request) if word in NEED_PRESENCE else None
        if why is not None:
            host.engine.write(
                "refused", {"command": word, "by": _user(request), "tag": request.get("tag"), "why": why}
            )
        else:
            why = host.orders.alarm(word, request, _user(request))
        if why is not None:
            return _refused(why)
        return {"ok": True, "alarms": host.engine.alarming.listed()}


def _witness(host: Host, what: str, request: Mapping[str, Any]) -> str | None:
    return witness(host, what, _user(request), str(request.get("from", "elsewhere")))


def _named(host: Host, request: Mapping[str, Any]) -> str | None:
    """The run a request names, where there are several; the only one there is needs no name, and an abort for it is for
    every unit."""
    return str(request["run"]) if request.get("run") is not None and len(host.engine.runs) > 1 else None


def _user(request: Mapping[str, Any]) -> str:
    return str(request.get("user") or "somebody")


def _refused(why: str, **more: Any) -> dict[str, Any]:
    return {"ok": False, "error": why, **more}
