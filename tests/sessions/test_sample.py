"""The sample: the same for the same seed, lifelike, valid, and never held in memory as a whole."""

from __future__ import annotations

import hashlib
import json
import tracemalloc
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path

import pytest

from eventlog import (
    STANDARD_TYPES,
    AreaVisited,
    CrashDetected,
    Event,
    EventLog,
    FileRead,
    FileWritten,
    MetricRecorded,
    NewEvent,
    RecoveryCompleted,
    SessionAnnotated,
    SessionEnded,
    SessionStarted,
    SessionSummarized,
    StateSaved,
    TaskCompleted,
    TaskStarted,
    ToolCalled,
)
from sessions.sample import sample_events, write_sample

STANDARD_CLASSES = {
    AreaVisited,
    CrashDetected,
    FileRead,
    FileWritten,
    MetricRecorded,
    RecoveryCompleted,
    SessionAnnotated,
    SessionEnded,
    SessionStarted,
    SessionSummarized,
    StateSaved,
    TaskCompleted,
    TaskStarted,
    ToolCalled,
}
KINDS = {"agent", "farming", "practice", "recovery", "shell"}
MANY = 300

Plain = tuple[str | None, str | None, str, datetime | None, dict[str, object]]


@pytest.fixture(scope="module")
def many() -> list[NewEvent]:
    return list(sample_events(MANY))


@pytest.fixture(scope="module")
def by_session(many: list[NewEvent]) -> dict[str, list[NewEvent]]:
    return grouped(many)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EventLog]:
    with EventLog.open(tmp_path / "log", sync="never", segment_bytes=1 << 18) as opened:
        yield opened


def grouped(events: Iterable[NewEvent]) -> dict[str, list[NewEvent]]:
    sessions: dict[str, list[NewEvent]] = defaultdict(list)
    for new in events:
        assert new.subject is not None
        sessions[new.subject].append(new)
    return dict(sessions)


def of(events: Iterable[NewEvent], cls: type) -> list[NewEvent]:
    return [new for new in events if isinstance(new.event, cls)]


def moment(new: NewEvent) -> datetime:
    assert new.time is not None
    return new.time


def plain(new: NewEvent) -> Plain:
    type_, _, data = STANDARD_TYPES.dump(new.event)
    return new.source, new.subject, type_, new.time, data


def plain_stored(event: Event) -> Plain:
    return event.source, event.subject, event.type, event.time, event.data


# The same again


def test_the_same_seed_gives_the_same_events(many: list[NewEvent]) -> None:
    assert list(sample_events(MANY)) == many


def test_the_events_are_the_same_in_every_process_and_python() -> None:
    """A new digest means other events: results measured on the old sample no longer compare."""
    digest = hashlib.sha256()
    for new in sample_events(40):
        digest.update(json.dumps(plain(new), default=datetime.isoformat).encode())
    assert digest.hexdigest()[:16] == "e4db84e1e18a666d"


def test_another_seed_gives_other_events() -> None:
    assert list(sample_events(5, seed=18)) != list(sample_events(5, seed=17))


def test_a_session_is_the_same_however_many_come_after_it(
    by_session: dict[str, list[NewEvent]],
) -> None:
    few = grouped(sample_events(30))
    assert few == {subject: by_session[subject] for subject in few}


def test_start_moves_all_events_alike() -> None:
    later = datetime(2027, 5, 1, 9, tzinfo=timezone(timedelta(hours=2)))
    moved = [moment(new) - later for new in sample_events(10, start=later)]
    default = datetime(2026, 2, 2, 8, tzinfo=UTC)
    assert moved == [moment(new) - default for new in sample_events(10)]


def test_a_start_without_a_time_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        sample_events(1, start=datetime(2026, 1, 1))


def test_no_sessions_give_no_events() -> None:
    assert list(sample_events(0)) == []


# Lifelike


def test_every_session_has_a_subject_of_its_own(by_session: dict[str, list[NewEvent]]) -> None:
    assert len(by_session) == MANY
    assert all(len({new.source for new in events}) == 1 for events in by_session.values())


def test_every_kind_occurs_in_a_sample_of_five() -> None:
    assert {str(new.source).split("/")[0] for new in sample_events(5)} == KINDS


def test_every_standard_type_occurs(many: list[NewEvent]) -> None:
    assert {type(new.event) for new in many} == STANDARD_CLASSES


def test_sessions_are_interleaved(many: list[NewEvent]) -> None:
    switches = sum(one.subject != next_.subject for one, next_ in pairwise(many))
    assert switches > len(many) / 3


def test_a_session_has_about_sixty_events(many: list[NewEvent]) -> None:
    assert 50 < len(many) / MANY < 70


def test_sessions_last_from_minutes_to_hours(by_session: dict[str, list[NewEvent]]) -> None:
    lengths = sorted(moment(events[-1]) - moment(events[0]) for events in by_session.values())
    assert lengths[MANY // 20] < timedelta(minutes=10)
    assert timedelta(minutes=20) < lengths[MANY // 2] < timedelta(hours=1)
    assert timedelta(hours=3) < lengths[-5] and lengths[-1] < timedelta(hours=24)


def test_a_few_sources_have_most_of_the_sessions(by_session: dict[str, list[NewEvent]]) -> None:
    sessions = Counter(events[0].source for events in by_session.values())
    top = sum(count for _, count in sessions.most_common(len(sessions) // 4))
    assert top > MANY / 2


def test_a_session_starts_first_and_only_a_note_follows_its_end(
    by_session: dict[str, list[NewEvent]],
) -> None:
    for events in by_session.values():
        kinds = [type(new.event) for new in events]
        assert kinds[0] is SessionStarted
        if SessionEnded in kinds:
            assert set(kinds[kinds.index(SessionEnded) + 1 :]) <= {SessionAnnotated}


def test_a_few_sessions_stay_open(by_session: dict[str, list[NewEvent]]) -> None:
    still_open = [events for events in by_session.values() if not of(events, SessionEnded)]
    assert 5 < len(still_open) < MANY / 8


def test_some_workers_crash_and_stay_so(by_session: dict[str, list[NewEvent]]) -> None:
    lasts = [type(events[-1].event) for events in by_session.values()]
    assert lasts.count(CrashDetected) >= 3


def test_a_few_sessions_carry_a_note(many: list[NewEvent]) -> None:
    assert 5 < len(of(many, SessionAnnotated)) < MANY / 8


def test_some_notes_and_task_names_are_not_ascii(many: list[NewEvent]) -> None:
    assert any(not note.event.notes.isascii() for note in of(many, SessionAnnotated))  # type: ignore[attr-defined]
    assert any(not task.event.task.isascii() for task in of(many, TaskStarted))  # type: ignore[attr-defined]


def test_some_tasks_never_complete_and_some_complete_without_a_start(
    by_session: dict[str, list[NewEvent]],
) -> None:
    surplus: Counter[int] = Counter()
    for events in by_session.values():
        surplus[len(of(events, TaskStarted)) - len(of(events, TaskCompleted))] += 1
    assert any(difference > 0 for difference in surplus)
    assert any(difference < 0 for difference in surplus)


def test_the_clock_jumps_back_a_few_seconds_once_or_twice(many: list[NewEvent]) -> None:
    steps = [moment(later) - moment(earlier) for earlier, later in pairwise(many)]
    back = [step for step in steps if step < timedelta(0)]
    assert 1 <= len(back) <= 2
    assert all(step > -timedelta(seconds=10) for step in back)


def test_times_are_utc_and_fall_into_some_weeks() -> None:
    start = datetime(2026, 2, 2, 8, tzinfo=UTC)
    for sessions in (10, 2000):
        times = [moment(new) for new in sample_events(sessions)]
        assert {time.tzinfo for time in times} == {UTC}
        assert start <= min(times) <= max(times) < start + timedelta(weeks=4)


def test_microseconds_take_all_values(many: list[NewEvent]) -> None:
    assert len({moment(new).microsecond % 1000 for new in many}) == 1000


def test_memory_holds_only_what_runs_at_one_time() -> None:
    for _ in sample_events(5):
        pass
    tracemalloc.start()
    try:
        events = sum(1 for _ in sample_events(1000))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert events > 50_000
    assert peak < 1 << 20


# Written


def test_every_event_reads_back_as_it_was(log: EventLog, many: list[NewEvent]) -> None:
    assert write_sample(log, MANY) == len(many)
    assert log.info().segments > 10
    assert [plain_stored(event) for event in log.read()] == [plain(new) for new in many]


def test_stored_events_load_as_the_typed_ones(log: EventLog) -> None:
    write_sample(log, 20)
    assert [log.types.load(event) for event in log.read()] == [
        new.event for new in sample_events(20)
    ]


def test_a_line_has_about_280_bytes(log: EventLog) -> None:
    written = write_sample(log, 100)
    assert 230 < sum(len(line) + 1 for line, _ in log.scan()) / written < 330


@pytest.mark.parametrize("batch", [1, 7, 10_000])
def test_the_batch_size_changes_no_event(log: EventLog, batch: int) -> None:
    write_sample(log, 10, batch=batch)
    assert [plain_stored(event) for event in log.read()] == [plain(n) for n in sample_events(10)]


def test_the_seed_reaches_the_log(log: EventLog) -> None:
    write_sample(log, 5, seed=3)
    assert [plain_stored(e) for e in log.read()] == [plain(n) for n in sample_events(5, seed=3)]


def test_progress_is_told_the_size_of_each_batch(log: EventLog) -> None:
    sizes: list[int] = []
    written = write_sample(log, 10, batch=50, progress=sizes.append)
    assert sum(sizes) == written
    assert set(sizes[:-1]) == {50}


def test_a_batch_of_nothing_is_refused(log: EventLog) -> None:
    with pytest.raises(ValueError, match="batch"):
        write_sample(log, 1, batch=0)
