"""Prints which damaged replies no rule can tell, by driver, as the table of docs/fuzz.md.

    python -m benchmarks.fuzz_replies > docs/fuzz.md

Each driver is connected to its emulated instrument, and each reply of each of its polls is damaged in one place, in
every way there is; what the driver then says is held against the maker's sheet.
"""

from __future__ import annotations

from collections.abc import Iterable

from tests.instruments.fuzz.benches import BENCHES
from tests.instruments.fuzz.single import GROUPS, Count, Unseen, counts

HEAD = """# Damaged replies

Made by `python -m benchmarks.fuzz_replies > docs/fuzz.md`: do not edit. Each reply of each poll of each driver is
damaged in one place: every bit, every byte, every cut, and every other reply glued to it or put in its stead; and it is
forged: right form and checksum, impossible value. *a / b*: of b damaged replies, a were taken for sound with another
value than the instrument's. All others were refused, or asked again and the second, sound answer taken. Of a buffer of
readings about 400 places are tried. A sound reply of another moment or command is told only by what it says; one that
comes late is fenced off, which `tests/instruments/fuzz` shows with 2,000 random examples a driver, together with: only
declared errors escape, and nothing is energised by any reply.
"""

HANGS = {
    "new-era": "Pump stalled or empty; nothing passes.",
    "glassman": "Proof that HV is off, arc, interlock: status and monitors have a checksum. "
    "An acknowledgement is `A` and CR without one: an off that was acknowledged is proved by monitors, never by it.",
    "eurotherm epc3000": "The furnace watch; nothing passes.",
    "eurotherm 3216": "As above.",
    "eurotherm 2416": "As above.",
    "alicat": "Gas lost (30 s without a break: one frame wrongly high begins them anew, one wrongly low does nothing), "
    "purge and flush volume (a wrong frame counts for its one second).",
    "keithley": "The jet's verdict only; no output.",
    "vaisala": "Humidity and temperature windows, after 60 s outside; hold at most.",
    "adam": "Door, emergency stop, exhaust, key: always with its checksum on.",
    "adam without checksum": "Not taken by `fit` for door, emergency stop, exhaust or key. Healthy needs two equal "
    "replies, so one damaged reply can only make a contact unhealthy.",
    "rapidox": "Purge proof (60 s without a break below the limit, and the volume as well); oxygen high over a hot "
    "tube trips at once, so a damaged reply can only cause a false alarm or delay a true one by one poll of 2 s.",
}
"""What hangs on a reading of each driver, and what guards against a wrong one."""


def page(found: Iterable[Count]) -> str:
    """The whole document."""
    found = list(found)
    lines = [
        HEAD,
        "| driver | longest reply | " + " | ".join(GROUPS) + " |",
        "|---|---|" + "---|" * len(GROUPS),
    ]
    for each in found:
        cells = [f"{each.unseen[group]} / {each.tried[group]}" for group in GROUPS]
        lines.append(f"| {each.name} | {each.bytes} bytes | " + " | ".join(cells) + " |")
    reasons = {bench.name: bench.unseen_reason for bench in BENCHES}
    lines.append("\n## What passes, and what hangs on it\n")
    for each in found:
        lines.append(f"**{each.name}**: {reasons[each.name]}. {HANGS[each.name]}\n")
        lines += [f"- {text}" for text in examples(each.cases)]
        if lines[-1].startswith("-"):
            lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def examples(cases: list[Unseen]) -> list[str]:
    """The first of each poll and group, with how many there are."""
    texts = []
    # Another sound reply needs no example.
    cases = [case for case in cases if case.group not in ("another sound reply", "doubled, glued, echoed")]
    for poll, group in dict.fromkeys((case.poll, case.group) for case in cases):
        those = [case for case in cases if (case.poll, case.group) == (poll, group)]
        sent, arrived = _around(those[0].sent, those[0].arrived)
        texts.append(f"{poll}, {group}: {len(those)}, such as {sent} read as {arrived}")
    return texts


def _around(sent: bytes, arrived: bytes) -> tuple[str, str]:
    """Both as text or hex; of long ones what is near the first difference."""
    if len(sent) > 80:
        place = next(
            (at for at, pair in enumerate(zip(sent, arrived, strict=False)) if pair[0] != pair[1]), 0
        )
        start = max(0, place - 14)
        sent, arrived = sent[start : place + 14], arrived[start : place + 14]
    return _said(sent), _said(arrived)


def _said(data: bytes) -> str:
    text = data.rstrip(b"\r\n").decode("latin-1")
    return f"`{text}`" if text.isprintable() and text.isascii() else f"`{data.hex(' ')}`"


if __name__ == "__main__":
    print(page(counts()), end="")
