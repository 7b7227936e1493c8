"""Asking a log: partials of sealed segments, a fold of the rest, one merge in order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from datetime import datetime, timedelta
from typing import Any, TypeVar

from eventlog import EventLog, SealedEntry
from eventlog._collector import collector_paused
from projections._fold import fold_lists
from projections._keyed import KeyedProjection
from projections._partials import Partials
from projections._protocol import Projection
from projections._rows import rows_by_key

State = TypeVar("State")
Result = TypeVar("Result")

AsOf = int | datetime | None
"""A moment of the log: the last sequence to count, or the last time; None for now."""


def project(
    log: EventLog,
    projection: Projection[State, Result],
    as_of: AsOf = None,
    executor: Executor | None = None,
) -> Result:
    """The projection's answer, for the whole log or ``as_of`` a sequence or a time (inclusive).

    Sealed segments never change, so their states are kept in the log's cache. With an ``executor``
    (any of ``concurrent.futures``) missing ones are computed there. The answer is the same in every
    case, to the byte of its JSON.

    DamagedLogError when a part that has to be read is damaged: an answer from the rest would look
    like an answer. ProjectionError when the projection fails on an event, or its state cannot be
    written as JSON and read back. OSError when there are very many keys, and no room for temporary
    files.
    """
    same: Any = projection
    is_plain = as_of is None and not log.has_upcasters
    if is_plain and isinstance(same, KeyedProjection) and same.answers_by_key:
        with collector_paused():
            rows: Any = list(rows_by_key(Partials.of(log, same, executor), same, log.sealed()))
        return rows  # type: ignore[no-any-return]
    state = state_of(log, projection, as_of, executor)
    with collector_paused():
        return projection.result(state)


def state_of(
    log: EventLog,
    projection: Projection[State, Any],
    as_of: AsOf = None,
    executor: Executor | None = None,
) -> State:
    """The state behind :func:`project`'s answer."""
    partials = Partials.of(log, projection, executor)
    state: State
    if log.has_upcasters:
        # Neither the cache nor another process knows this log's upcasters.
        moment = as_of if isinstance(as_of, datetime) else None
        until = as_of if isinstance(as_of, int) else None
        state = fold_on(partials, projection.initial(), after=0, until=until, moment=moment)
        return state
    if isinstance(as_of, datetime):
        state = _as_of_time(partials, as_of)
    else:
        state = _as_of_sequence(partials, as_of)
    return state


def fold_sealed(
    log: EventLog,
    projection: Projection[Any, Any],
    as_of: AsOf = None,
    executor: Executor | None = None,
) -> None:
    """Keep what the cache lacks of the sealed segments before ``as_of``; no answer is made of it.

    For whoever asks next, and for answers that are too large to be merged here. Errors are those of
    :func:`project`.
    """
    if log.has_upcasters:
        return  # the cache knows nothing of them
    partials = Partials.of(log, projection, executor)
    for _ in partials.each([entry for entry in log.sealed() if is_before(entry, as_of)]):
        pass


def is_before(entry: SealedEntry, as_of: AsOf) -> bool:
    """Whether all of a segment counts."""
    if isinstance(as_of, datetime):
        return _time(entry.last_time) <= as_of
    return as_of is None or entry.last_sequence <= as_of


def _as_of_sequence(partials: Partials, until: int | None) -> Any:
    sealed = partials.log.sealed()
    entries = [entry for entry in sealed if is_before(entry, until)]
    state = partials.merged(entries, earlier=len(entries) < len(sealed))
    if len(entries) == len(sealed):
        return partials.projection.merge(state, partials.since(entries, until))
    reached = entries[-1].last_sequence if entries else partials.log.pruned_to()
    return fold_on(partials, state, after=reached, until=until)


def _as_of_time(partials: Partials, moment: datetime) -> Any:
    merge, state = partials.projection.merge, partials.projection.initial()
    for one in stretches_until(partials, moment):
        state = merge(state, one)
    return state


def stretches_until(partials: Partials, moment: datetime) -> Iterator[Any]:
    """The states of the stretches that lie before a moment, in order.

    Clocks jump, so any segment may hold any time; the manifest says which lie on one side.
    """
    entries, initial = partials.log.sealed(), partials.projection.initial
    wholes = partials.each([entry for entry in entries if is_before(entry, moment)])
    for entry in entries:
        if is_before(entry, moment):
            yield next(wholes)
        elif _time(entry.first_time) <= moment:
            before, last = entry.first_sequence - 1, entry.last_sequence
            yield fold_on(partials, initial(), after=before, until=last, moment=moment)
    reached = entries[-1].last_sequence if entries else 0
    yield fold_on(partials, initial(), after=reached, moment=moment)


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def fold_on(
    partials: Partials,
    state: Any,
    *,
    after: int,
    until: int | None = None,
    moment: datetime | None = None,
) -> Any:
    """``state``, and what the events of one stretch add to it."""
    projection = partials.projection
    lists = partials.log.read_lists(
        after=after,
        until=until,
        before=None if moment is None else _behind(moment),
        types=projection.types,
    )
    new = fold_lists(projection, lists)
    partials.codec.dump_checked(new, until)  # or it would only fail once the segment is sealed
    return projection.merge(state, new)


def _behind(moment: datetime) -> datetime | None:
    """The first moment that is too late; None when no time is."""
    try:
        return moment + timedelta(microseconds=1)
    except OverflowError:
        return None
