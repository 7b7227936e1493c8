"""Copies of one input at several stages of its growth."""

from __future__ import annotations

from pathlib import Path

from eventlog import EventLog
from eventlog.importing import import_files

LINES = [b'{"type":"a","time":"2026-02-02T08:00:0%dZ","n":%d}\n' % (n, n) for n in range(8)]


def test_an_older_copy_of_a_grown_input_adds_nothing(tmp_path: Path) -> None:
    small, grown = tmp_path / "small.jsonl", tmp_path / "grown.jsonl"
    small.write_bytes(b"".join(LINES[:5]))
    grown.write_bytes(b"".join(LINES))
    with EventLog.open(tmp_path / "log", sync="never") as log:
        imported = [import_files(log, [path]).imported for path in (small, grown, small, grown)]
        assert imported == [5, 3, 0, 0]
        assert [event.data["n"] for event in log.read()] == list(range(8))


def test_an_input_that_shares_only_first_lines_is_imported_whole(tmp_path: Path) -> None:
    first, second = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    first.write_bytes(b"".join(LINES))
    second.write_bytes(b"".join(LINES[:5]) + b'{"type":"b","time":"2026-02-02T09:00:00Z"}\n')
    with EventLog.open(tmp_path / "log", sync="never") as log:
        assert import_files(log, [first]).imported == 8
        assert import_files(log, [second]).imported == 6
