"""Answers that are too many rows for a list, one row at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from datetime import datetime
from itertools import chain, islice
from typing import TypeGuard, TypeVar

from eventlog import Event, EventLog, SealedEntry
from projections._engine import AsOf, fold_on, is_before, project, stretches_until
from projections._fold import fold
from projections._grouping import Grouping
from projections._keyed import KeyedProjection
from projections._partials import Partials
from projections._rows import rows_by_key
from projections._states import StateCodec

State = TypeVar("State")
Row = TypeVar("Row")

_AT_ONCE = 1 << 17
"""So many events, where there are no segments to go by."""
_UNKNOWN_BYTES = 4 << 30


def iter_rows(
    log: EventLog,
    projection: KeyedProjection[State, Row],
    as_of: AsOf = None,
    executor: Executor | None = None,
) -> Iterator[Row]:
    """The rows of :func:`project`'s answer, one at a time, in memory that does not grow with them.

    States are held for one segment at a time. Very many keys are grouped in temporary files, in
    the directory that ``TMPDIR`` names; they are gone afterwards, even after a kill. What the log
    holds when the first row is asked for is what counts. A projection with a ``merge`` or a
    ``result`` of its own makes its whole answer first.

    Errors are those of :func:`project`, and OSError when there is no room for temporary files;
    they come when the first row is asked for, or later.

        for summary in iter_rows(log, SessionSummaries()):
            print(summary.subject, summary.status)
    """
    if not projection.is_by_key:
        yield from project(log, projection, as_of, executor)
        return
    partials, sealed = Partials.of(log, projection, executor), log.sealed()
    is_kept = projection.answers_by_key and not log.has_upcasters
    if is_kept and _is_behind(as_of, sealed):
        yield from rows_by_key(partials, projection, sealed, as_of)
        return
    with partials.grouping(projection) as grouping:
        if log.has_upcasters:
            _group_folded(partials, grouping, as_of)
        elif isinstance(as_of, datetime):
            for stretch in stretches_until(partials, as_of):
                grouping.add(stretch.items())
        else:
            _group_through(partials, grouping, as_of)
        yield from _rows(projection, grouping)


def fold_rows(projection: KeyedProjection[State, Row], events: Iterable[Event]) -> Iterator[Row]:
    """The rows of the answer about these events, as :func:`iter_rows` gives them.

    Errors are those of :func:`fold`, and OSError when there is no room for temporary files.

        for summary in fold_rows(SessionSummaries(), log.read(subject="s-1")):
            print(summary.status)
    """
    if not projection.is_by_key:
        yield from projection.result(fold(projection, events))
        return
    left = iter(events)
    with Grouping(projection, StateCodec(projection), _UNKNOWN_BYTES) as grouping:
        while some := list(islice(left, 1)):
            grouping.add(fold(projection, chain(some, islice(left, _AT_ONCE))).items())
        yield from _rows(projection, grouping)


def _rows(projection: KeyedProjection[State, Row], grouping: Grouping) -> Iterator[Row]:
    return (projection.result_one(key, state) for key, state in grouping.items())


def _is_behind(as_of: AsOf, sealed: Sequence[SealedEntry]) -> TypeGuard[int | None]:
    """Whether all that is sealed counts, and no time decides about it."""
    if isinstance(as_of, int):
        return not sealed or sealed[-1].last_sequence <= as_of
    return as_of is None


def _group_through(partials: Partials, grouping: Grouping, until: int | None) -> None:
    """All up to a sequence; what is merged is kept when it fits into memory."""
    sealed = partials.log.sealed()
    entries = [entry for entry in sealed if is_before(entry, until)]
    earlier = len(entries) < len(sealed)
    is_new = partials.group(grouping, entries, earlier=earlier)
    if is_new and grouping.in_memory is not None:
        partials.keep_merged(entries, grouping.in_memory, earlier=earlier)
    if earlier:
        reached = entries[-1].last_sequence if entries else partials.log.pruned_to()
        later = fold_on(partials, partials.projection.initial(), after=reached, until=until)
    else:
        later = partials.since(entries, until)
    grouping.add(later.items())


def _group_folded(partials: Partials, grouping: Grouping, as_of: AsOf) -> None:
    """All from the start: neither the cache nor another process knows this log's upcasters."""
    moment, head = as_of if isinstance(as_of, datetime) else None, partials.log.head()
    until = min(as_of, head) if isinstance(as_of, int) else head
    after, last = 0, min(partials.log.pruned_to() + _AT_ONCE, until)
    while True:
        initial = partials.projection.initial()
        grouping.add(fold_on(partials, initial, after=after, until=last, moment=moment).items())
        if last == until:
            return
        after, last = last, min(last + _AT_ONCE, until)
