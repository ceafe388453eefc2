"""The control socket of a rig's owner: JSON lines over loopback, a token only the owner's user can read.

Requests are posted to the scan's thread and answered at once, accepted or refused; their effect is seen in `status`.
"""

from __future__ import annotations

import hmac
import json
import secrets
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

ANSWER_S = 5.0
"""How long a request may wait for the scan's thread."""

MAX_REQUEST = 65536

TAKEN_LATE = frozenset({"hold", "stop", "abort"})
"""What makes the rig safer is carried out however late; anything else only while its client waits for it."""

Handler = Callable[[dict[str, Any]], dict[str, Any]]


class ControlError(Exception):
    """A request could not be made or was not understood; the text says why."""


class ControlServer:
    """Listens on a loopback port; `handler` runs in the scan's thread (through `post`)."""

    def __init__(self, handler: Handler, post: Callable[[Callable[[], None]], None]) -> None:
        self.token = secrets.token_hex(16)
        self._handler = handler
        self._post = post
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._accept, name="control", daemon=True).start()

    def close(self) -> None:
        """Stop listening."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(connection,), name="control client", daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.settimeout(30.0)
            stream = connection.makefile("rwb")
            while line := stream.readline(MAX_REQUEST):
                stream.write(json.dumps(self._answer(line)).encode() + b"\n")
                stream.flush()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
        except (ValueError, RecursionError):
            return {"ok": False, "error": "not a line of JSON"}
        if not isinstance(request, dict) or not hmac.compare_digest(
            str(request.get("token", "")).encode(errors="replace"), self.token.encode()
        ):
            return {"ok": False, "error": "wrong token"}
        future: Future[dict[str, Any]] = Future()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return  # its client was told that it was not taken
            try:
                future.set_result(self._handler(request))
            except Exception as error:
                future.set_result({"ok": False, "error": f"internal error: {error}"})
                if request.get("do") in TAKEN_LATE:
                    raise  # it was to make the rig safer: the scan's owner switches everything off instead

        self._post(work)
        try:
            return future.result(ANSWER_S)
        except TimeoutError:
            if request.get("do") not in TAKEN_LATE:
                future.cancel()
            return {"ok": False, "error": f"the rig's scan did not take the request within {ANSWER_S:.0f} s"}


def ask(owner: dict[str, Any], request: dict[str, Any], timeout_s: float = ANSWER_S + 1) -> dict[str, Any]:
    """Send one request to the owner noted in a rig's lock, and return its answer. Raises ControlError."""
    port, token = owner.get("port"), owner.get("token")
    if not port or not token:
        raise ControlError("the owner of this rig takes no commands from outside (an unpaced simulation)")
    try:
        with socket.create_connection(("127.0.0.1", int(port)), timeout=timeout_s) as connection:
            stream = connection.makefile("rwb")
            stream.write(json.dumps({**request, "token": token}).encode() + b"\n")
            stream.flush()
            line = stream.readline()
    except OSError as error:
        raise ControlError(
            f"the owner of this rig (process {owner.get('pid')}) does not answer: {error}"
        ) from error
    if not line:
        raise ControlError(f"the owner of this rig (process {owner.get('pid')}) hung up")
    answer: dict[str, Any] = json.loads(line)
    return answer
