"""What has to hold after any crash: the log opens, with all that it promised, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from eventlog import DamagedLogError, Event, EventLog, EventLogError, verify
from tests.faults.crash_states import CrashState
from tests.faults.tally import TALLY
from tests.faults.tracing import Promise
from tests.faults.work import new_event
from tests.support.files import UnsyncedFiles


def assert_survived(root: Path, state: CrashState) -> None:
    """Put a crash state into an empty directory, and check all of it."""
    state.put(root)
    torn = state.promise.torn
    in_files = any(torn in data for data in state.files.values())
    assert in_files or not torn, "the torn bytes are nowhere"
    try:
        assert_reopens(root / "log", state.promise, state.events_promised)
    except DamagedLogError as refusal:
        if not state.reordered:
            raise AssertionError("opening was refused") from refusal
        assert_readable(root / "log", state.promise, state.events_promised)
        TALLY["crash states that were refused, for a later unsynced batch had overtaken"] += 1


def assert_reopens(path: Path, promise: Promise, promised: int) -> None:
    """Opening mends it, once; then it holds what was promised, is sound, and goes on."""
    if promise.created:
        assert (path / "log.json").exists(), "the log itself is gone"
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        events = list(log.read())
        assert_right(events, promise, promised)
    mended = _everything(path)
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        assert _everything(path) == mended, "a second opening changed something"
        assert not log.torn
        number = log.head() + 1
        assert log.extend([new_event(number), new_event(number + 1)]) == [number, number + 1]
        assert_right(list(log.read()), promise, promised, ours=(number, 2))
    report = verify(path)
    assert report.ok, report.faults[:3]
    assert report.events == len(events) + 2, "verify counts other events"


def assert_readable(path: Path, promise: Promise, promised: int) -> None:
    """What the log refuses to write to, it still reads: all that was promised."""
    with EventLog.open(path, readonly=True) as log:
        events = list(log.read(on_damage=lambda _: None))
    assert_right([event for event in events if event.sequence <= promised], promise, promised)


def assert_right(
    events: list[Event], promise: Promise, promised: int, ours: tuple[int, int] | None = None
) -> None:
    """Every promised event, none twice, none made up, and each batch whole."""
    first = events[0].sequence if events else 1
    last = first + len(events) - 1
    assert last >= promised, f"{promised - last} acknowledged events are gone"
    assert first - 1 in promise.prunings, f"what was before event {first} is gone"
    assert first > promise.pruned, f"event {first} was pruned, and came back"
    for number, event in enumerate(events, first):
        expected = new_event(number)
        assert event.sequence == number, "sequences are not gapless"
        assert (event.type, event.data, event.subject, event.time) == (
            expected.event, expected.data, expected.subject, expected.time,
        ), f"event {number} is not what was written"  # fmt: skip
        assert event.id == f"given-{number}" or event.id.endswith(f"-{number}")
    allowed = promise.batches | ({ours} if ours else set())
    for batch in _batches(events):
        assert batch in allowed, f"{batch} was never a batch"


def _batches(events: list[Event]) -> Iterator[tuple[int, int]]:
    first = events[0].sequence if events else 1
    for event in events:
        if event.commit is not None:
            yield first, event.commit
            assert event.sequence == first + event.commit - 1, "a batch is not whole"
            first = event.sequence + 1
    assert not events or first == events[-1].sequence + 1, "the last batch is not whole"


def _everything(path: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}


def failure_of(root: Path, state: CrashState) -> str | None:
    """Why this crash state is not survived; None when it is."""
    try:
        assert_survived(root, state)
    except (AssertionError, EventLogError, OSError) as error:
        return f"{type(error).__name__}: {error}" + _cause(error)
    return None


def _cause(error: BaseException) -> str:
    return f" ({error.__cause__})" if error.__cause__ else ""
