"""What to read: one value, used to skip segments, to skip lines, and for the last word."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from typing import Any

from attrs import Attribute, field, frozen

from eventlog._codec import needle
from eventlog._errors import InvalidEventError
from eventlog._event import Event
from eventlog._manifest_lines import SealedEntry
from eventlog._times import format_time


def _as_types(types: str | Iterable[str] | None) -> frozenset[str] | None:
    if types is None:
        return None
    if isinstance(types, str):
        return frozenset([types])
    if not isinstance(types, Iterable):
        raise InvalidEventError(f"types must be text or several texts, not {_kind(types)}")
    return frozenset(types)


def _kind(value: object) -> str:
    return type(value).__name__


def _texts(query: object, attribute: Attribute[Any], types: frozenset[str] | None) -> None:
    for name in types or ():
        _text(query, attribute, name)


def _text(query: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and not isinstance(value, str):
        raise InvalidEventError(f"{attribute.name} must be text, not {_kind(value)}")


def _number(query: object, attribute: Attribute[Any], value: object) -> None:
    if value is None and attribute.default is None:
        return
    if not isinstance(value, int):
        raise InvalidEventError(f"{attribute.name} must be a whole number, not {_kind(value)}")
    if attribute.name == "limit" and value < 0:
        raise InvalidEventError(f"limit is {value}: it must be 0 or more, or None for all")


def _aware(query: object, attribute: Attribute[Any], moment: datetime | None) -> None:
    if moment is not None:
        format_time(moment, attribute.name)  # refuses a naive one, whatever the log holds


@frozen
class Query:
    """Filters and direction of a read. All filters must hold."""

    after: int = field(default=0, validator=_number)
    """Only sequences above this one."""
    until: int | None = field(default=None, validator=_number)
    """Only sequences up to and including this one."""
    types: frozenset[str] | None = field(default=None, converter=_as_types, validator=_texts)
    subject: str | None = field(default=None, validator=_text)
    since: datetime | None = field(default=None, validator=_aware)
    """Only events whose time is not earlier."""
    before: datetime | None = field(default=None, validator=_aware)
    """Only events whose time is earlier."""
    reverse: bool = False
    limit: int | None = field(default=None, validator=_number)

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
        return self.types is not None or self.looks_deep

    @property
    def looks_deep(self) -> bool:
        """Whether more than the sequence and the type decides."""
        filters = (self.subject, self.since, self.before)
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
