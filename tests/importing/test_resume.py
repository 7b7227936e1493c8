"""Twice is once, and an interrupted import goes on where it stopped."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import Event, EventLog, LockTimeoutError, prune
from eventlog._lock import DirectoryLock
from eventlog.importing import ImportOptions, ImportResult, import_files
from tests.importing.helpers import (
    DyingLog,
    counts,
    events,
    killed_at,
    options,
    plain,
    raw_of,
    rejects,
    run,
)

SMALL = ImportOptions(batch_events=3)

LINES = st.sampled_from(
    [
        b"bad\n",
        b"\n",
        b'{"type":"t","time":1}\n',
        b'{"type":"t","time":1,"id":"1"}\n',
        b'{"type":"t","time":1,"id":"2"}\n',
        b'{"type":"u","time":1,"id":"2"}\n',
        b'{"type":"t","time":1,"n":2}\r\n',
        b'{"type":"t"}\n',
        b'{"n":1}\n',
    ]
)
INPUTS = st.lists(LINES, max_size=14)


def told(event: Event) -> tuple[object, ...]:
    """What an event says, whenever and in whichever batch it was imported."""
    id_ = event.id if len(event.id) < 3 else None
    assumed = event.extensions.get("timeassumed")
    return event.type, event.source, id_, None if assumed else event.time, event.data


def fresh(tmp_path: Path) -> Path:
    place = tmp_path / f"{time.monotonic_ns()}"
    place.mkdir()
    return place


@given(lines=INPUTS, batch=st.integers(1, 4))
def test_importing_twice_is_importing_once(tmp_path: Path, lines: list[bytes], batch: int) -> None:
    place = fresh(tmp_path)
    (place / "in").write_bytes(b"".join(lines))
    with_ = ImportOptions(batch_events=batch)
    first = run(place / "log", place / "in", with_=with_)
    stored, kept = events(place / "log"), rejects(place / "log")
    second = run(place / "log", place / "in", with_=with_)
    assert (second.imported, second.rejected) == (0, first.rejected)
    assert second.skipped == first.imported + first.skipped
    assert events(place / "log") == stored
    assert rejects(place / "log") == kept


@given(
    lines=INPUTS,
    batch=st.integers(1, 4),
    kills=st.lists(st.tuples(st.integers(1, 3), st.booleans()), max_size=4),
)
def test_an_import_killed_around_any_batch_and_resumed_is_one_import(
    tmp_path: Path, lines: list[bytes], batch: int, kills: list[tuple[int, bool]]
) -> None:
    place = fresh(tmp_path)
    (place / "in").write_bytes(b"".join(lines))
    with_ = ImportOptions(batch_events=batch)
    whole = run(place / "once", place / "in", with_=with_)

    def do(log: DyingLog) -> ImportResult:
        return import_files(log, [place / "in"], with_)

    for at, after_write in kills:
        killed_at(place / "log", at, after_write=after_write, do=do)
    last = run(place / "log", place / "in", with_=with_)
    assert list(map(told, events(place / "log"))) == list(map(told, events(place / "once")))
    assert last.rejected == whole.rejected
    assert {raw_of(one) for one in rejects(place / "log")} == {
        raw_of(one) for one in rejects(place / "once")
    }
    assert len(rejects(place / "log")) == len(rejects(place / "once"))


@given(lines=INPUTS, cut=st.integers(0, 300), batch=st.integers(1, 4))
def test_a_file_that_was_cut_anywhere_and_has_grown_is_imported_once(
    tmp_path: Path, lines: list[bytes], cut: int, batch: int
) -> None:
    place, with_ = fresh(tmp_path), ImportOptions(batch_events=batch)
    whole = b"".join(lines)
    (place / "in").write_bytes(whole[:cut])
    run(place / "log", place / "in", with_=with_)
    (place / "in").write_bytes(whole)
    run(place / "log", place / "in", with_=with_)
    run(place / "once", place / "in", with_=with_)
    assert list(map(told, events(place / "log"))) == list(map(told, events(place / "once")))
    assert run(place / "log", place / "in", with_=with_).imported == 0


@given(lines=INPUTS, cut=st.integers(0, 14), ended=st.booleans())
def test_a_file_that_has_grown_gives_only_what_is_new(
    tmp_path: Path, lines: list[bytes], cut: int, ended: bool
) -> None:
    place = fresh(tmp_path)
    start = b"".join(lines[:cut])
    (place / "in").write_bytes(start if ended else start.rstrip(b"\r\n"))
    before = run(place / "log", place / "in", with_=SMALL)
    (place / "in").write_bytes(b"".join(lines))
    after = run(place / "log", place / "in", with_=SMALL)
    once = run(place / "once", place / "in", with_=SMALL)
    assert before.imported + after.imported == once.imported
    assert after.rejected == once.rejected
    assert list(map(told, events(place / "log"))) == list(map(told, events(place / "once")))


def test_a_renamed_file_is_the_same_input(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(plain(1) + plain(2))
    run(tmp_path / "log", tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b")
    assert counts(run(tmp_path / "log", tmp_path / "b")) == (0, 2, 0)


def test_a_file_is_stored_again_once_all_of_its_events_were_pruned(tmp_path: Path) -> None:
    lines = [b'{"type":"t","id":"1"}\n', *map(plain, range(2, 7))]
    (tmp_path / "whole").write_bytes(b"".join(lines))
    (tmp_path / "older").write_bytes(b"".join(lines[:2]))
    for kept, file, imported in ((3, "whole", 0), (3, "older", 2), (0, "whole", 6)):
        log = fresh(tmp_path) / "log"
        with EventLog.open(log, segment_events=3) as opened:
            import_files(opened, [tmp_path / "whole"], SMALL)
            opened.seal()
        prune(log, keep_events=kept)
        assert run(log, tmp_path / file).imported == imported


def test_files_that_share_their_first_lines_are_both_imported_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(plain(1) + plain(2) + plain(3))
    (tmp_path / "b").write_bytes(plain(1) + plain(2) + plain(4) + plain(5))
    both = run(tmp_path / "log", tmp_path / "a", tmp_path / "b")
    assert [one.imported for one in both.files] == [3, 4]
    for name, lines in (("a", 3), ("b", 4)):
        assert counts(run(tmp_path / "log", tmp_path / name)) == (0, lines, 0)


def test_of_several_known_beginnings_the_longest_counts(tmp_path: Path) -> None:
    for lines in (1, 2, 4):
        (tmp_path / f"{lines}").write_bytes(b"".join(map(plain, range(lines))))
    assert counts(run(tmp_path / "log", *(tmp_path / name for name in "124"))) == (4, 3, 0)
    (tmp_path / "6").write_bytes(b"".join(map(plain, range(6))))
    assert counts(run(tmp_path / "log", tmp_path / "6")) == (2, 4, 0)


def test_the_same_file_named_twice_is_imported_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(plain(1))
    assert counts(run(tmp_path / "log", tmp_path / "a", tmp_path / "a")) == (1, 1, 0)


def test_a_last_line_that_was_completed_later_is_imported_too(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"type,time,n\nt,1,7")
    run(tmp_path / "log", tmp_path / "in.csv")
    (tmp_path / "in.csv").write_bytes(b"type,time,n\nt,1,75\n")
    assert counts(run(tmp_path / "log", tmp_path / "in.csv")) == (1, 0, 0)
    assert counts(run(tmp_path / "log", tmp_path / "in.csv")) == (0, 1, 0)
    assert [event.data["n"] for event in events(tmp_path / "log")] == [7, 75]


def test_a_row_that_was_half_written_is_imported_when_it_is_whole(tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"type,time,n\nt,1,7\nt,2")
    assert counts(run(tmp_path / "log", tmp_path / "in.csv")) == (1, 0, 1)
    (tmp_path / "in.csv").write_bytes(b"type,time,n\nt,1,7\nt,23,8\n")
    assert counts(run(tmp_path / "log", tmp_path / "in.csv")) == (1, 1, 0)
    assert counts(run(tmp_path / "log", tmp_path / "in.csv")) == (0, 2, 0)
    assert [event.time.second for event in events(tmp_path / "log")] == [1, 23]


@given(
    lines=st.lists(
        st.sampled_from([b'{"n":1}\n', b'{"type":"t"}\n', b"bad\n", b"\n"]), max_size=90
    ),
    batch=st.integers(1, 5),
)
def test_lines_that_better_options_accept_are_imported_then_and_once(
    tmp_path: Path, lines: list[bytes], batch: int
) -> None:
    place = fresh(tmp_path)
    (place / "in").write_bytes(b"".join(lines))
    poor = ImportOptions(batch_events=batch)
    better = options(default=["type=d"], batch_events=batch)
    first = run(place / "log", place / "in", with_=poor)
    second = run(place / "log", place / "in", with_=better)
    third = run(place / "log", place / "in", with_=better)
    assert (first.imported, second.imported) == (
        lines.count(b'{"type":"t"}\n'),
        lines.count(b'{"n":1}\n'),
    )
    assert counts(third) == (0, first.imported + second.imported, lines.count(b"bad\n"))
    fourth = run(place / "log", place / "in", with_=poor)
    assert counts(fourth) == (0, first.imported, first.rejected)


def test_what_the_log_itself_refused_is_reported_again(tmp_path: Path) -> None:
    huge = b'{"type":"t","time":1,"n":"' + b"x" * (2**20 - 40) + b'"}\n'
    (tmp_path / "in").write_bytes(plain(1) + huge + plain(2) + huge)
    for expected in ((2, 0, 2), (0, 2, 2), (0, 2, 2)):
        assert counts(run(tmp_path / "log", tmp_path / "in")) == expected
    assert [entry["line"] for entry in rejects(tmp_path / "log")] == [2, 4]


def test_a_batch_full_of_refused_events_is_no_trouble(tmp_path: Path) -> None:
    lines = [b'{"type":"t","time":1,"id":"%d","n":%d}\n' % (n % 2, n) for n in range(300)]
    (tmp_path / "in").write_bytes(b"".join(lines) + plain(1))
    assert counts(run(tmp_path / "log", tmp_path / "in")) == (3, 0, 298)
    assert counts(run(tmp_path / "log", tmp_path / "in")) == (0, 3, 298)


def test_bytes_of_a_mark_inside_of_data_are_not_believed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(plain(1))
    run(tmp_path / "log", tmp_path / "a")
    mark = events(tmp_path / "log")[0].extensions["importmark"]
    line = b'{"type":"t","time":1,"x":0,"importmark":"%b"}\n' % str(mark).encode()
    (tmp_path / "b").write_bytes(line)
    run(tmp_path / "other", tmp_path / "b")
    assert counts(run(tmp_path / "other", tmp_path / "a")) == (1, 0, 0)


PROGRAM = """
import sys
from eventlog import EventLog
from eventlog.importing import ImportOptions, import_files
with EventLog.open(sys.argv[1], sync="never") as log:
    import_files(log, sys.argv[2:], ImportOptions(batch_events=20))
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs SIGKILL")
def test_an_import_whose_process_is_killed_at_any_time_loses_and_doubles_nothing(
    tmp_path: Path,
) -> None:
    lines = [plain(n) if n % 9 else b"bad %d\n" % n for n in range(20_000)]
    (tmp_path / "in").write_bytes(b"".join(lines))
    command = [sys.executable, "-c", PROGRAM, str(tmp_path / "log"), str(tmp_path / "in")]
    kills = 0
    for delay in random.Random(7).choices([0.15, 0.2, 0.25, 0.3, 0.4], k=8):
        child = subprocess.Popen(
            command, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        )
        try:
            child.wait(delay)
        except subprocess.TimeoutExpired:
            child.kill()
            kills += 1
        child.wait()
    assert kills
    subprocess.run(command, check=True)
    assert [event.data["n"] for event in events(tmp_path / "log")] == [
        n for n in range(20_000) if n % 9
    ]
    assert [entry["raw"] for entry in rejects(tmp_path / "log")] == [
        f"bad {n}" for n in range(0, 20_000, 9)
    ]


def test_one_process_imports_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"type":"t"}\n')
    with EventLog.open(tmp_path / "log") as log, DirectoryLock(log.path) as other:
        assert other.acquire(0)
        with pytest.raises(LockTimeoutError, match="importing"):
            import_files(log, [tmp_path / "in.jsonl"], lock_timeout=0)
        other.close()
        assert import_files(log, [tmp_path / "in.jsonl"], lock_timeout=0).imported == 1
