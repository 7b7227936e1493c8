"""Changed input files: no line stops an import, none is lost, and none is counted twice."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import EventLog, verify
from eventlog.importing import (
    ImportInputError,
    ImportOptions,
    ImportResult,
    decode_object,
    import_files,
    parse_defaults,
    parse_map,
    parse_renames,
)
from eventlog.importing._bad_line import BadLineError
from tests.hostile.clock import ends_within
from tests.hostile.mutations import Change, bytes_changed
from tests.support.files import UnsyncedFiles

JSON_LINES = (
    b'{"event":"begin","ts":1767268800,"bot":"B-1","job":"plan","n":[1,{"a":null}]}\n'
    b'{"type":"task.completed","time":"2026-01-01T12:30:00+01:00","subject":"s-1","source":"a/b"}\n'
    b'{"specversion":"1.0","id":"x-1","source":"/a","type":"a.b","time":"2026-01-01T00:00:00Z",'
    b'"subject":"s","traceparent":"00-1","sequence":"7","data":{"k":1.5},"crc32":"00000000"}\n'
    b'\n{"event":"end","when":"2026-01-01 12:30","worker":"B-2",'
    b'"text":"\\u00fc\xc3\xbc\\ud83d\\ude00"}\r\n'
    b'{"event":"last","ts":"1767268800.5","bot":null,"job":18446744073709551615}'
)
CSV_LINES = (
    b"event,ts,bot,job,amount\n"
    b"begin,1767268800,B-1,plan,7\n"
    b'"step, two",2026-01-01 12:30,B-2,"a ""quoted"" job",-0.5\r\n'
    b'note,,B-3,"over\ntwo lines",\n'
    b"\n,,,,\n"
    b"end,1767268801,\xc3\xbc,last,9"
)
NOTE = parse_defaults(["type=note"])
OPTIONS = {
    "plain": ImportOptions(),
    "mapped": ImportOptions(
        map=parse_map(["type=event,type", "time=ts,when,time", "subject=bot,worker,subject",
                       "data.task=job", "source=source", "id=id"]),
        defaults=NOTE,
        rename=parse_renames(["begin=task.started"]),
    ),
    "small lines": ImportOptions(defaults=NOTE, max_line_bytes=90),
    "small batches": ImportOptions(defaults=NOTE, batch_events=2),
}  # fmt: skip


def take(log: Path, source: Path, options: ImportOptions) -> ImportResult | None:
    """None for an input that cannot be read at all, of which nothing was taken."""
    with ends_within(60), EventLog.open(log, files=UnsyncedFiles()) as opened:
        before = opened.head()
        try:
            return import_files(opened, [source], options)
        except ImportInputError:
            assert opened.head() == before
            return None


def lines_with_something(content: bytes) -> list[bytes]:
    """The lines of a file of JSON lines that are not blank, a byte order mark apart."""
    lines = content.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return [line for line in lines if line.strip(b" \t\r")]


def kept(log: Path) -> list[bytes]:
    """The bytes of all refused lines."""
    path = log / "rejects.jsonl"
    entries = map(json.loads, path.read_bytes().splitlines()) if path.exists() else []
    return [
        entry["raw"].encode() if "raw" in entry else b64decode(entry["raw_base64"])
        for entry in entries
    ]


@given(change=bytes_changed, how=st.sampled_from(list(OPTIONS)))
def test_json_lines_are_imported_skipped_or_refused_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory, change: Change, how: str
) -> None:
    root = tmp_path_factory.mktemp("in")
    content = change(JSON_LINES)
    (root / "in.jsonl").write_bytes(content)
    result = take(root / "log", root / "in.jsonl", OPTIONS[how])
    if result is None:
        return
    lines = lines_with_something(content)
    refused = kept(root / "log")
    assert result.imported + result.skipped + result.rejected == len(lines)
    assert result.rejected == len(refused)
    assert {line.strip() for line in refused} <= {line.strip() for line in content.split(b"\n")}
    again = take(root / "log", root / "in.jsonl", OPTIONS[how])
    assert again is not None
    assert (again.imported, again.skipped + again.rejected) == (0, len(lines))
    assert kept(root / "log") == refused
    assert verify(root / "log").ok


@given(change=bytes_changed, how=st.sampled_from(list(OPTIONS)))
def test_no_row_of_a_csv_is_lost_or_doubled(
    tmp_path_factory: pytest.TempPathFactory, change: Change, how: str
) -> None:
    root = tmp_path_factory.mktemp("in")
    (root / "in.csv").write_bytes(change(CSV_LINES))
    result = take(root / "log", root / "in.csv", OPTIONS[how])
    if result is None:
        return
    refused = kept(root / "log")
    assert result.rejected == len(refused)
    with EventLog.open(root / "log", readonly=True) as log:
        assert log.head() == result.imported
    again = take(root / "log", root / "in.csv", OPTIONS[how])
    assert again is not None
    total = result.imported + result.skipped + result.rejected
    assert (again.imported, again.skipped + again.rejected) == (0, total)
    assert kept(root / "log") == refused
    assert verify(root / "log").ok


_old = st.sampled_from([JSON_LINES, JSON_LINES + b"\n", JSON_LINES[:300]])


@given(old=_old, change=bytes_changed)
def test_a_file_that_was_changed_since_it_was_imported_adds_what_is_new(
    tmp_path_factory: pytest.TempPathFactory, old: bytes, change: Change
) -> None:
    """However it was changed, a second import of the new file adds nothing more."""
    root = tmp_path_factory.mktemp("in")
    (root / "in.jsonl").write_bytes(old)
    assert take(root / "log", root / "in.jsonl", OPTIONS["mapped"])
    (root / "in.jsonl").write_bytes(change(old))
    second = take(root / "log", root / "in.jsonl", OPTIONS["mapped"])
    again = take(root / "log", root / "in.jsonl", OPTIONS["mapped"])
    assert (second is None) == (again is None)
    assert again is None or again.imported == 0
    assert verify(root / "log").ok


@given(change=bytes_changed, line=st.sampled_from(JSON_LINES.split(b"\n")))
def test_a_line_is_an_object_that_json_gives_back_or_has_a_reason(
    change: Change, line: bytes
) -> None:
    try:
        value = decode_object(change(line))
    except BadLineError as error:
        assert error.reason.isprintable()
        return
    assert decode_object(json.dumps(value).encode()) == value
