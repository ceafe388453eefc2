"""One example: a driver connected on a sound wire, then some calls while its replies are damaged, then a sound wire
again. What it said and sent is held against the sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from math import isclose

from rig.lines.errors import InstrumentError, PortLost
from tests.instruments.fuzz.benches import Bench
from tests.instruments.fuzz.damage import Damage
from tests.instruments.fuzz.port import Exchange

CALLS = ("poll", "poll", "poll", "off", "low", "high", "set up", "identify")
"""What may be asked of a driver; a sensor's has no output and polls instead."""

RECOVERY = 8
"""So many polls, a second and a half apart, after which a driver on a sound wire has to give values again."""


class Verdict(StrEnum):
    """What came of one poll."""

    REFUSED = "refused"
    TRUE = "true"
    UNSEEN = "unseen"


class Wrong(AssertionError):
    """A driver did what the rules forbid."""


def perform(bench: Bench, call: str, poll: str) -> Mapping[str, float | None] | None:
    """One call, its answer if it was a poll that gave one. Only declared errors are caught."""
    bench.port.call += 1
    outputs = bench.low is not None
    action: Callable[[], object]
    if call == "off" and outputs:
        action = bench.off
    elif call in ("low", "high") and outputs:
        output = bench.low if call == "low" else bench.high
        assert output is not None
        wanted = output
        action = lambda: bench.order(wanted)  # noqa: E731
    elif call == "set up":
        action = bench.driver.set_up
    elif call == "identify":
        action = bench.driver.identify
    else:
        try:
            values: Mapping[str, float | None] = bench.driver.read(poll)
        except InstrumentError as error:
            _declared(bench, error)
            return None
        return values
    try:
        action()
    except InstrumentError as error:
        _declared(bench, error)
    return None


def _declared(bench: Bench, error: InstrumentError) -> None:
    if isinstance(error, PortLost):
        raise Wrong(f"{bench.name}: the port is there, but: {error}") from error
    if not str(error):
        raise Wrong(f"{bench.name}: {type(error).__name__} without a word")


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isclose(one, other, rel_tol=1e-6, abs_tol=1e-9)


def judge(bench: Bench, values: Mapping[str, float | None]) -> Verdict:
    """Hold a poll's values against what was read meanwhile. Raises Wrong for one that no sound frame says."""
    exchanges = [exchange for exchange in bench.port.exchanges if exchange.call == bench.port.call]
    said: dict[str, list[tuple[int, float | None]]] = {}
    late: dict[str, list[float | None]] = {}
    true: dict[str, list[float | None]] = {}
    for exchange in exchanges:
        for _, _, frame in bench.decode(exchange.request, exchange.sound):
            for channel, value in frame.items():
                true.setdefault(channel, []).append(value)
        asked = {other.number for other in exchanges if other.request == exchange.request}
        for start, end, frame in bench.decode(exchange.request, bytes(exchange.got)):
            # A foreign reply that stands in a late one's stead is told by nothing, whenever it comes.
            origins, words = set(exchange.origins[start:end]), bytes(exchange.got[start:end])
            its_own = any(words in bench.port.exchanges[origin].sound for origin in origins if origin >= 0)
            fresh = origins <= asked or not its_own
            for channel, value in frame.items():
                if fresh:
                    said.setdefault(channel, []).append((exchange.number, value))
                else:
                    late.setdefault(channel, []).append(value)
    verdict = Verdict.TRUE
    for channel, value in values.items():
        if value is None or channel in ("spikes", "line_hz", "line_fraction"):
            continue
        sound = [number for number, other in said.get(channel, ()) if _same(value, other)]
        if not sound:
            if any(_same(value, other) for other in late.get(channel, ())):
                if bench.fenced:
                    raise Wrong(f"{bench.name}: {channel} {value} is from a late reply: {told(exchanges)}")
            else:
                raise Wrong(f"{bench.name}: {channel} {value} is in no sound frame: {told(exchanges)}")
        if bench.twice and value == 1.0 and len(set(sound)) < 2:
            raise Wrong(f"{bench.name}: {channel} healthy by one reply: {told(exchanges)}")
        if not any(_same(value, other) for other in true.get(channel, ())):
            verdict = Verdict.UNSEEN
    return verdict


def told(exchanges: Sequence[Exchange]) -> str:
    """Requests and what was read after them."""
    return "; ".join(f"{exchange.request!r} -> {bytes(exchange.got)!r}" for exchange in exchanges)


def watch(bench: Bench, since: int, since_ns: int = 0) -> None:
    """Hold what was sent, and where the instrument stands, against what was ordered at `since_ns`; what had begun to be
    sent by then is not undone."""
    for exchange in bench.port.exchanges[since:]:
        too_far = bench.energises(exchange.request) if exchange.began_ns >= since_ns else None
        if too_far is not None:
            raise Wrong(f"{bench.name}: {bench.ordered} was ordered, but it was sent: {too_far}")
    beyond = bench.excess()
    if beyond is not None:
        raise Wrong(f"{bench.name}: {bench.ordered} was ordered, but it stands at {beyond}")


def play(
    make: Callable[[], Bench], on: bool, calls: Sequence[tuple[int, int]], plan: Sequence[Damage]
) -> list[Verdict]:
    """The verdicts of the polls while replies were damaged. calls: numbers into `CALLS` and of the poll."""
    bench = make()
    bench.ready(on)
    port, polls = bench.port, bench.driver.polls
    port.plan.extend(plan)
    verdicts = []
    for number, which in calls:
        since, call = len(port.exchanges), CALLS[number % len(CALLS)]
        values = perform(bench, call, polls[which % len(polls)].name)
        watch(bench, since)
        if call == "off" and bench.low is not None and not bench.stands_off():
            raise Wrong(f"{bench.name}: told off, but it is on: {told(port.exchanges[since:])}")
        if call == "poll" or bench.low is None:
            verdicts.append(Verdict.REFUSED if values is None else judge(bench, values))
        port.sleep(0.1)
    _recover(bench)
    return verdicts


def _recover(bench: Bench) -> None:
    """On a sound wire a driver comes back by itself: its output can be told off, its first poll gives the truth."""
    port = bench.port
    port.plan.clear()
    since = len(port.exchanges)
    poll = bench.driver.polls[0].name
    for _ in range(RECOVERY):
        port.call += 1
        try:
            if bench.low is not None:
                bench.off()
            values = bench.driver.read(poll)
        except InstrumentError:
            port.sleep(1.5)
            continue
        watch(bench, since)
        if judge(bench, values) is Verdict.TRUE and bench.stands_off():
            return
    raise Wrong(f"{bench.name}: no good word after {RECOVERY} polls: {told(port.exchanges[since:][-6:])}")
