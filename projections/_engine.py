"""Folding a log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TypeVar

from eventlog import Event, EventLog
from projections._protocol import Projection

State = TypeVar("State")
Result = TypeVar("Result")

AsOf = int | datetime | None
"""A moment of the log: the last sequence to count, or the last time; None for now."""


def fold(projection: Projection[State, Result], events: Iterable[Event]) -> State:
    """The state after these events."""
    state, apply, types = projection.initial(), projection.apply, projection.types
    for event in events:
        if types is None or event.type in types:
            state = apply(state, event)
    return state


def project(log: EventLog, projection: Projection[State, Result], as_of: AsOf = None) -> Result:
    """The projection's answer, for the whole log or ``as_of`` a sequence or a time (inclusive).

    DamagedLogError when the log is damaged: an answer from part of it would look like an answer.
    """
    until = as_of if isinstance(as_of, int) else None
    before = _after(as_of) if isinstance(as_of, datetime) else None
    events = log.read(until=until, before=before, types=projection.types)
    return projection.result(fold(projection, events))


def _after(moment: datetime) -> datetime | None:
    """The first moment that is too late; None when no time is."""
    try:
        return moment + timedelta(microseconds=1)
    except OverflowError:
        return None
