"""Copies of one input: older ones, other line ends, and inputs that only begin like it."""

from __future__ import annotations

import io
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import Event, EventLog
from eventlog.importing import ImportOptions
from tests.importing.helpers import counts, events, options, plain, rejects, run

SMALL = ImportOptions(batch_events=3)

LINES = [
    b"bad\n",
    b"\n",
    b'{"type":"t","time":1}\n',
    b'{"type":"t","time":1,"id":"1","source":"s"}\n',
    b'{"type":"u","time":1,"id":"2","source":"s"}\n',
    b'{"type":"t","time":1,"n":2}\n',
    b'{"type":"t","n":1.0}\n',
    b'{"type":"t","n":1}\n',
    b'{"type":"t","time":1,"source":"s","subject":"a"}\n',
]
INPUTS = st.lists(st.sampled_from(LINES), max_size=14)
ROWS = st.lists(st.sampled_from([b"t,1,7\n", b't,2,"a\nb"\n', b"t,x,\n", b"t,3\n"]), max_size=9)


def fresh(tmp_path: Path) -> Path:
    place = tmp_path / f"{time.monotonic_ns()}"
    place.mkdir()
    return place


def told(event: Event) -> tuple[object, ...]:
    """What an event says, whenever it was imported, and of which file."""
    id_ = event.id if len(event.id) < 3 else None
    is_timed = "timeassumed" not in event.extensions
    return event.type, event.subject, id_, is_timed and event.time, repr(event.data)


@given(lines=INPUTS, cut=st.integers(0, 14), batch=st.integers(1, 5), is_ended=st.booleans())
def test_the_beginning_of_an_imported_file_adds_nothing(
    tmp_path: Path, lines: list[bytes], cut: int, batch: int, is_ended: bool
) -> None:
    place = fresh(tmp_path)
    with_ = ImportOptions(batch_events=batch)
    (place / "whole").write_bytes(b"".join(lines))
    run(place / "log", place / "whole", with_=with_)
    before = events(place / "log")
    start = b"".join(lines[:cut])
    (place / "older").write_bytes(start if is_ended else start.removesuffix(b"\n"))
    older = run(place / "log", place / "older", with_=with_)
    assert older.imported == 0
    assert older.rejected == lines[:cut].count(b"bad\n")
    assert older.skipped == len([line for line in lines[:cut] if line.startswith(b"{")])
    assert run(place / "log", place / "whole", with_=with_).imported == 0
    assert events(place / "log") == before


@given(rows=ROWS, cut=st.integers(0, 9), batch=st.integers(1, 4))
def test_the_first_rows_of_an_imported_table_add_nothing(
    tmp_path: Path, rows: list[bytes], cut: int, batch: int
) -> None:
    place = fresh(tmp_path)
    with_ = ImportOptions(batch_events=batch)
    (place / "whole.csv").write_bytes(b"type,time,n\n" + b"".join(rows))
    run(place / "log", place / "whole.csv", with_=with_)
    (place / "older.csv").write_bytes(b"type,time,n\r\n" + b"".join(rows[:cut]))
    assert run(place / "log", place / "older.csv", with_=with_).imported == 0


def test_an_older_copy_may_be_piped_and_end_within_a_line(tmp_path: Path) -> None:
    whole = b"".join(map(plain, range(10)))
    (tmp_path / "whole").write_bytes(whole)
    run(tmp_path / "log", tmp_path / "whole", with_=SMALL)
    for length in range(len(plain(0)), len(whole), 17):
        older = run(tmp_path / "log", "-", with_=SMALL, stdin=io.BytesIO(whole[:length]))
        assert older.imported == 0
        assert older.skipped == whole.count(b"}", 0, length)


def test_an_older_copy_under_another_name_is_known_where_ids_hang_on_that_name(
    tmp_path: Path,
) -> None:
    lines = [b'{"type":"t","time":1,"id":"%d"}\n' % n for n in range(10)]
    (tmp_path / "whole").write_bytes(b"".join(lines))
    run(tmp_path / "log", tmp_path / "whole", with_=SMALL)
    for length in range(1, 10):
        (tmp_path / "older").write_bytes(b"".join(lines[:length]))
        older = run(tmp_path / "log", tmp_path / "older", with_=SMALL)
        assert counts(older) == (0, length, 0)


def test_an_older_copy_finds_what_better_options_accepted_since(tmp_path: Path) -> None:
    lines = [b'{"n":%d}\n' % n if n % 3 else plain(n) for n in range(12)]
    better = options(default=["type=d"], batch_events=3)
    (tmp_path / "whole").write_bytes(b"".join(lines))
    (tmp_path / "older").write_bytes(b"".join(lines[:7]))
    run(tmp_path / "log", tmp_path / "whole", with_=SMALL)
    assert counts(run(tmp_path / "log", tmp_path / "whole", with_=better)) == (8, 4, 0)
    assert counts(run(tmp_path / "log", tmp_path / "older", with_=better)) == (0, 7, 0)


@given(first=INPUTS, second=INPUTS, shared=st.integers(0, 14), batch=st.integers(1, 5))
def test_nothing_is_lost_of_an_input_that_only_begins_like_another(
    tmp_path: Path, first: list[bytes], second: list[bytes], shared: int, batch: int
) -> None:
    place = fresh(tmp_path)
    with_ = ImportOptions(batch_events=batch)
    (place / "a").write_bytes(b"".join(first))
    (place / "b").write_bytes(b"".join(first[:shared] + second))
    run(place / "log", place / "a", with_=with_)
    run(place / "log", place / "b", with_=with_)
    run(place / "alone", place / "b", with_=with_)
    assert Counter(map(told, events(place / "alone"))) <= Counter(map(told, events(place / "log")))
    assert run(place / "log", place / "b", with_=with_).imported == 0


@pytest.mark.parametrize(
    "other",
    [
        b'{"type":"u","time":"2026-01-02T03:04:05Z","n":1}',
        b'{"type":"step","time":"2026-01-02T03:04:06Z","n":1}',
        b'{"type":"step","time":"2026-01-02T03:04:05Z","n":1.0}',
        b'{"type":"step","time":"2026-01-02T03:04:05Z","n":true}',
        b'{"type":"step","time":"2026-01-02T03:04:05Z","n":1,"subject":"s"}',
        b'{"type":"step","time":"2026-01-02T03:04:05Z","n":1,"source":"s"}',
        b'{"type":"step","time":"2026-01-02T03:04:05.0000001Z","n":1}',
        b'{"type":"step","n":1}',
    ],
)
def test_a_shorter_file_with_another_line_is_another_input(tmp_path: Path, other: bytes) -> None:
    (tmp_path / "a").write_bytes(b"".join(map(plain, range(6))))
    (tmp_path / "b").write_bytes(plain(0) + other + b"\n" + plain(2))
    assert [
        one.imported for one in run(tmp_path / "log", tmp_path / "a", tmp_path / "b").files
    ] == [
        6,
        3,
    ]


def test_a_file_that_repeats_the_end_of_a_batch_is_another_input(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(plain(1) + plain(1) + b"bad\n" * 30)
    (tmp_path / "b").write_bytes(plain(1) + plain(1) + plain(1))
    run(tmp_path / "log", tmp_path / "a")
    assert run(tmp_path / "log", tmp_path / "b").imported == 3


@given(lines=INPUTS, cut=st.integers(0, 14), blank=st.integers(0, 3), batch=st.integers(1, 4))
def test_line_ends_and_a_byte_order_mark_and_blank_lines_at_the_end_make_no_other_input(
    tmp_path: Path, lines: list[bytes], cut: int, blank: int, batch: int
) -> None:
    """Nor for a copy that has grown, or is older."""
    unix = b"".join(lines)
    windows = unix.replace(b"\n", b"\r\n")
    forms = [
        unix + b"\n" * blank,
        b"\xef\xbb\xbf" + windows + b"\r\n" * blank,
        windows.removesuffix(b"\r\n"),
        windows.removesuffix(b"\n"),
        b"\xef\xbb\xbf" + unix,
    ]
    place = fresh(tmp_path)
    with_ = ImportOptions(batch_events=batch)
    whole = [place / f"{number}" for number in range(len(forms))]
    for form, path in zip(forms, whole, strict=True):
        path.write_bytes(form)
    for path in whole:
        log = place / f"log-{path.name}"
        (place / "older").write_bytes(b"".join(lines[:cut]))
        older = run(log, place / "older", with_=with_)
        grown = run(log, path, with_=with_)
        expected = run(place / f"once-{path.name}", path, with_=with_)
        assert older.imported + grown.imported == expected.imported
        assert run(log, *whole, with_=with_).imported == 0


def test_a_refused_line_is_accepted_once_whatever_ends_it(tmp_path: Path) -> None:
    lines = plain(1) + b'{"n":2}\n' + plain(3)
    (tmp_path / "unix").write_bytes(lines)
    (tmp_path / "windows").write_bytes(b"\xef\xbb\xbf" + lines.replace(b"\n", b"\r\n"))
    better = options(default=["type=d"])
    assert counts(run(tmp_path / "log", tmp_path / "unix")) == (2, 0, 1)
    assert counts(run(tmp_path / "log", tmp_path / "windows", with_=better)) == (1, 2, 0)
    assert counts(run(tmp_path / "log", tmp_path / "unix", with_=better)) == (0, 3, 0)


def test_what_is_kept_of_a_refused_line_has_its_own_bytes(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"\xef\xbb\xbfbad\r\n" + plain(1))
    run(tmp_path / "log", tmp_path / "in")
    assert [entry["raw"] for entry in rejects(tmp_path / "log")] == ["\ufeffbad\r"]


def test_a_long_line_has_a_normal_form_too(tmp_path: Path) -> None:
    long = b'{"type":"' + b"x" * 300_000 + b'"}\n'
    (tmp_path / "unix").write_bytes(long + plain(1) + long + plain(2))
    windows = (tmp_path / "unix").read_bytes().replace(b"\n", b"\r\n")
    (tmp_path / "windows").write_bytes(b"\xef\xbb\xbf" + windows)
    with_ = ImportOptions(max_line_bytes=1000)
    assert counts(run(tmp_path / "log", tmp_path / "unix", with_=with_)) == (2, 0, 2)
    assert counts(run(tmp_path / "log", tmp_path / "windows", with_=with_)) == (0, 2, 2)


def test_files_that_begin_alike_stay_apart_however_many_they_are(tmp_path: Path) -> None:
    for number in range(1, 41):
        (tmp_path / f"{number:02}").write_bytes(plain(0) + plain(number) + plain(100) * 2)
    inputs = sorted(tmp_path.glob("[0-4]?"))
    with EventLog.open(tmp_path / "log", sync="never"):
        pass
    assert run(tmp_path / "log", *inputs).imported == 160
    assert run(tmp_path / "log", *inputs).imported == 0
    (tmp_path / "older").write_bytes(plain(0) + plain(40))
    assert counts(run(tmp_path / "log", tmp_path / "older")) == (0, 2, 0)
