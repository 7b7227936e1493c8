"""What to export: events or a read model, of which part of the log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from attrs import field, frozen

from eventlog import EventLog, Query
from eventlog._times import format_time
from projections._engine import AsOf

EVENTS = "events"
"""What an export of events is called."""


def _as_types(types: str | Iterable[str] | None) -> frozenset[str] | None:
    if types is None:
        return None
    return frozenset([types] if isinstance(types, str) else types)


@frozen(kw_only=True)
class Selection:
    """Events, or a read model over them. All filters must hold; ``as_of`` includes its moment."""

    model: str | None = None
    """Name of a read model; None for the events themselves."""
    types: frozenset[str] | None = field(default=None, converter=_as_types)
    subject: str | None = None
    since: datetime | None = None
    before: datetime | None = None
    as_of: AsOf = None

    @property
    def target(self) -> str:
        """What the export is called in a database's progress."""
        return self.model or EVENTS

    @property
    def is_filtered(self) -> bool:
        """Whether some events do not count."""
        filters = (self.types, self.subject, self.since, self.before)
        return any(one is not None for one in filters)

    def until(self, log: EventLog) -> int:
        """The last sequence to look at: fixed at the start, whatever is appended meanwhile."""
        head = log.head()
        return head if not isinstance(self.as_of, int) else min(head, self.as_of)

    def query(self, *, after: int, until: int) -> Query:
        """The events of one stretch that count."""
        return Query(
            after=after, until=until, types=self.types, subject=self.subject, since=self.since,
            before=self._before(),
        )  # fmt: skip

    def _before(self) -> datetime | None:
        if not isinstance(self.as_of, datetime):
            return self.before
        try:
            behind = self.as_of + timedelta(microseconds=1)
        except OverflowError:  # no time is later
            return self.before
        return behind if self.before is None else min(behind, self.before)

    def filters(self) -> str:
        """The filters as JSON that is equal exactly when they are.

        A read model is written anew each time, so the moment it is asked about does not matter.
        """
        before = self.before if self.model else self._before()
        known = {
            "types": None if self.types is None else sorted(self.types),
            "subject": self.subject,
            "since": None if self.since is None else format_time(self.since),
            "before": None if before is None else format_time(before),
        }
        given = {name: value for name, value in known.items() if value is not None}
        return msgspec.json.encode(given).decode()
