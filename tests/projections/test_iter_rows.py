"""Rows one at a time: the rows of the list, in the same order, in memory that does not grow."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from attrs import define
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog import (
    STANDARD_TYPES,
    Event,
    EventLog,
    EventTypes,
    NewEvent,
    PrunedError,
    prune,
)
from projections import (
    KeyedProjection,
    ProjectionError,
    SessionSummaries,
    canonical_json,
    fold,
    fold_rows,
    iter_rows,
    project,
)
from projections import _buckets as buckets
from projections import _grouping as grouping
from projections import _iter_rows as unbounded
from projections import _rows as kept_rows
from projections import _states as states
from projections._cache import PartialCache
from projections._models import READ_MODELS
from tests.projections.helpers import START
from tests.support import DEEP
from tests.support.files import UnsyncedFiles

FEW = 3
"""So many keys in memory: what comes after them goes to disk."""

BY_KEY = ["session-summaries", "session-analysis", "session-trends", "recovery-snapshots"]


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "MOST_IN_MEMORY", FEW)
    monkeypatch.setattr(kept_rows, "MOST_IN_MEMORY", FEW)
    monkeypatch.setattr(kept_rows, "GROUP", 5)
    monkeypatch.setattr(states, "GROUP", 5)
    monkeypatch.setattr(states, "_AT_ONCE", 2)
    monkeypatch.setattr(states, "_GROUP_PARTS", 4)
    monkeypatch.setattr(grouping, "_BUCKET_BYTES", 1000)
    monkeypatch.setattr(unbounded, "_UNKNOWN_BYTES", 4000)
    monkeypatch.setattr(buckets, "_WAITING_BYTES", 2000)


def make_log(path: Path, subjects: list[list[str | None]], *, seal_last: bool = False) -> EventLog:
    """A log with a segment for each list, of events of these sessions; the last one is active."""
    log = EventLog.open(path, files=UnsyncedFiles(), sync="never")
    number = 0
    for place, segment in enumerate(subjects):
        for subject in segment:
            number += 1
            kinds: list[tuple[str, dict[str, Any]]] = [
                ("task.started", {"task": "t"}), ("task.completed", {"task": "t"}),
                ("metric.recorded", {"tempo": number / 7}), ("state.saved", {"n": number}),
                ("area.visited", {"area": "a", "gold": number}),
            ]  # fmt: skip
            type_, data = kinds[number % 5]
            time = START + timedelta(seconds=number * 37 % 100)
            log.extend([NewEvent(type_, data, subject, time=time)])
        if segment and (seal_last or place < len(subjects) - 1):
            log.seal()
    return log


def in_turn(count: int, segments: int) -> list[list[str | None]]:
    """So many sessions in each segment; every second one is also in the segment before."""
    first = [[f"s-{place + number * count // 2}" for place in range(count)]
             for number in range(segments)]  # fmt: skip
    return [[*names, None] for names in first]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with make_log(tmp_path / "log", in_turn(12, 4)) as log:
        yield log


def plain(log: EventLog, projection: KeyedProjection[Any, Any], until: int | None = None) -> bytes:
    """The answer without the engine."""
    events = log.read(until=until)
    return canonical_json(projection.result(fold(projection, events)))


@pytest.mark.parametrize("name", BY_KEY)
def test_the_rows_are_those_of_the_list_first_and_again(log: EventLog, name: str) -> None:
    projection: Any = READ_MODELS[name]()
    expected = plain(log, projection)
    assert canonical_json(list(iter_rows(log, projection))) == expected
    assert canonical_json(list(iter_rows(log, projection))) == expected
    assert canonical_json(project(log, projection)) == expected


def upcasting(path: Path) -> EventLog:
    """The same log, with a reason to fold all of it anew."""
    types = EventTypes(STANDARD_TYPES)
    types.upcaster("task.started", from_version=1)(dict)
    return EventLog.open(path, readonly=True, types=types)


@pytest.mark.parametrize("as_of", [0, 1, 20, 10**17, None])
def test_with_upcasters_a_moment_may_be_anything(log: EventLog, as_of: int | None) -> None:
    projection = SessionSummaries()
    with upcasting(log.path) as reader:
        assert list(iter_rows(reader, projection, as_of)) == project(reader, projection, as_of)


@pytest.mark.parametrize("as_of", [1, 13, 14, None])
def test_with_upcasters_what_was_pruned_is_as_wrong_as_in_a_list(
    log: EventLog, as_of: int | None
) -> None:
    log.seal()
    prune(log.path, keep_events=1)
    assert log.pruned_to() > 14
    with upcasting(log.path) as reader:
        if as_of is None:
            rows = list(iter_rows(reader, SessionSummaries()))
            assert rows == project(reader, SessionSummaries())
        else:
            with pytest.raises(PrunedError):
                project(reader, SessionSummaries(), as_of)
            with pytest.raises(PrunedError):
                list(iter_rows(reader, SessionSummaries(), as_of))


@pytest.mark.parametrize("key", [7, "\ud800"])
def test_what_is_no_key_is_named(log: EventLog, key: Any) -> None:
    class Odd(SessionSummaries):
        def key(self, event: Event) -> Any:
            return key if event.sequence > 30 else event.subject

    with pytest.raises(ProjectionError, match=r"session-summaries.*(is no key|cannot be written)"):
        list(fold_rows(Odd(), log.read()))


_subjects = st.one_of(st.none(), st.integers(0, 30).map(str))


@settings(max_examples=200 if DEEP else 25, deadline=None)
@given(st.lists(st.lists(_subjects, max_size=20), max_size=5), st.data())
def test_any_log_gives_the_same_rows_in_every_way(
    segments: list[list[str | None]], data: st.DataObject
) -> None:
    with (
        tempfile.TemporaryDirectory() as directory,
        make_log(Path(directory) / "log", segments) as log,
    ):
        projection, head = SessionSummaries(), log.head()
        expected = plain(log, projection)
        assert canonical_json(list(iter_rows(log, projection))) == expected
        assert canonical_json(list(iter_rows(log, projection))) == expected
        assert canonical_json(list(fold_rows(projection, log.read()))) == expected
        until = data.draw(st.integers(0, head))
        earlier = canonical_json(list(iter_rows(log, projection, until)))
        assert earlier == plain(log, projection, until)
        moment = START + timedelta(seconds=data.draw(st.integers(0, 100)))
        then = canonical_json(list(iter_rows(log, projection, moment)))
        assert then == canonical_json(project(log, projection, moment))
        more = data.draw(st.lists(_subjects, max_size=10))
        for subject in more:
            log.append("tool.called", {"tool": "t"}, subject=subject)
        assert canonical_json(list(iter_rows(log, projection))) == plain(log, projection)


def test_an_executor_gives_the_same_rows(log: EventLog) -> None:
    expected = plain(log, SessionSummaries())
    with ThreadPoolExecutor(2) as executor:
        for _ in range(2):
            rows = list(iter_rows(log, SessionSummaries(), executor=executor))
            assert canonical_json(rows) == expected


def test_merged_states_of_before_are_gone_on_from(log: EventLog) -> None:
    list(iter_rows(log, SessionSummaries()))
    log.append("session.ended", {}, subject="s-1")
    log.append("session.ended", {}, subject="s-9999")
    log.seal()
    for file in (log.cache_path / "partials").rglob("0*"):
        file.unlink()  # what is merged has to do for them
    folded: list[int] = []

    class Watching(SessionSummaries):
        def apply_one(self, state: Any, event: Event) -> Any:
            folded.append(event.sequence)
            return super().apply_one(state, event)

    rows = canonical_json(list(iter_rows(log, Watching())))
    assert rows == plain(log, SessionSummaries())
    assert min(folded) > log.sealed()[-2].last_sequence


def test_merged_states_that_are_none_are_computed_again(log: EventLog) -> None:
    list(iter_rows(log, SessionSummaries()))
    cache = PartialCache(log, SessionSummaries())
    found = cache.read("merged")
    assert found is not None
    with found:
        parts = [found.part(number) for number in range(len(found))]
    parts[-1] = b'[{"events": "many"}]'  # and what comes before can be read
    cache.put("merged", found.covers, parts)
    log.seal()
    assert canonical_json(list(iter_rows(log, SessionSummaries()))) == plain(
        log, SessionSummaries()
    )


def test_a_cache_that_cannot_be_written_costs_no_row(log: EventLog) -> None:
    shutil.rmtree(log.cache_path, ignore_errors=True)
    log.cache_path.write_text("a file where the directory would be")
    for _ in range(2):
        rows = canonical_json(list(iter_rows(log, SessionSummaries())))
        assert rows == plain(log, SessionSummaries())


def test_upcasters_reach_the_rows(log: EventLog) -> None:
    types = EventTypes(STANDARD_TYPES)

    @types.upcaster("task.completed", from_version=1)
    def without_a_task(data: dict[str, object]) -> dict[str, object]:
        return {}

    with EventLog.open(log.path, readonly=True, types=types) as reader:
        for as_of in (None, 20, START + timedelta(seconds=50)):
            rows = canonical_json(list(iter_rows(reader, SessionSummaries(), as_of)))
            assert rows == canonical_json(project(reader, SessionSummaries(), as_of))
            assert rows != canonical_json(project(log, SessionSummaries(), as_of))


@define
class Count:
    events: int = 0


class Counting(KeyedProjection[Count, tuple[str | None, int]]):
    """Has rows that are not kept."""

    name, version, types = "counting", 1, None

    def initial_one(self) -> Count:
        return Count()

    def apply_one(self, state: Count, event: Event) -> Count:
        return Count(state.events + 1)

    def merge_one(self, earlier: Count, later: Count) -> Count:
        return Count(earlier.events + later.events)

    def result_one(self, key: str | None, state: Count) -> tuple[str | None, int]:
        return key, state.events


class Descending(Counting):
    """Has an answer of its own."""

    def result(self, state: dict[str | None, Count]) -> list[tuple[str | None, int]]:
        return sorted(super().result(state), key=lambda row: -row[1])


@pytest.mark.parametrize("projection", [Counting(), Descending()])
def test_so_do_projections_that_keep_no_rows(log: EventLog, projection: Counting) -> None:
    for as_of in (None, 5, 30):
        rows = list(iter_rows(log, projection, as_of))
        assert rows == projection.result(fold(projection, log.read(until=as_of)))
    assert list(fold_rows(projection, log.read())) == project(log, projection)


# Temporary files


def temporary_files() -> list[str]:
    """What this process has open in the temporary directory, and has no name."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # the one that lists them
            found.append(str(link.readlink()))
    inside = f"{tempfile.gettempdir()}/"
    return [name for name in found if name.startswith(inside) and name.endswith("(deleted)")]


def test_whoever_stops_early_leaves_nothing_behind(
    log: EventLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    rows = iter_rows(log, SessionSummaries())
    next(rows)
    assert temporary_files()
    assert not list(place.iterdir())  # they have no names that a kill could leave behind
    rows.close()  # type: ignore[attr-defined]
    assert not temporary_files()
    kept = [file.name for file in (log.cache_path / "partials").rglob("*") if file.is_file()]
    assert not [name for name in kept if name.endswith(".tmp") or name in ("merged", "rows-1")]
    whole = canonical_json(list(iter_rows(log, SessionSummaries())))
    assert whole == plain(log, SessionSummaries())


WITHOUT_ROOM = """
import resource, sys
from projections import SessionSummaries, _buckets, _grouping, iter_rows
from eventlog import EventLog
_grouping.MOST_IN_MEMORY = 3
with EventLog.open(sys.argv[1], readonly=True) as log:
    list(iter_rows(log, SessionSummaries(), 20))
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
    try:
        list(iter_rows(log, SessionSummaries(), 20))
    except OSError as error:
        print(error.errno, error.filename, error.strerror, sep="|")
"""


WITHOUT_ROOM_TO_KEEP = """
import random, resource, signal, sys
from projections import SessionSummaries, _cache, project
from projections._partials import Partials
from eventlog import EventLog
_cache._SPOOLED = 1000
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
with EventLog.open(sys.argv[1], readonly=True) as log:
    cache = Partials.of(log, SessionSummaries(), None).cache
    for limit in (0, 100, 5_000, 10_000, 14_000):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        for size in (10, 3_000, 20_000):
            name = f"merged-{limit}-{size}"
            cache.put(name, "these", [random.randbytes(size) for _ in range(5)])
            kept = cache.read(name)
            if kept is not None:
                kept.close()
            print(int(kept is not None), end="")
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    print(len(project(log, SessionSummaries())))
"""


def test_without_room_in_the_cache_there_is_an_answer_all_the_same(log: EventLog) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOM_TO_KEEP, str(log.path)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"000000100100100{len(fold(SessionSummaries(), log.read()))}\n"
    assert not list((log.cache_path / "partials").rglob("*.tmp"))


def test_without_room_there_is_an_error_that_says_where(log: EventLog, tmp_path: Path) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_ROOM, str(log.path)],
        env={**os.environ, "TMPDIR": str(place)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    number, where, what = done.stdout.strip().split("|")
    assert (int(number), where) == (errno.EFBIG, str(place))
    assert "TMPDIR" in what
    assert not list(place.iterdir())


def test_without_a_temporary_directory_it_says_so(
    log: EventLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    with pytest.raises(OSError, match="TMPDIR") as raised:
        list(iter_rows(log, SessionSummaries()))
    assert raised.value.filename == "/nowhere"
