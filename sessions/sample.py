"""Made-up session activity that looks like the real thing: for trying out, tests and benchmarks.

The same seed gives the same events, whatever the process, the platform and the version of Python.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush, heapreplace
from itertools import islice
from random import Random

from eventlog import EventLog, NewEvent
from sessions._sample._arrivals import arrivals
from sessions._sample._draw import pick_ranked, session_seconds
from sessions._sample._kinds import kind_of
from sessions._sample._twists import twisted

__all__ = ["sample_events", "write_sample"]

_START = datetime(2026, 2, 2, 8, tzinfo=UTC)
_FOREVER = 1 << 63  # microseconds

_Running = tuple[int, int, object, "_Session"]
"""When its next event is due (microseconds), its number (which breaks ties), the event, itself."""


def sample_events(sessions: int, *, seed: int = 17, start: datetime = _START) -> Iterator[NewEvent]:
    """The events of that many sessions, about 60 each, in the order in which they happen.

    Farming runs, working agents, practice sessions, recovering workers and shells go on side by
    side over up to three weeks after ``start`` (aware). Each session has a ``subject`` of its own.
    Some are never ended, some carry a note, and now and then a clock is set back, so that a time
    may be earlier than the one before it.

    Memory holds the sessions that are running at one time, however many there are in all.
    """
    if start.tzinfo is None:
        raise ValueError("start has no time zone: give an aware datetime")
    return _merged(_openings(sessions, seed), start.astimezone(UTC))


def write_sample(
    log: EventLog,
    sessions: int,
    *,
    seed: int = 17,
    batch: int = 500,
    progress: Callable[[int], None] | None = None,
) -> int:
    """Append :func:`sample_events` to the log, ``batch`` events at a time; how many there were.

    ``progress`` is called after each batch with the number of events in it.
    """
    if batch < 1:
        raise ValueError(f"batch must be at least 1, not {batch}")
    events, written = sample_events(sessions, seed=seed), 0
    while chunk := list(islice(events, batch)):
        log.extend(chunk)
        written += len(chunk)
        if progress is not None:
            progress(len(chunk))
    return written


class _Session:
    """One running session. Its events depend on seed and number alone, not on the others."""

    __slots__ = ("source", "steps", "subject")

    def __init__(self, seed: int, number: int) -> None:
        draw = Random(seed * 1_000_003 + number).random
        kind = kind_of(number)
        self.subject = f"{kind.name}-{number + 1:04d}"
        self.source = pick_ranked(draw, kind.sources)
        self.steps = twisted(number, draw, kind.steps(draw, kind.length * session_seconds(draw)))


def _openings(sessions: int, seed: int) -> Iterator[_Running]:
    """Each session with its first event, in order of time."""
    for number, begin in enumerate(arrivals(Random(seed).random, sessions)):
        session = _Session(seed, number)
        wait, event = next(session.steps)
        yield int((begin + wait) * 1e6), number, event, session


def _merged(openings: Iterator[_Running], start: datetime) -> Iterator[NewEvent]:
    running: list[_Running] = []
    for opening in openings:
        yield from _until(opening[0], running, start)
        heappush(running, opening)
    yield from _until(_FOREVER, running, start)


def _until(moment: int, running: list[_Running], start: datetime) -> Iterator[NewEvent]:
    """What is due before that moment. Takes ended sessions out of the heap ``running``."""
    while running and running[0][0] < moment:
        due, number, event, session = running[0]
        time = start + timedelta(microseconds=due)
        yield NewEvent(event, None, session.subject, session.source, None, time)
        following = next(session.steps, None)
        if following is None:
            heappop(running)
        else:
            wait, event = following
            heapreplace(running, (due + int(wait * 1e6), number, event, session))
