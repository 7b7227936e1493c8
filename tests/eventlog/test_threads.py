"""Many threads and one log: writers that share syncs, readers and followers meanwhile."""

from __future__ import annotations

import os
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event as Signal
from threading import Lock

import pytest

from eventlog import ClosedLogError, ConflictError, Event, EventLog, NewEvent, verify
from eventlog._writer import LogWriter
from tests.support import DEEP
from tests.support.files import RecordingFiles
from tests.support.logs import active_file, batch, numbers
from tests.support.processes import run

THREADS, CALLS = 8, 5_000 if DEEP else 500


def together(actions: list[Callable[[], object]]) -> None:
    """Run them all at once; raise what any raised."""
    with ThreadPoolExecutor(len(actions)) as pool:
        for future in [pool.submit(action) for action in actions]:
            future.result()


def write(log: EventLog, thread: int) -> None:
    """Single events and batches of two and three, numbered within the thread."""
    number = 0
    for call in range(CALLS):
        if call % 3 == 0:
            log.append("by", {"t": thread, "n": number, "batch": call})
            number += 1
        else:
            size = 1 + call % 3
            log.extend(
                NewEvent("by", {"t": thread, "n": number + k, "batch": call}) for k in range(size)
            )
            number += size


def assert_all_there(events: list[Event]) -> None:
    """Every event once, in each thread's order, and no batch parted."""
    assert [event.sequence for event in events] == list(range(1, len(events) + 1))
    by_thread: dict[int, list[int]] = defaultdict(list)
    at: dict[tuple[int, int], list[int]] = defaultdict(list)
    for event in events:
        by_thread[event.data["t"]].append(event.data["n"])
        at[event.data["t"], event.data["batch"]].append(event.sequence)
    each = sum(1 if call % 3 == 0 else 1 + call % 3 for call in range(CALLS))
    assert by_thread == {thread: list(range(each)) for thread in range(THREADS)}
    assert all(found == list(range(found[0], found[0] + len(found))) for found in at.values())


def test_no_event_of_eight_threads_is_lost_or_doubled_or_parted(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", sync="never", segment_events=97) as log:
        together([lambda t=t: write(log, t) for t in range(THREADS)])  # type: ignore[misc]
        assert_all_there(list(log.read()))
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        assert_all_there(list(log.read()))
    assert verify(tmp_path / "log").ok


@contextmanager
def writing(path: Path, events: int, **options: int) -> Iterator[Signal]:
    """A log that a thread fills in small batches; the signal is set when it is done."""
    done = Signal()

    def fill(log: EventLog) -> None:
        try:
            for first in range(1, events + 1, 3):
                log.extend(batch(first, 3))
        finally:
            done.set()

    with (
        EventLog.open(path, sync="never", segment_events=options.get("segment_events", 4)) as log,
        ThreadPoolExecutor(1) as pool,
    ):
        future = pool.submit(fill, log)
        yield done
        future.result()


@pytest.mark.parametrize("reverse", [False, True])
def test_readers_see_every_event_once_while_segments_are_rotated_and_sealed(
    tmp_path: Path, reverse: bool
) -> None:
    EventLog.open(tmp_path / "log").close()

    def read(done: Signal) -> None:
        while not done.is_set():
            with EventLog.open(tmp_path / "log", readonly=True) as log:
                for _ in range(10):
                    found = [event.sequence for event in log.read(reverse=reverse)]
                    assert sorted(found, reverse=reverse) == found
                    assert len(found) % 3 == 0, "a part of a batch was seen"
                    assert set(found) == set(range(1, len(found) + 1))

    with writing(tmp_path / "log", CALLS * 2) as done:
        together([lambda: read(done)] * 3)


def test_readers_of_the_writer_s_own_log_see_every_event_once(tmp_path: Path) -> None:
    done = Signal()

    def read(log: EventLog) -> None:
        seen = 0
        while not done.is_set():
            found = [event.sequence for event in log.read()]
            assert found == list(range(1, len(found) + 1))
            assert len(found) >= seen
            seen = len(found)
            assert log.info().events >= seen

    def fill(log: EventLog) -> None:
        try:
            for first in range(1, CALLS * 2, 2):
                log.extend(batch(first, 2))
        finally:
            done.set()

    with EventLog.open(tmp_path / "log", sync="never", segment_events=4) as log:
        together([lambda: fill(log), *[lambda: read(log)] * 3])


def test_followers_see_every_event_once_in_order_across_rotation_and_sealing(
    tmp_path: Path,
) -> None:
    EventLog.open(tmp_path / "log").close()
    total = CALLS * 6 // 5

    def follow() -> None:
        with EventLog.open(tmp_path / "log", readonly=True) as log:
            seen = []
            for event in log.follow(after=0, poll=0.001, timeout=20):
                seen.append(event.sequence)
                if event.sequence >= total:
                    break
            assert seen == list(range(1, total + 1))

    with writing(tmp_path / "log", total):
        together([follow] * 3)


def test_a_follower_is_not_told_of_the_past_unless_asked(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.extend(batch(1, 3))
        follower = log.follow(timeout=5, poll=0.001)
        first = next_soon(follower, lambda: log.append("test.numbered", {"n": 4}))
    assert first.data["n"] == 4


def next_soon(follower: Iterator[Event], action: Callable[[], object]) -> Event:
    """What a waiting follower gets after ``action``."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(next, follower)
        time.sleep(0.02)
        action()
        return future.result()


def test_a_follower_that_matches_nothing_ends_after_its_timeout(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        started = time.monotonic()
        assert list(log.follow(types="none", timeout=0.1, poll=0.01)) == []
        assert 0.1 <= time.monotonic() - started < 5


class SlowDisk(RecordingFiles):
    """A disk that needs some milliseconds to sync."""

    def sync(self, descriptor: int) -> None:
        with self._counting:
            self.counts["sync"] += 1
        time.sleep(0.004)


def test_threads_share_syncs(tmp_path: Path) -> None:
    files = SlowDisk()
    with EventLog.open(tmp_path / "log", files=files) as log:
        before = files.counts["sync"]

        def append() -> None:
            for number in range(50):
                log.append("test.numbered", {"n": number})

        together([append] * THREADS)
        syncs = files.counts["sync"] - before
    assert syncs < 50 * THREADS / 3, "each append synced for itself"
    assert syncs >= 50, "a thread's own appends cannot share one sync"


def test_no_append_returns_before_its_bytes_are_synced(tmp_path: Path) -> None:
    """Whatever thread's sync it was that covered them."""

    class Watching(SlowDisk):
        covered = 0
        """Bytes that were in the active segment when a sync that is over began."""

        def sync(self, descriptor: int) -> None:
            size = os.fstat(descriptor).st_size
            super().sync(descriptor)
            self.covered = max(self.covered, size)

    files = Watching()
    with EventLog.open(tmp_path / "log", files=files) as log:

        def append() -> None:
            for number in range(30):
                sequence = log.append("test.numbered", {"n": number})
                synced = active_file(log.path).read_bytes()[: files.covered]
                assert b'"sequence":"%019d"' % sequence in synced

        together([append] * 4)


def test_one_of_many_threads_wins_an_expected_sequence(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", sync="never") as log:
        won: list[int] = []

        def race() -> None:
            with suppress(ConflictError):
                won.append(log.append("test.numbered", {"n": 1}, expected_sequence=0))

        together([race] * THREADS)
    assert won == [1]
    assert numbers(tmp_path / "log") == [1]


def test_one_of_many_retries_with_the_same_id_is_stored(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", sync="never", segment_events=3) as log:
        answers: list[int] = []

        def retry() -> None:
            for number in range(20):
                answers.append(log.append("test.numbered", {"n": number}, id=f"id-{number}"))

        together([retry] * THREADS)
        assert log.head() == 20
    assert sorted(answers) == sorted(list(range(1, 21)) * THREADS)


def test_sealing_by_many_threads_seals_everything(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log", sync="never") as log:

        def seal(thread: int) -> None:
            for number in range(15):
                log.append("test.numbered", {"n": thread * 15 + number})
                head = log.head()
                log.seal()
                assert log.info().raw_bytes > 0
                with EventLog.open(log.path, readonly=True) as reader:
                    snapshot = reader.info()
                    assert snapshot.last_sequence is None or snapshot.last_sequence >= head

        together([lambda t=t: seal(t) for t in range(4)])  # type: ignore[misc]
    report = verify(tmp_path / "log")
    assert report.ok, report.faults
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        info = log.info()
    assert info.segments == info.sealed_segments + 1
    assert sorted(numbers(tmp_path / "log")) == list(range(60))


def test_closing_while_others_append_refuses_them_and_loses_nothing(tmp_path: Path) -> None:
    log = EventLog.open(tmp_path / "log", segment_events=5)
    acknowledged: list[int] = []

    def append() -> None:
        with pytest.raises(ClosedLogError):
            while True:
                acknowledged.append(log.append("test.numbered", {"n": 0}))

    def close() -> None:
        time.sleep(0.05)
        log.close()

    together([append, append, append, close])
    assert sorted(acknowledged) == [number for number, _ in enumerate(numbers(log.path), 1)]


APPEND_WITH_IDS_AND_CLOSE = """
import sys, threading, uuid
from eventlog import ClosedLogError, EventLog

def work(log, begun, kept):
    try:
        while True:
            kept.append(log.append("a", {}, id=uuid.uuid4().hex))
            begun.set()
    except ClosedLogError:
        pass

everything = []
for _ in range(30):
    log, begun = EventLog.open(sys.argv[1], sync="never"), threading.Event()
    threads = [threading.Thread(target=work, args=(log, begun, everything)) for _ in range(3)]
    for thread in threads:
        thread.start()
    begun.wait()
    log.close()
    for thread in threads:
        thread.join()
with EventLog.open(sys.argv[1], readonly=True) as log:
    assert sorted(everything) == list(range(1, log.head() + 1))
"""


def test_closing_while_others_look_ids_up_refuses_them_too(tmp_path: Path) -> None:
    """In a process of its own: SQLite takes the process along when it is closed in mid-query."""
    run(APPEND_WITH_IDS_AND_CLOSE, tmp_path / "log")


class BeforeTheLock:
    """Does something, as another thread might, the first time that a writer's lock is asked for."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, action: Callable[[], object]) -> None:
        lock = LogWriter.lock

        def first(writer: LogWriter) -> Lock:
            monkeypatch.setattr(LogWriter, "lock", lock)
            action()
            return lock(writer)

        monkeypatch.setattr(LogWriter, "lock", first)


def test_two_threads_that_look_up_first_share_what_they_look_it_up_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        BeforeTheLock(monkeypatch, lambda: log.append("a", {}, id="one"))
        assert log.append("a", {}, id="two") == 2
        assert log.append("a", {}, id="one") == 1


def test_a_log_that_is_closed_before_a_look_up_has_its_turn_refuses_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = EventLog.open(tmp_path / "log")
    log.append("a", {}, id="one")
    BeforeTheLock(monkeypatch, log.close)
    with pytest.raises(ClosedLogError):
        log.append("a", {}, id="two")
    with EventLog.open(log.path, readonly=True) as reader:
        assert reader.head() == 1
