"""What the project wants to reach: each goal is a ratio of two figures, or a limit for one."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from benchmarks._frame import MILLISECONDS, P999, PEAK, SECONDS, US, Figure

Shown = Literal["times", "faster", "share", "value"]


@frozen
class Goal:
    """``ours`` divided by ``peer`` shall be ``at_most``; without a peer, ``ours`` shall."""

    work: str
    ours: Figure
    peer: Figure | None
    at_most: float
    shown: Shown = "times"
    """How the ratio is told: 1.6 times as much, 10 times faster, 2 % of it, or as a value."""


def _faster(work: str, ours: str, peer: str, times: float, unit: str = US) -> Goal:
    return Goal(work, (ours, unit), (peer, unit), 1 / times, "faster")


def _times(work: str, ours: str, peer: str, times: float, unit: str = US) -> Goal:
    return Goal(work, (ours, unit), (peer, unit), times)


def _share(work: str, ours: str, peer: str, part: float) -> Goal:
    return Goal(work, (ours, SECONDS), (peer, SECONDS), part, "share")


def _value(work: str, ours: str, unit: str, at_most: float) -> Goal:
    return Goal(work, (ours, unit), None, at_most, "value")


_NEVER = "append, one call per event, sync never"
_ALWAYS = "append, one call per event, sync always"
_EXTEND, _OURS_1000 = "extend of 1000, fsynced", "extend of 1000, sync always"
_THREADS = "16 threads, sync always"
_PROCESSES = "8 processes, rotation on"
_SEALING = "p99.9 of append while a segment is sealed"
_AREAS = "cold replay of one selective projection, two cores"
_SUMMARIES = "cold replay of the session summaries"
_AGAIN = "the same question after 1 % new events"
_GROWN = "replay of ten times as many events"
_OPENING = "opening many segments"

GOALS = [
    _times(_NEVER, "append, sync never", "encode and os.write", 1.6),
    _faster(_NEVER, "append, rotating and compressing", "loguru, rotating and compressing", 10),
    _faster(_NEVER, "append, sync never", "structlog, orjson", 2),
    _times(_ALWAYS, "append, sync always", "write and fdatasync", 1.25),
    _faster(_ALWAYS, "append, sync always", "SQLite WAL, FULL", 1),
    _faster(_ALWAYS, "append, sync always", "eventsourcing, SQLite", 4),
    _faster(_EXTEND, _OURS_1000, "SQLite WAL, FULL, 1000 per transaction", 1),
    _faster(_EXTEND, _OURS_1000, "UmaDB, 1000 per call", 1),
    _times(_EXTEND, _OURS_1000, "encode and buffered write", 1.3),
    _faster(_THREADS, "16 threads", "1 thread", 2),
    _faster(_THREADS, "16 threads, fsync of 1 ms", "1 thread, fsync of 1 ms", 8),
    _value(_PROCESSES, "8 processes", "lost or doubled", 0),
    _faster(_PROCESSES, "8 processes", "1 process", 1),
    _times(_SEALING, "sync never, while sealing", "sync never, nothing to seal", 2, P999),
    _times(_SEALING, "sync always, while sealing", "sync always, nothing to seal", 2, P999),
    _faster(_AREAS, "area totals, two processes", "area totals, DuckDB, two threads", 1, SECONDS),
    _faster(_SUMMARIES, "summaries, one process", "summaries, standard json", 4, SECONDS),
    _faster(_SUMMARIES, "summaries, two processes", "summaries, one process", 1.8, SECONDS),
    _share(_AGAIN, "area totals, 1 % more", "area totals, first time", 0.02),
    _share(_AGAIN, "summaries, 1 % more", "summaries, first time", 0.02),
    _faster(_AGAIN, "area totals, 1 % more", "area totals, 1 % more, DuckDB", 20, SECONDS),
    _value(_GROWN, "10,000,000 events, every event read", PEAK, 200),
    _value(_GROWN, "10,000,000 events, session summaries", PEAK, 200),
    _times(_GROWN, "10,000,000 events, every event read", "1,000,000 events, every event read",
           10.5, SECONDS),
    _times(_GROWN, "10,000,000 events, session summaries", "1,000,000 events, session summaries",
           10.5, SECONDS),
    _value(_OPENING, "open, many segments", MILLISECONDS, 100),
    _value(_OPENING, "read one event by sequence, many segments", MILLISECONDS, 5),
    _value("opening a log with a full active segment", "open, large active segment", MILLISECONDS,
           1000),
    _times("compressed size", "sealed segments", "zstd -3, one frame", 1.05, "bytes/event"),
    _value("start-up", "import eventlog", MILLISECONDS, 80),
    _value("start-up", "from eventlog import EventLog", MILLISECONDS, 80),
    _value("start-up", "eventlog --help", MILLISECONDS, 200),
]  # fmt: skip
