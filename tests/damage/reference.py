"""A small log to damage, as bytes by file name, and every state that it had before.

Its first segment was pruned; then come three sealed segments, a raw one that waits to be sealed,
and the active one. In them are batches of one and two, given ids, extensions, events without a
subject, text beyond ASCII.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from attrs import frozen

from eventlog import EventLog, NewEvent, prune
from eventlog._files import Files as FileLayer
from eventlog._identity import Identity, write_identity
from eventlog._names import raw_name
from tests.support.files import UnsyncedFiles

Files = dict[str, bytes]
"""A log: the content of each file that verifying looks at, by its name in the directory."""

LOG_JSON = "log.json"
MANIFEST = "manifest.jsonl"
_START = datetime(2026, 2, 6, 12, 34, 56, 789012, UTC)

# How many events each batch of each segment has.
_SEALED = ((1, 1), (1, 2), (2,), (1, 1))
_WAITING = (2, 1)
_ACTIVE = (1, 2, 1)
_PRUNED_EVENTS = sum(_SEALED[0])
EVENTS = sum(map(sum, [*_SEALED, _WAITING, _ACTIVE]))


@frozen
class Reference:
    """A sound log, and the states that it had while it was written."""

    files: Files
    earlier: list[Files]
    """Healthy logs, too: whoever puts one of them in place is not found out (docs/log-format.md,
    "Downsides")."""

    @property
    def segments(self) -> list[str]:
        """The names of the segments, in order; the active one comes last."""
        return sorted(name for name in self.files if name.startswith("segments/"))


def reference_log(directory: Path, log_id: str, *, pruned: bool = True) -> Reference:
    """The log with this id. Not ``pruned``, it has no segment that waits to be sealed, either."""
    (directory / "segments").mkdir(parents=True)
    (directory / "segments" / raw_name(1)).touch()
    identity = Identity(1, log_id, "2026-02-06T12:00:00.000000Z")
    write_identity(directory, identity, FileLayer())
    states = list(_states(directory, pruned))
    *earlier, files = _waiting_again(states) if pruned else states
    return Reference(files, earlier)


def _states(path: Path, pruned: bool) -> Iterator[Files]:
    """What is on the disk after each step of writing the log."""
    numbers = count(1)
    for sizes in _SEALED:
        yield from _batches(path, sizes, numbers)
        _seal(path)
        yield content_of(path)
    if pruned:
        before = content_of(path)
        kept = sum(map(sum, _SEALED)) - _PRUNED_EVENTS
        prune(path, keep_events=kept, files=UnsyncedFiles())
        yield before | content_of(path)  # cut short before the file is deleted
        yield content_of(path)
    yield from _batches(path, _WAITING, numbers)
    _seal(path)
    yield content_of(path)
    yield from _batches(path, _ACTIVE, numbers)


def _batches(path: Path, sizes: tuple[int, ...], numbers: Iterator[int]) -> Iterator[Files]:
    for size in sizes:
        with EventLog.open(path, files=UnsyncedFiles()) as log:
            log.extend([_event(next(numbers)) for _ in range(size)])
        yield content_of(path)


def _seal(path: Path) -> None:
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        log.seal()


def _waiting_again(states: list[Files]) -> list[Files]:
    """The same states, as if the segment that was sealed last had not been sealed yet."""
    sealed = max(name for name in states[-1] if name.endswith(".zst"))
    raw = sealed.removesuffix(".zst")
    content = [state[raw] for state in states if raw in state][-1]
    return [_unsealed(state, sealed, content) if sealed in state else state for state in states]


def _unsealed(state: Files, sealed: str, content: bytes) -> Files:
    lines = state[MANIFEST].splitlines(keepends=True)
    others = {name: data for name, data in state.items() if name != sealed}
    return others | {MANIFEST: b"".join(lines[:-1]), sealed.removesuffix(".zst"): content}


def content_of(path: Path) -> Files:
    """The files of a log that verifying looks at."""
    names = [LOG_JSON, MANIFEST, *(f"segments/{file.name}" for file in path.glob("segments/*"))]
    return {name: (path / name).read_bytes() for name in names if (path / name).exists()}


def _event(number: int) -> NewEvent:
    return NewEvent(
        ("task.started", "note", "metric.recorded")[number % 3],
        {"n": number, "text": "Straße 🙂\n" * (number % 2)},
        subject=None if number % 4 == 0 else f"s-{number % 3}",
        source="agent/4",
        id=f"given-{number}" if number % 5 == 0 else None,
        time=_START + timedelta(seconds=number * (-1) ** number),
        extensions={"flag": True, "n": -number, "traceparent": "00-1f"} if number % 3 == 0 else {},
    )
