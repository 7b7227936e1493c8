"""An event that just fits into a line of the log can be imported, with all that an import adds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eventlog import EventLog, InvalidEventError
from eventlog.importing import import_files
from tests.importing.helpers import counts, events, plain, rejects

LIMIT = 4096


def largest(log: EventLog, id_: str | None) -> int:
    """The most characters that one event of this log takes; it is appended."""
    for length in range(LIMIT, 0, -1):
        try:
            log.append("t", {"n": "x" * length}, source="s", id=id_)
        except InvalidEventError:
            continue
        return length
    raise AssertionError("no event fits")


def import_small(log: Path, source: Path) -> tuple[int, int, int]:
    with EventLog.open(log, sync="never", max_line_bytes=LIMIT) as opened:
        return counts(import_files(opened, [source]))


@pytest.mark.parametrize("id_", [None, "given", "g" * 300])
def test_the_largest_event_of_one_log_goes_into_another(tmp_path: Path, id_: str | None) -> None:
    with EventLog.open(tmp_path / "old", max_line_bytes=LIMIT) as old:
        largest(old, id_)
        (tmp_path / "lines").write_bytes(b"".join(line + b"\n" for line, _ in old.scan()))
    assert import_small(tmp_path / "new", tmp_path / "lines") == (1, 0, 0)
    assert import_small(tmp_path / "new", tmp_path / "lines") == (0, 1, 0)
    (before,), (after,) = events(tmp_path / "old"), events(tmp_path / "new")
    assert (after.id, after.time, after.data) == (before.id, before.time, before.data)


def foreign(length: int) -> bytes:
    """A line without an id that becomes an event with so many characters."""
    line = {"type": "t", "source": "s", "time": "2026-01-01T00:00:00Z", "n": "x" * length}
    return json.dumps(line).encode() + b"\n"


def test_the_largest_event_without_an_id_is_imported_and_known_again(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "old", max_line_bytes=LIMIT) as old:
        fits = largest(old, None)
    (tmp_path / "in").write_bytes(foreign(fits) * 2)
    for expected in ((2, 0, 0), (0, 2, 0)):
        assert import_small(tmp_path / "log", tmp_path / "in") == expected
    told = [event.type for event in events(tmp_path / "log")]
    assert told == ["t", "eventlog.imported", "t", "eventlog.imported"]
    (tmp_path / "in").write_bytes(foreign(fits) * 2 + plain(1))
    assert import_small(tmp_path / "log", tmp_path / "in") == (1, 2, 0)


def test_a_small_event_beside_it_carries_the_mark_where_there_is_one(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "old", max_line_bytes=LIMIT) as old:
        fits = largest(old, None)
    (tmp_path / "in").write_bytes(plain(1) + foreign(fits))
    assert import_small(tmp_path / "log", tmp_path / "in") == (2, 0, 0)
    assert ["importmark" in event.extensions for event in events(tmp_path / "log")] == [True, False]


def test_an_event_that_is_one_byte_too_large_is_refused_with_its_own_size(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "old", max_line_bytes=LIMIT) as old:
        fits = largest(old, None)
    (tmp_path / "in").write_bytes(foreign(fits + 1))
    assert import_small(tmp_path / "log", tmp_path / "in") == (0, 0, 1)
    (entry,) = rejects(tmp_path / "log")
    assert (
        f"needs {LIMIT + 1:,} bytes, and a line of this log may have {LIMIT:,}" in entry["reason"]
    )
