"""The control socket: what a client was told was not taken is not carried out behind its back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rig.engine import control
from rig.engine.control import TAKEN_LATE, ControlError, ControlServer, ask


class Scan:
    """A scan's thread that stands still until the test lets it go on."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []
        self.done: list[str] = []
        self.busy = True
        self.server = ControlServer(self.handle, self.post)

    def post(self, work: Callable[[], None]) -> None:
        if self.busy:
            self.waiting.append(work)
        else:
            work()

    def handle(self, request: dict[str, Any]) -> dict[str, Any]:
        self.done.append(request["do"])
        return {"ok": True}

    def go_on(self) -> None:
        for work in self.waiting:
            work()

    def ask(self, do: str, token: str | None = None) -> dict[str, Any]:
        return ask({"port": self.server.port, "token": token or self.server.token, "pid": 1}, {"do": do})


@pytest.fixture
def scan(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scan]:
    monkeypatch.setattr(control, "ANSWER_S", 0.05)
    found = Scan()
    yield found
    found.server.close()


@pytest.mark.parametrize("do", ["resume", "clear", "reset", "complete", "pause", "answer", "status", "start"])
def test_what_was_not_taken_in_time_is_not_done_later(scan: Scan, do: str) -> None:
    answer = scan.ask(do)
    assert answer["ok"] is False
    assert "did not take the request" in answer["error"]
    scan.go_on()
    assert scan.done == []


@pytest.mark.parametrize("do", ["hold", "stop", "abort"])
def test_what_makes_the_rig_safer_is_done_however_late(scan: Scan, do: str) -> None:
    assert scan.ask(do)["ok"] is False
    scan.go_on()
    assert scan.done == [do]


def test_nothing_else_is_taken_late() -> None:
    assert frozenset({"hold", "stop", "abort"}) == TAKEN_LATE


def test_a_request_in_time_is_answered_and_a_wrong_token_is_not_even_posted(scan: Scan) -> None:
    scan.busy = False
    assert scan.ask("clear") == {"ok": True}
    assert scan.done == ["clear"]
    assert scan.ask("abort", token="0" * 32) == {"ok": False, "error": "wrong token"}
    assert (scan.done, scan.waiting) == (["clear"], [])


def test_an_owner_that_has_hung_up_is_an_error_in_words(scan: Scan) -> None:
    port = scan.server.port
    scan.server.close()
    with pytest.raises(ControlError, match="the owner of this rig"):
        ask({"port": port, "token": "x", "pid": 7}, {"do": "status"}, timeout_s=1.0)
