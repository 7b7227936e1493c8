"""What JSON allows and what it leaves open: one answer, from an import and from an append."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eventlog import EventLog, InvalidEventError
from eventlog.importing import ImportOptions, ImportResult, import_files, parse_defaults
from tests.cli.helpers import eventlog
from tests.hostile.json_documents import REFUSED, TAKEN
from tests.support.files import UnsyncedFiles


def imported(root: Path, content: bytes) -> tuple[ImportResult, list[dict[str, Any]]]:
    """What came of a file with this content, and the data of all events."""
    (root / "in").write_bytes(content)
    options = ImportOptions(defaults=parse_defaults(["type=note"]))
    with EventLog.open(root / "log", files=UnsyncedFiles()) as log:
        return import_files(log, [root / "in"], options), [event.data for event in log.read()]


def test_an_import_takes_what_it_should_and_nothing_is_changed(tmp_path: Path) -> None:
    content = b"\n".join(raw for raw, _ in TAKEN.values())
    result, datas = imported(tmp_path, content)
    assert result.rejected == 0
    # repr tells 1, 1.0 and true apart, and -0.0 from 0.0
    assert list(map(repr, datas)) == [repr(value) for _, value in TAKEN.values()]


def test_an_import_refuses_all_others_and_keeps_their_bytes(tmp_path: Path) -> None:
    result, datas = imported(tmp_path, b"\n".join(REFUSED.values()))
    assert (result.imported, result.rejected, datas) == (0, len(REFUSED), [])
    kept = list(map(json.loads, (tmp_path / "log" / "rejects.jsonl").read_bytes().splitlines()))
    assert [entry["line"] for entry in kept] == list(range(1, len(REFUSED) + 1))
    assert all(entry["reason"] for entry in kept)
    for entry, raw in zip(kept, REFUSED.values(), strict=True):
        assert "raw_base64" in entry or entry["raw"].encode() == raw


@pytest.mark.parametrize(("raw", "value"), TAKEN.values(), ids=TAKEN)
def test_the_command_takes_the_same(raw: bytes, value: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    EventLog.open(log, files=UnsyncedFiles()).close()
    assert eventlog("append", log, "note", "-", stdin=raw).code == 0
    with EventLog.open(log, readonly=True) as opened:
        assert repr(next(opened.read()).data) == repr(value)


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_the_command_refuses_the_same(raw: bytes, tmp_path: Path) -> None:
    log = tmp_path / "log"
    EventLog.open(log, files=UnsyncedFiles()).close()
    done = eventlog("append", log, "note", "-", stdin=raw)
    assert (done.code, done.out) == (3, b""), done
    assert done.err.count("\n") == 1
    assert "this is a bug" not in done.err
    with EventLog.open(log, readonly=True) as opened:
        assert opened.head() == 0


# What Python's own parser lets through although JSON, or the log, has no such value.
LET_THROUGH = (
    "n NaN", "n Infinity", "n -Infinity", "i an integer above 64 bits", "i half of a pair",
    "i an integer below 64 bits", "i a number above all doubles", "i a very large integer",
    "i the other half", "i a pair turned around", "i half of a pair as name", "i top level array",
    "i top level text", "i top level number", "i nesting beyond the limit",
    "i objects beyond the limit",
)  # fmt: skip


@pytest.mark.parametrize("name", LET_THROUGH)
def test_an_append_refuses_what_python_takes_for_json(name: str, tmp_path: Path) -> None:
    value = json.loads(REFUSED[name])
    with EventLog.open(tmp_path / "log", files=UnsyncedFiles()) as log:
        with pytest.raises(InvalidEventError):
            log.append("note", value)
        assert log.append("note") == 1


def test_a_byte_order_mark_blank_lines_and_foreign_line_ends_are_no_fault(tmp_path: Path) -> None:
    content = b'\xef\xbb\xbf{"a":1}\r\n\n \t\r\n{"a":2}\n\n\r\n{"a":3}'
    result, datas = imported(tmp_path, content)
    assert (result.imported, result.rejected) == (3, 0)
    assert datas == [{"a": 1}, {"a": 2}, {"a": 3}]
