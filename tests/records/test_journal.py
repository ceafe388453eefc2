"""The hash chain: what a line is, what damage is found, what a crash leaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rig.records.errors import RecordError
from rig.records.journal import ZERO_HASH, Journal, canonical, read_journal


def small(path: Path, lines: int = 4) -> bytes:
    journal = Journal(path, durable=False)
    for i in range(lines):
        journal.append(
            "note",
            {"b": [1, "Röhr", None, True], "a": 0.1, "c": {"tiny": 1e-07, "huge": 1e22, "tab": "\t"}},
            i + 0.5,
            f"2000-01-01T00:00:0{i}.500Z",
            {"path": "/tmp/x", "pid": i},
        )
    journal.close()
    return path.read_bytes()


def test_line_and_hash_as_computed_by_hand(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", durable=True)
    line = journal.append("note", {"b": [1, "Röhr"], "a": 0.1}, 1.5, "2000-01-01T00:00:01.500Z", {"pid": 3})
    # sha256sum of the canonical text {"data":{"a":0.1,"b":[1,"Röhr"]},"kind":"note","n":1,"prev":"00..","t_s":1.5,...}
    digest = "51e64152f43fbf77b996b65baae5db8e73d92525c82ba5a718562359ee460d21"
    assert line["hash"] == journal.head == digest
    assert journal.count == 1
    journal.close()
    expected = (
        '{"n":1,"t_s":1.5,"utc":"2000-01-01T00:00:01.500Z","kind":"note","data":{"a":0.1,"b":[1,"Röhr"]},'
        f'"outside":{{"pid":3}},"prev":"{ZERO_HASH}","hash":"{digest}"}}\n'
    )
    assert (tmp_path / "j").read_bytes() == expected.encode()


def test_outside_is_not_hashed_and_each_line_names_the_one_before(tmp_path: Path) -> None:
    heads = []
    for name, host in (("a", "one"), ("b", "two")):
        journal = Journal(tmp_path / name, durable=False)
        first = journal.append("opened", {"seed": 7}, 0.0, "2000-01-01T00:00:00.000Z", {"host": host})
        second = journal.append("note", {}, 1.0, "2000-01-01T00:00:01.000Z")
        assert second["prev"] == first["hash"] and second["outside"] == {}
        heads.append(journal.head)
        journal.close()
    assert heads[0] == heads[1]
    assert (tmp_path / "a").read_bytes() != (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"a": [float("-inf")]}])
def test_nan_and_infinity_are_refused(value: object) -> None:
    with pytest.raises(RecordError, match="NaN or infinity"):
        canonical(value)


@pytest.mark.parametrize("value", [{1: "a"}, {"a": [{2: 3}]}])
def test_keys_that_are_not_text_are_refused(value: object) -> None:
    with pytest.raises(RecordError, match="keys of a record are text"):
        canonical(value)


def test_objects_json_does_not_know_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", durable=False)
    with pytest.raises(RecordError, match="cannot be recorded as JSON"):
        journal.append("note", {"path": tmp_path}, 0.0, "2000-01-01T00:00:00.000Z")
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(RecordError, match="cannot be recorded as JSON"):
        journal.append("note", {"endless": endless}, 0.0, "2000-01-01T00:00:00.000Z")
    with pytest.raises(RecordError, match="finite"):
        journal.append("note", {}, float("nan"), "2000-01-01T00:00:00.000Z")
    journal.close()
    assert (tmp_path / "j").read_bytes() == b""


def test_names_that_are_no_utf8_survive(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", durable=False)
    # The second holds the two halves of one character side by side, as two escapes would give them.
    journal.append("note", {"file": "caf\udce9", "halves": "\ud83d\ude00"}, 0.0, "2000-01-01T00:00:00.000Z")
    journal.close()
    found = read_journal(tmp_path / "j")
    assert found.status == "good"
    assert found.lines[0]["data"] == {"file": "caf\udce9", "halves": "\U0001f600"}


def outside_spans(raw: bytes) -> set[int]:
    """Places of the bytes between the braces of each line's `outside`."""
    places: set[int] = set()
    at = 0
    while (start := raw.find(b'"outside":{', at)) >= 0:
        end = raw.index(b'},"prev"', start)
        places.update(range(start + len(b'"outside":{'), end))
        at = end
    return places


def test_every_flipped_byte_is_found_and_the_first_bad_line_named(tmp_path: Path) -> None:
    path = tmp_path / "j"
    raw = small(path, 2)
    spared = outside_spans(raw)
    ends = [i for i, byte in enumerate(raw) if byte == 10]
    for at, byte in enumerate(raw):
        if at in spared:
            continue
        line = 1 + sum(end < at for end in ends)
        for mask in (1 << bit for bit in range(8)):
            path.write_bytes(raw[:at] + bytes([byte ^ mask]) + raw[at + 1 :])
            found = read_journal(path)
            assert found.status == "damaged", (at, mask)
            assert found.good_to == line - 1, (at, mask)
            assert found.first_bad is not None and f"line {line} " in found.first_bad


def test_a_flip_inside_outside_passes_as_the_docstring_says(tmp_path: Path) -> None:
    path = tmp_path / "j"
    raw = small(path)
    path.write_bytes(raw.replace(b"/tmp/x", b"/tmp/y", 1))
    assert read_journal(path).status == "good"


def test_other_spelling_of_the_same_value_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "j"
    raw = small(path)
    for old, new in (
        (b"1e-07", b"1E-07"),
        (b"\\t", b"\\u0009"),
        (b'"a":0.1', b'"a":0.2,"a":0.1'),
        (b'":', b'": '),
    ):
        assert raw.count(old)
        path.write_bytes(raw.replace(old, new, 1))
        assert read_journal(path).status == "damaged", new


@pytest.mark.parametrize(
    ("order", "bad"),
    [([0, 1, 3], 3), ([1, 2, 3], 1), ([0, 1, 1, 2, 3], 3), ([0, 2, 1, 3], 2), ([0, 1, 2, 3, 0], 5)],
)
def test_deleted_inserted_and_swapped_lines_are_found(tmp_path: Path, order: list[int], bad: int) -> None:
    path = tmp_path / "j"
    lines = small(path).splitlines(keepends=True)
    path.write_bytes(b"".join(lines[i] for i in order))
    found = read_journal(path)
    assert (found.status, found.good_to) == ("damaged", bad - 1)
    assert found.first_bad is not None and f"line {bad} " in found.first_bad


def test_a_line_of_another_journal_is_found(tmp_path: Path) -> None:
    lines = small(tmp_path / "j").splitlines(keepends=True)
    other = Journal(tmp_path / "other", durable=False)
    other.append("opened", {}, 0.0, "2000-01-01T00:00:00.000Z")
    other.append("note", {"forged": True}, 1.0, "2000-01-01T00:00:01.000Z")
    other.close()
    lines[1] = (tmp_path / "other").read_bytes().splitlines(keepends=True)[1]
    (tmp_path / "j").write_bytes(b"".join(lines))
    found = read_journal(tmp_path / "j")
    assert found.good_to == 1 and found.first_bad is not None and "does not follow" in found.first_bad


def test_every_torn_end_is_open_and_can_be_continued(tmp_path: Path) -> None:
    path = tmp_path / "j"
    raw = small(path, 3)
    third = raw.rindex(b"\n", 0, len(raw) - 1) + 1
    for cut in range(third + 1, len(raw)):
        path.write_bytes(raw[:cut])
        found = read_journal(path)
        assert (found.status, found.good_to, found.torn_bytes) == ("open", 2, cut - third)
        journal, again = Journal.reopen(path, durable=False)
        assert again.torn_bytes == cut - third
        journal.append("note", {"torn_bytes": again.torn_bytes}, 9.0, "2000-01-01T00:00:09.000Z")
        journal.close()
        found = read_journal(path)
        assert (found.status, found.good_to) == ("good", 3)
        assert found.lines[2]["data"] == {"torn_bytes": cut - third}


def test_reopening_a_whole_journal_changes_no_byte(tmp_path: Path) -> None:
    path = tmp_path / "j"
    raw = small(path)
    journal, found = Journal.reopen(path, durable=True)
    assert (
        found.torn_bytes == 0
        and journal.count == 4
        and journal.head == json.loads(raw.splitlines()[-1])["hash"]
    )
    journal.close()
    assert path.read_bytes() == raw


def test_a_damaged_journal_is_not_continued(tmp_path: Path) -> None:
    path = tmp_path / "j"
    raw = small(path).replace(b"huge", b"hugo", 1)
    path.write_bytes(raw)
    with pytest.raises(RecordError, match="line 1 was changed"):
        Journal.reopen(path, durable=False)
    assert path.read_bytes() == raw


def test_an_existing_journal_is_not_written_over(tmp_path: Path) -> None:
    raw = small(tmp_path / "j")
    with pytest.raises(RecordError, match="exists"):
        Journal(tmp_path / "j", durable=False)
    assert (tmp_path / "j").read_bytes() == raw


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", durable=False)
    journal.close()
    journal.close()
    with pytest.raises(RecordError, match="is closed"):
        journal.append("note", {}, 0.0, "2000-01-01T00:00:00.000Z")
