"""Reading logs of many blocks: seeking, skipping, and both directions."""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from eventlog import DamagedLogError, Event, EventLog, InvalidEventError, NewEvent, Query, verify
from tests.support.logs import active_file, batch, segment_files

START = datetime(2026, 1, 1, tzinfo=UTC)
EVENTS = 2400


def _events(first: int, size: int) -> Iterator[NewEvent]:
    for n in range(first, first + size):
        yield NewEvent(
            "even" if n % 2 == 0 else "odd",
            {"n": n, "padding": "x" * (4000 if n % 100 else 200_000)},
            subject=f"s-{n % 7}",
            time=START + timedelta(seconds=n),
        )


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sealed segments and an active one, of several blocks each."""
    path = tmp_path_factory.mktemp("large") / "log"
    with EventLog.open(path, sync="never", segment_bytes=1 << 30) as log:
        for first in range(1, EVENTS, 100):
            log.extend(_events(first, 100))
            if first in (801, 1601):
                log.seal()
    assert len(segment_files(path)) == 3
    assert active_file(path).stat().st_size > 3 << 20
    return path


POINTS = [0, 1, 2, 99, 100, 101, 250, 899, 900, 901, 902, 1200, 1700, 1701, 1702, 2100, 2399, 2400]


@pytest.mark.parametrize("reverse", [False, True])
def test_reading_begins_and_ends_anywhere(large: Path, reverse: bool) -> None:
    with EventLog.open(large, readonly=True) as log:
        for after in POINTS:
            for until in (after, after + 1, after + 3, after + 700, None):
                end = EVENTS if until is None else min(until, EVENTS)
                expected = list(range(after + 1, end + 1))[:: -1 if reverse else 1]
                found = log.read(after=after, until=until, reverse=reverse, limit=5)
                assert [event.sequence for event in found] == expected[:5], (after, until)


def test_both_directions_give_the_same_events(large: Path) -> None:
    with EventLog.open(large, readonly=True) as log:
        forward = [event.sequence for event in log.read()]
        assert forward == list(range(1, EVENTS + 1))
        assert [event.sequence for event in log.read(reverse=True)] == forward[::-1]
        assert log.head() == EVENTS


def test_filters_find_what_a_full_scan_finds(large: Path) -> None:
    with EventLog.open(large, readonly=True) as log:
        everything = list(log.read())
        for types, subject in (("odd", None), (["even", "odd"], "s-3"), (None, "s-6"), ([], None)):
            wanted = {"odd"} if types == "odd" else None if types is None else set(types)
            expected = [
                event.sequence
                for event in everything
                if (wanted is None or event.type in wanted) and subject in (None, event.subject)
            ]
            found = log.read(types=types, subject=subject)
            assert [event.sequence for event in found] == expected


@pytest.mark.parametrize("reverse", [False, True])
def test_times_skip_segments_and_choose_events(large: Path, reverse: bool) -> None:
    with EventLog.open(large, readonly=True) as log:
        for since in (None, 0, 500, 900, 901, 1500, 1701, 2400, 2401):
            for before in (None, 1, 901, 902, 1701, 2000, 2400, 3000):
                found = [
                    event.sequence
                    for event in log.read(
                        since=None if since is None else START + timedelta(seconds=since),
                        before=None if before is None else START + timedelta(seconds=before),
                        reverse=reverse,
                    )
                ]
                low, high = since or 1, EVENTS if before is None else min(before - 1, EVENTS)
                expected = list(range(max(low, 1), high + 1))[:: -1 if reverse else 1]
                assert found == expected, (since, before)


def test_lines_that_hold_some_bytes_are_found_without_decoding(large: Path) -> None:
    with EventLog.open(large, readonly=True) as log:
        found = list(log.lines_containing(b'"n":77,'))
        assert len(found) == 1
        assert b'"n":77,' in found[0]
        many = list(log.lines_containing(b'"subject":"s-1"'))
        assert many == list(log.lines_containing(b'"subject":"s-1"', reverse=True))[::-1]
        assert many == [line for line, event in log.scan() if event.subject == "s-1"]


def test_info_of_a_large_log(large: Path) -> None:
    with EventLog.open(large, readonly=True) as log:
        info = log.info()
        size = sum(len(line) + 1 for line, _ in log.scan())
    files = segment_files(large)
    assert (info.events, info.segments, info.sealed_segments) == (EVENTS, 3, 2)
    assert info.raw_bytes == size
    assert info.stored_bytes == sum(file.stat().st_size for file in files)
    assert (info.first_sequence, info.last_sequence) == (1, EVENTS)
    assert info.first_time == "2026-01-01T00:00:01.000000Z"
    assert info.path == str(large)


def test_a_line_of_several_mebibytes_is_read_in_every_way(tmp_path: Path) -> None:
    """Longer than a block, raw and sealed, between small ones."""
    sizes = [10, 5 << 20, 10, 3 << 20, 10]
    with EventLog.open(tmp_path / "log", max_line_bytes=16 << 20) as log:
        for size in sizes:
            log.append("sized", {"size": size, "x": "x" * size})
        for _ in ("raw", "sealed"):
            for sequence, size in enumerate(sizes, 1):
                (event,) = log.read(after=sequence - 1, until=sequence)
                assert (event.sequence, event.data["size"]) == (sequence, size)
            found = [event.data["size"] for event in log.read(reverse=True)]
            assert found == sizes[::-1]
            with EventLog.open(log.path, readonly=True) as reader:
                assert reader.head() == 5
            log.seal()
    with EventLog.open(tmp_path / "log") as log:
        assert log.torn == ()


def test_the_longest_line_of_all_survives_opening_again(tmp_path: Path) -> None:
    size = (16 << 20) - 2500
    with EventLog.open(tmp_path / "log", max_line_bytes=1 << 30) as log:
        log.append("a", {"x": "x" * size}, id="\U0001f600" * 512)
        log.append("b")
    with EventLog.open(tmp_path / "log") as log:
        assert log.torn == ()
        assert [event.type for event in log.read()] == ["a", "b"]
        log.seal()
        assert [event.type for event in log.read(reverse=True)] == ["b", "a"]


def test_a_large_batch_at_the_end_is_read_whole(tmp_path: Path) -> None:
    """Its start lies far before the place where a reader looks first."""
    with EventLog.open(tmp_path / "log") as log:
        log.append("before")
        log.extend(NewEvent("a", {"n": n}) for n in range(5000))
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        assert log.head() == 5001
    with active_file(tmp_path / "log").open("r+b") as file:
        file.truncate(active_file(tmp_path / "log").stat().st_size - 1)
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        assert log.head() == 1
        assert [event.type for event in log.read()] == ["before"]


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize(
    "read",
    [
        lambda log: log.read(since=datetime(2026, 1, 1)),
        lambda log: log.read(before=datetime(2026, 1, 1)),
    ],
    ids=["since", "before"],
)
def test_a_naive_time_in_a_query_is_refused(
    tmp_path: Path, read: Callable[[EventLog], Iterator[Event]], sealed: bool
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a")
        if sealed:
            log.seal()
        with pytest.raises(InvalidEventError, match="has no time zone"):
            list(read(log))


def test_a_query_takes_one_type_as_text() -> None:
    assert Query(types="a").types == Query(types=["a"]).types == frozenset({"a"})


def test_memory_holds_a_block_and_not_the_log(large: Path) -> None:
    with EventLog.open(large, readonly=True) as log:
        list(log.read(limit=1))
        tracemalloc.start()
        count = sum(1 for _ in log.read())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert count == EVENTS
    assert peak < 12 << 20, f"{peak:,} bytes"


def test_a_tear_that_is_replaced_by_as_many_bytes_is_followed(tmp_path: Path) -> None:
    """The file's size alone would not tell."""
    with EventLog.open(tmp_path / "log") as log:
        log.append("a", {"n": 1})
        size = active_file(log.path).stat().st_size
        log.append("a", {"n": 2})
        content = active_file(log.path).read_bytes()
    active_file(log.path).write_bytes(content[:size] + b"x" * (len(content) - size))
    with EventLog.open(log.path, readonly=True) as reader:
        follower = reader.follow(after=0, poll=0.001, timeout=5)
        assert next(follower).data == {"n": 1}
        time.sleep(0.02)  # the clock of a file system is coarse
        active_file(log.path).write_bytes(content)
        assert next(follower).data == {"n": 2}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"limit": -1}, "limit is -1: it must be 0 or more"),
        ({"limit": 1.5}, "limit must be a whole number, not float"),
        ({"after": None}, "after must be a whole number, not NoneType"),
        ({"until": "5"}, "until must be a whole number, not str"),
        ({"types": 5}, "types must be text or several texts, not int"),
        ({"types": ["a", 5]}, "types must be text, not int"),
        ({"subject": 5}, "subject must be text, not int"),
        ({"since": "2026-01-01"}, "since must be a datetime, not str"),
        ({"before": datetime(2026, 1, 1)}, "before 2026-01-01T00:00:00 has no time zone"),
    ],
)
def test_nonsense_in_a_query_is_refused_by_name(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        with pytest.raises(InvalidEventError, match=message):
            log.read(**arguments)
        with pytest.raises(InvalidEventError, match=message):
            Query(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time": "2026-01-01"}, "time must be a datetime, not str"),
        ({"extensions": {5: "x"}}, "extension name 5 must be text, not int"),
    ],
)
def test_nonsense_in_an_event_is_refused_by_name(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        with pytest.raises(InvalidEventError, match=message):
            log.append("a", **arguments)
        assert log.head() == 0


def test_several_types_are_found_whatever_stands_before_and_behind_them(tmp_path: Path) -> None:
    wanted = {"a", "b.c", "x,y"}
    tricky = ['"type":"a"', ',"type":"b.c",', "a", '"', "\\", ',\\"type\\":\\"a\\",']
    with EventLog.open(tmp_path / "log", sync="never") as log:
        for number, text in enumerate(tricky * 3):
            type_ = ["a", "b.c", "x,y", "b", "a.b", '"a"'][number % 6]
            log.append(type_, {"type": text, "n": [{"type": "a"}]}, id=f"{number} {text}")
        expected = [event.sequence for event in log.read() if event.type in wanted]
        assert [event.sequence for event in log.read(types=wanted)] == expected
        assert len(expected) == 9


def test_an_event_that_quotes_what_is_asked_for_is_not_taken_for_it(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("note", {"n": 1, "type": "wanted", "subject": "s-1", "m": 2}, subject="s-2")
        log.append("wanted", {}, subject="s-1")
        assert [event.sequence for event in log.read(types="wanted")] == [2]
        assert [event.sequence for event in log.read(subject="s-1")] == [2]


def test_a_follower_of_an_active_segment_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a")
    active = active_file(log.path)
    active.unlink()
    active.symlink_to(tmp_path / "nowhere")
    with (
        EventLog.open(log.path, readonly=True) as reader,
        pytest.raises(DamagedLogError, match="a link leads nowhere"),
    ):
        next(reader.follow(after=0, timeout=5))


def test_a_hole_without_any_line_end_is_damage_and_not_read_whole(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("a")
    os.truncate(active_file(log.path), 100 << 20)
    with (
        EventLog.open(log.path, readonly=True) as reader,
        pytest.raises(DamagedLogError, match="a line has no end"),
    ):
        list(reader.read())


def test_reading_from_the_middle_of_a_damaged_raw_segment_says_so(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", sync="never") as log:
        for first in range(1, 401, 10):
            log.extend(batch(first, 10))
    active = active_file(log.path)
    lines = active.read_bytes().splitlines(keepends=True)
    spoilt = [line.replace(b'"sequence":', b'"sequenze":') for line in lines[100:300]]
    active.write_bytes(b"".join(lines[:100] + spoilt + lines[300:]))
    with (
        EventLog.open(log.path, readonly=True) as reader,
        pytest.raises(DamagedLogError, match="a line is damaged"),
    ):
        list(reader.read(after=350))


def test_the_longest_line_is_verified_together_with_what_follows_it(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", sync="never", max_line_bytes=1 << 30) as log:
        log.extend(batch(1, 50))
        log.append("a", {"x": "x" * ((16 << 20) - 2500)})
        log.extend(batch(52, 50))
    report = verify(log.path)
    assert (report.ok, report.events) == (True, 101)


def test_a_segment_that_is_emptied_while_it_is_read_backward_does_not_look_read(
    tmp_path: Path,
) -> None:
    with EventLog.open(tmp_path / "log", sync="never") as log:
        log.extend(_events(1, 700))
    with EventLog.open(log.path, readonly=True) as reader:
        events = reader.read(reverse=True)
        assert next(events).sequence == 700
        os.truncate(active_file(log.path), 0)
        with pytest.raises(DamagedLogError, match="the last line has no end"):
            list(events)
