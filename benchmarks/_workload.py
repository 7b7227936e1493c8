"""The events that everything here writes and asks for: the same on every machine.

What happens is the sample's: farming runs, agents, practice, shells and recovering workers, with
tasks, files, tools, areas, metrics and states. To whom it happens follows Zipf's law: each session
of the sample goes on in the one that Zipf's law draws among as many, so that a few sessions hold
much of the log and most hold little.
"""

from __future__ import annotations

import sys
from bisect import bisect
from collections.abc import Iterator
from itertools import accumulate, islice
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from eventlog import STANDARD_TYPES, EventLog, NewEvent
from sessions.sample import sample_events

_SEED = 17
_FEWEST = 40
"""Events that a session of the sample has at least, on average: it is about 64."""

BATCH = 1000
LINE_BYTES = 290
"""About what an event takes in a segment; the pages of results state the exact mean."""


class Plain(msgspec.Struct, gc=False):
    """An event as a program has it in hand, before any library knows of it."""

    type: str
    subject: str
    source: str
    data: dict[str, Any]


def workload(count: int) -> Iterator[NewEvent]:
    """That many events, with the times at which they happened."""
    sessions = 20 + count // _FEWEST
    subject_of = _Subjects(sessions)
    for one in islice(sample_events(sessions), count):
        yield NewEvent(one.event, None, subject_of(one.subject), one.source, None, one.time)


class _Subjects:
    """Zipf's law: the session of rank 2 is drawn half as often as that of rank 1, and so on."""

    def __init__(self, ranks: int) -> None:
        self._sums = list(accumulate(1 / rank for rank in range(1, ranks + 1)))
        self._random = Random(_SEED).random  # its results are the same in every version of Python
        self._known: dict[str | None, str] = {}

    def __call__(self, sample_subject: str | None) -> str:
        known = self._known.get(sample_subject)
        if known is None:
            rank = bisect(self._sums, self._random() * self._sums[-1]) + 1
            kind = str(sample_subject).partition("-")[0]
            known = self._known[sample_subject] = f"{kind}-{rank:04d}"
        return known


def plain_events(count: int) -> Iterator[Plain]:
    """The same without times: what is appended as it happens."""
    for new in workload(count):
        name, _, data = STANDARD_TYPES.dump(new.event)
        yield Plain(name, str(new.subject), str(new.source), data)


def save_plain(path: Path, count: int) -> None:
    """Keep :func:`plain_events` in a file, for the processes that write them."""
    encode = msgspec.json.Encoder().encode
    with path.open("wb") as file:
        file.writelines(encode(one) + b"\n" for one in plain_events(count))


def load_plain(
    path: Path, limit: int | None = None, *, start: int = 0, step: int = 1
) -> list[Plain]:
    """What :func:`save_plain` kept: the first ``limit``, of these each ``step``-th one."""
    decode = msgspec.json.Decoder(Plain).decode
    with path.open("rb") as file:
        return [decode(line) for line in islice(file, start, limit, step)]


def write_log(path: Path, count: int, *, segments: int | None = None) -> None:
    """A log of the workload, sealed: in that many segments, or in those of the default size."""
    most = None if segments is None else -(-count // segments)
    write_events(path, workload(count), segment_events=most)
    with EventLog.open(path, sync="never") as log:
        log.seal()


def write_events(
    path: Path, events: Iterator[NewEvent], *, segment_events: int | None = None
) -> None:
    """Append the events, a thousand at a time, or as many as the segment still takes."""
    room = most = segment_events or sys.maxsize
    with EventLog.open(path, sync="never", segment_events=segment_events) as log:
        while batch := list(islice(events, min(BATCH, room))):
            log.extend(batch)
            room = room - len(batch) or most


def line_bytes(path: Path) -> float:
    """Mean bytes of a line of a log, its LF included."""
    with EventLog.open(path, readonly=True) as log:
        info = log.info()
        return info.raw_bytes / info.events
