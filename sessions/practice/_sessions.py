"""When each practice session began and ended: a projection, so that sealed segments are read once.

Of several starts of one session the first counts; of several ends, the first behind that start.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import define, frozen

from eventlog import Event
from projections import Key, KeyedProjection
from sessions.practice._names import ENDED, STARTED, is_ours


@frozen
class Fact:
    """What a start or an end says."""

    sequence: int
    time: datetime
    source: str
    data: dict[str, Any]


@define
class Span:
    """One session in some stretch of the log."""

    start: Fact | None = None
    end: Fact | None = None
    """The first one behind the start."""
    unstarted: Fact | None = None
    """The first end, as long as there is no start: that may stand in an earlier stretch."""


class PracticeSessions(KeyedProjection[Span, Span]):
    """The projection; see the module."""

    name = "practice-sessions"
    version = 1
    types = frozenset({STARTED, ENDED})

    def apply(self, state: dict[Key, Span], event: Event) -> dict[Key, Span]:
        """Take in an event of ours."""
        return super().apply(state, event) if is_ours(event) else state

    def initial_one(self) -> Span:
        """Nothing is known."""
        return Span()

    def apply_one(self, state: Span, event: Event) -> Span:
        """A start, or an end."""
        fact = Fact(event.sequence, event.time, event.source, event.data)
        later = Span(start=fact) if event.type == STARTED else Span(unstarted=fact)
        return self.merge_one(state, later)

    def merge_one(self, earlier: Span, later: Span) -> Span:
        """The later stretch adds an end at most, where the earlier one has the start."""
        if earlier.start is None:
            return Span(later.start, later.end, earlier.unstarted or later.unstarted)
        if earlier.end is None:
            return Span(earlier.start, _first(later.unstarted, later.end), earlier.unstarted)
        return earlier

    def result_one(self, key: Key, state: Span) -> Span:
        """As it is."""
        return state


def _first(one: Fact | None, other: Fact | None) -> Fact | None:
    return one or other  # an end before any start stands before one behind it
