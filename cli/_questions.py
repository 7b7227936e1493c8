"""What a command asks about a log: the options for it, the same on every command."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, Any

import click
from attrs import frozen

from cli._options import AsOfType, MomentType

if TYPE_CHECKING:
    from eventlog import DamagedLogError, Event, EventLog, Query

Command = Callable[..., Any]
Moment = int | datetime | None
"""A sequence or a time, both inclusive; None for now."""


@frozen
class Filters:
    """Which events count: those that pass all of them."""

    types: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    since: datetime | None = None
    before: datetime | None = None

    @property
    def are_given(self) -> bool:
        """Whether some events may not count."""
        return self != Filters()

    @property
    def name_sessions_only(self) -> bool:
        """Whether whole sessions count, or do not."""
        return self == Filters(subjects=self.subjects)


@frozen
class Question:
    """Of which events, as of when, and with how many processes."""

    filters: Filters
    as_of: Moment
    jobs: int


@frozen
class Stretch:
    """Events of one part of the log, in one of its two directions."""

    filters: Filters
    as_of: Moment = None
    after: int = 0
    until: int | None = None
    reverse: bool = False
    limit: int | None = None

    def scan(
        self, log: EventLog, on_damage: Callable[[DamagedLogError], None] | None = None
    ) -> Iterator[tuple[bytes, Event]]:
        """The events with their lines."""
        query = self.query()
        pairs = log.scan(query) if on_damage is None else log.scan(query, on_damage)
        return islice(of_sessions(pairs, self.filters.subjects), self.limit)

    def query(self) -> Query:
        """What the log can sort out itself, which takes one subject."""
        from eventlog import Query

        types, subjects = self.filters.types, self.filters.subjects
        return Query(
            after=self.after,
            until=_least(self.until, self.as_of if isinstance(self.as_of, int) else None),
            types=types or None,
            subject=subjects[0] if len(subjects) == 1 else None,
            since=self.filters.since,
            before=_least(self.filters.before, _behind(self.as_of)),
            reverse=self.reverse,
        )


def of_sessions(
    pairs: Iterator[tuple[bytes, Event]], subjects: tuple[str, ...]
) -> Iterator[tuple[bytes, Event]]:
    """The events of these sessions; all when none is named."""
    return (pair for pair in pairs if pair[1].subject in subjects) if subjects else pairs


def _least(one: Any, other: Any) -> Any:
    return min((value for value in (one, other) if value is not None), default=None)


def _behind(moment: Moment) -> datetime | None:
    """The first time that is too late; None when no time is."""
    if not isinstance(moment, datetime):
        return None
    try:
        return moment + timedelta(microseconds=1)
    except OverflowError:
        return None


_FILTERS = (
    click.option("--type", "types", metavar="TYPE", multiple=True,
                 help="Only events of this type; may be repeated."),
    click.option("--subject", "subjects", metavar="SESSION", multiple=True,
                 help="Only this session; may be repeated."),
    click.option("--since", type=MomentType(), help="Only events at this time or later."),
    click.option("--before", type=MomentType(), help="Only events before this time."),
)  # fmt: skip
_AS_OF = click.option(
    "--as-of", type=AsOfType(), help="Answer as it was at a sequence or a time (inclusive)."
)
_JOBS = click.option(
    "--jobs",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Processes that fold sealed segments which are not in the cache yet.",
)
_RANGE = (
    click.option("--after", type=click.IntRange(min=0), metavar="SEQUENCE", default=0,
                 help="Only above this sequence."),
    click.option("--until", type=click.IntRange(min=0), metavar="SEQUENCE",
                 help="Only up to this sequence."),
    click.option("--reverse", is_flag=True, help="Newest first."),
    click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N",
                 help="At most this many events."),
)  # fmt: skip


def filter_options(command: Command) -> Command:
    """``--type``, ``--subject``, ``--since``, ``--before``, as ``filters``."""

    @wraps(command)
    def with_filters(
        *, types: tuple[str, ...], subjects: tuple[str, ...],
        since: datetime | None, before: datetime | None, **rest: Any,
    ) -> Any:  # fmt: skip
        return command(filters=Filters(types, subjects, since, before), **rest)

    return _with(_FILTERS, with_filters)


def question_options(command: Command) -> Command:
    """The filters, ``--as-of`` and ``--jobs``, as ``question``."""

    @wraps(command)
    def with_question(*, filters: Filters, as_of: Moment, jobs: int, **rest: Any) -> Any:
        return command(question=Question(filters, as_of, jobs), **rest)

    return filter_options(_with((_AS_OF, _JOBS), with_question))


def stretch_options(command: Command) -> Command:
    """The filters, ``--as-of``, and what part of the log in which direction, as ``stretch``."""

    @wraps(command)
    def with_stretch(
        *, filters: Filters, as_of: Moment,
        after: int, until: int | None, reverse: bool, limit: int | None, **rest: Any,
    ) -> Any:  # fmt: skip
        return command(stretch=Stretch(filters, as_of, after, until, reverse, limit), **rest)

    return filter_options(_with((_AS_OF, *_RANGE), with_stretch))


def _with(options: tuple[Callable[[Command], Command], ...], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command
