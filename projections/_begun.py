"""Stretches that begin where a segment does, folded on from where the last question stopped.

The active segment grows, so its state is kept with the last event that it counts: sequence and
check are those of a line that still stands there, or the state is not taken. Nothing is lost when
the segment is sealed: its own state goes on from what is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from attrs import frozen

from eventlog import Event, EventLog
from projections._cache import PartialCache
from projections._fold import fold_lists
from projections._protocol import Projection
from projections._states import StateCodec

_NAME = "begun"
_COVERS = re.compile(r"(\d{1,19})-(\d{1,19})-([0-9a-f]{8})", re.ASCII)
_FEWEST = 256  # events: less is folded again sooner than it is written
_BYTES_PER_EVENT = 300  # likewise, of a state that is large next to what is new in it


@frozen
class _Place:
    """The stretch that a kept state covers, and the check of its last line."""

    first: int
    through: int
    check: str

    @classmethod
    def of(cls, covers: str) -> _Place | None:
        """The inverse of :attr:`covers`; None when that is something else."""
        found = _COVERS.fullmatch(covers)
        return None if found is None else cls(int(found[1]), int(found[2]), found[3])

    @property
    def covers(self) -> str:
        """As it is kept."""
        return f"{self.first}-{self.through}-{self.check}"


@frozen
class Stretches:
    """Folds one projection over stretches of one log."""

    log: EventLog
    projection: Projection[Any, Any]
    codec: StateCodec
    cache: PartialCache

    def sealed(self, first: int, last: int) -> Any:
        """The state of a sealed segment with these sequences."""
        found = self._kept(first, last)
        lists = self._read(first - 1 if found is None else found[1], last)
        return self._merged(found, fold_lists(self.projection, lists))

    def newest(self, first: int, until: int | None) -> Any:
        """The state of what comes from ``first`` on, up to ``until`` if that is said.

        ProjectionError when it cannot be kept, also when that would not be worth it: else it would
        only fail once the segment is sealed.
        """
        found = self._kept(first, until)
        lists = _Watched(self._read(first - 1 if found is None else found[1], until))
        state = self._merged(found, fold_lists(self.projection, lists))
        if lists.newest is not None:
            parts = list(self.codec.checked_parts(state, until))
            if lists.count >= max(_FEWEST, sum(map(len, parts)) // _BYTES_PER_EVENT):
                self._keep(_Place(first, lists.newest.sequence, lists.newest.crc32), parts)
        return state

    def _keep(self, place: _Place, parts: list[bytes]) -> None:
        """Keep a state, but for one of an earlier moment than what is kept."""
        kept, known = self.cache.read(_NAME), None
        if kept is not None:
            known = _Place.of(kept.covers)
            kept.close()
        is_behind = known is not None and (known.first, known.through) > (
            place.first,
            place.through,
        )
        if known is None or not is_behind or not self._stands(known):
            self.cache.put(_NAME, place.covers, parts)

    def _read(self, after: int, until: int | None) -> Iterator[list[Event]]:
        return self.log.read_lists(after=after, until=until, types=self.projection.types)

    def _merged(self, found: tuple[Any, int] | None, new: Any) -> Any:
        return new if found is None else self.projection.merge(found[0], new)

    def _kept(self, first: int, until: int | None) -> tuple[Any, int] | None:
        """The state of a beginning of this stretch, and its last sequence."""
        kept = self.cache.read(_NAME)
        if kept is None:
            return None
        with kept:
            place = _Place.of(kept.covers)
            if place is None or place.first != first:
                return None
            if (until is not None and place.through > until) or not self._stands(place):
                return None
            try:
                return self.codec.load_parts(kept), place.through
            except ValueError:
                return None

    def _stands(self, place: _Place) -> bool:
        """Whether the log still has the line that the place ends with."""
        found = self.log.read(after=place.through - 1, until=place.through)
        return any(event.crc32 == place.check for event in found)


class _Watched:
    """Lists of events, and how many came by, and which came last."""

    def __init__(self, lists: Iterator[list[Event]]) -> None:
        self._lists = lists
        self.count = 0
        self.newest: Event | None = None

    def __iter__(self) -> Iterator[list[Event]]:
        for events in self._lists:
            if events:
                self.count += len(events)
                self.newest = events[-1]
            yield events
