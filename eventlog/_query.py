"""What to read: one value, used to skip segments, to skip lines, and for the last word."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property

from attrs import field, frozen

from eventlog._codec import needle
from eventlog._event import Event
from eventlog._manifest import SealedEntry
from eventlog._times import format_time


def _as_types(types: str | Iterable[str] | None) -> frozenset[str] | None:
    if types is None:
        return None
    return frozenset([types] if isinstance(types, str) else types)


def _aware(query: object, attribute: object, moment: datetime | None) -> None:
    if moment is not None:
        format_time(moment)  # refuses a naive one, whatever the log holds


@frozen
class Query:
    """Filters and direction of a read. All filters must hold."""

    after: int = 0
    """Only sequences above this one."""
    until: int | None = None
    """Only sequences up to and including this one."""
    types: frozenset[str] | None = field(default=None, converter=_as_types)
    subject: str | None = None
    since: datetime | None = field(default=None, validator=_aware)
    """Only events whose time is not earlier."""
    before: datetime | None = field(default=None, validator=_aware)
    """Only events whose time is earlier."""
    reverse: bool = False
    limit: int | None = None

    @cached_property
    def needles(self) -> list[list[bytes]]:
        """Alternatives of bytes, per filter: a line without one of each cannot match."""
        groups = []
        if self.subject is not None:
            groups.append([needle("subject", self.subject)])
        if self.types is not None:
            groups.append([needle("type", name) for name in sorted(self.types)])
        return groups

    @property
    def looks_inside(self) -> bool:
        """Whether more than the sequence decides."""
        filters = (self.types, self.subject, self.since, self.before)
        return any(one is not None for one in filters)

    def may_match(self, entry: SealedEntry) -> bool:
        """Whether a sealed segment can hold an event that matches."""
        if entry.last_sequence <= self.after:
            return False
        if self.until is not None and entry.first_sequence > self.until:
            return False
        if self.since is not None and entry.last_time < format_time(self.since):
            return False
        return self.before is None or entry.first_time < format_time(self.before)

    def matches(self, event: Event) -> bool:
        """The last word on one event."""
        if self.types is not None and event.type not in self.types:
            return False
        if self.subject is not None and event.subject != self.subject:
            return False
        if self.since is not None and event.time < self.since:
            return False
        if self.before is not None and event.time >= self.before:
            return False
        return self.after < event.sequence and (self.until is None or event.sequence <= self.until)
