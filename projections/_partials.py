"""The states of sealed segments: from the cache, or folded, here or in another process."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, suppress
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from attrs import frozen

from eventlog import EventLog, PrunedError, SealedEntry
from eventlog._collector import collector_paused
from projections._begun import Stretches
from projections._cache import Kept, PartialCache
from projections._grouping import Grouping
from projections._keyed import KeyedProjection
from projections._protocol import Projection
from projections._states import PartsInHand, StateCodec

_AHEAD = 2 + (os.cpu_count() or 1)
"""So many segments are with an executor: all processors have work, and few states wait."""
_MERGED, _EARLIER = "merged", "merged-earlier"


@frozen
class Partials:
    """The states of one projection over sealed segments of one log."""

    log: EventLog
    projection: Projection[Any, Any]
    codec: StateCodec
    cache: PartialCache
    executor: Executor | None

    @property
    def stretches(self) -> Stretches:
        """What lies behind them, or is not kept."""
        return Stretches(self.log, self.projection, self.codec, self.cache)

    @classmethod
    def of(
        cls, log: EventLog, projection: Projection[Any, Any], executor: Executor | None
    ) -> Partials:
        """Those of a projection over a log."""
        return cls(log, projection, StateCodec(projection), PartialCache(log, projection), executor)

    def merged(self, entries: Sequence[SealedEntry], *, earlier: bool = False) -> Any:
        """The state of the log's first segments, all of ``entries``.

        What was merged last time is kept as one state, so that a question costs what is new. One
        about an ``earlier`` moment does not take the place of that about now.
        """
        chains, name = _chains(entries), _EARLIER if earlier else _MERGED
        state, start = self._merged_before(name, chains, self.codec.load_parts)
        if start == 0:
            state = self.projection.initial()
        for one in self.each(entries[start:]):
            state = self.projection.merge(state, one)
        if start < len(entries):
            self.cache.put(name, chains[-1], self.codec.dump_parts(state))
        return state

    def grouping(self, projection: KeyedProjection[Any, Any]) -> Grouping:
        """For the states of a keyed projection over this log, to be closed."""
        log_bytes = sum(entry.raw_bytes for entry in self.log.sealed())
        return Grouping(projection, self.codec, log_bytes)

    def group(
        self, grouping: Grouping, entries: Sequence[SealedEntry], *, earlier: bool = False
    ) -> bool:
        """The same, of a keyed projection, into a ``grouping``; whether that is not kept yet."""
        chains, name = _chains(entries), _EARLIER if earlier else _MERGED

        def load(found: Kept) -> None:
            grouping.clear()
            grouping.add(self.codec.load_keyed(found).items())

        _, start = self._merged_before(name, chains, load)
        if start == 0:
            grouping.clear()
        for one in self.each(entries[start:]):
            grouping.add(one.items())
            one.clear()  # or two segments' states would be in memory together
        return start < len(entries)

    def _merged_before(
        self, name: str, chains: list[str], load: Callable[[Kept], Any]
    ) -> tuple[Any, int]:
        """The longest merged state that is known, and how many segments it covers."""
        for one in dict.fromkeys((name, _MERGED)):
            found = self.cache.read(one)
            if found is None:
                continue
            with found, suppress(ValueError), collector_paused():
                if found.covers in chains:
                    return load(found), chains.index(found.covers) + 1
        return None, 0

    def keep_merged(self, entries: Sequence[SealedEntry], state: Any, *, earlier: bool) -> None:
        """Keep what :meth:`group` came to."""
        name = _EARLIER if earlier else _MERGED
        self.cache.put(name, self.chain(entries), self.codec.dump_parts(state))

    def kept_merged(self, entries: Sequence[SealedEntry]) -> Kept | None:
        """What is kept of exactly these, to be closed."""
        return self.cache.get(_MERGED, self.chain(entries))

    def keeping_merged(
        self, entries: Sequence[SealedEntry]
    ) -> AbstractContextManager[Callable[[bytes], None]]:
        """Keep what :meth:`group` came to, part by part."""
        return self.cache.keeping(_MERGED, self.chain(entries))

    def chain(self, entries: Sequence[SealedEntry]) -> str:
        """What says of which segments something is kept."""
        return _chains(entries)[-1] if entries else ""

    def since(self, entries: Sequence[SealedEntry], until: int | None = None) -> Any:
        """The state of what follows them, when they are all that is sealed."""
        reached = entries[-1].last_sequence if entries else self.log.pruned_to()
        with collector_paused():
            return self.stretches.newest(reached + 1, until)

    def each(self, entries: Sequence[SealedEntry]) -> Iterator[Any]:
        """The state of each segment, in order; what is missing is computed, and kept."""
        for entry, state in zip(entries, self._stored_or_computed(entries), strict=True):
            yield self._compute(entry) if state is None else state

    def _compute(self, entry: SealedEntry) -> Any:
        state = self._fold(entry)
        parts = self.codec.checked_parts(state, entry.last_sequence)
        self.cache.put(_name(entry), entry.sha256, parts)
        return state

    def folded(self, entry: SealedEntry) -> list[bytes]:
        """The state of one sealed segment, folded from its events, as JSON in parts."""
        return list(self.codec.checked_parts(self._fold(entry), entry.last_sequence))

    def _fold(self, entry: SealedEntry) -> Any:
        with collector_paused():
            return self.stretches.sealed(entry.first_sequence, entry.last_sequence)

    def _stored_or_computed(self, entries: Sequence[SealedEntry]) -> Iterator[Any]:
        """From the cache or the executor; None where there is neither."""
        if self.executor is None:
            yield from map(self._stored, entries)
            return
        left = ((entry, self._submitted_if_missing(entry)) for entry in entries)
        waiting = deque(islice(left, _AHEAD))
        while waiting:
            entry, future = waiting.popleft()
            yield self._stored(entry) if future is None else self._received(entry, future)
            waiting.extend(islice(left, 1))

    def _submitted_if_missing(self, entry: SealedEntry) -> Future[list[bytes]] | None:
        found = self.cache.get(_name(entry), entry.sha256)
        if found is None:
            return self._submit(entry)
        found.close()  # it is read when its turn comes: all of them may be too much
        return None

    def _stored(self, entry: SealedEntry) -> Any:
        found = self.cache.get(_name(entry), entry.sha256)
        if found is None:
            return None
        with found, suppress(ValueError), collector_paused():
            return self.codec.load_parts(found)
        return None  # it holds no state, as after a change without a new version

    def _submit(self, entry: SealedEntry) -> Future[list[bytes]]:
        assert self.executor is not None  # noqa: S101 - the caller asked
        first = entry.first_sequence
        return self.executor.submit(fold_elsewhere, self.log.path, self.projection, first)

    def _received(self, entry: SealedEntry, future: Future[list[bytes]]) -> Any:
        parts = PartsInHand(future.result())
        self.cache.put(_name(entry), entry.sha256, parts)
        return self.codec.load_parts(parts)


def _name(entry: SealedEntry) -> str:
    return f"{entry.first_sequence:019d}"


def _chains(entries: Sequence[SealedEntry]) -> list[str]:
    """Per segment, a hash of it and all before it."""
    chains, chain = [], ""
    for entry in entries:
        chain = sha256(f"{chain}{entry.sha256}".encode()).hexdigest()
        chains.append(chain)
    return chains


def fold_elsewhere(path: Path, projection: Projection[Any, Any], first: int) -> list[bytes]:
    """A worker's part: the state, as JSON, of the sealed segment that begins at ``first``."""
    with EventLog.open(path, readonly=True) as log:
        found = (entry for entry in log.sealed() if entry.first_sequence == first)
        entry = next(found, None)
        if entry is None:
            raise PrunedError(
                "a segment was pruned while it was to be folded: ask again", path=path
            )
        return Partials.of(log, projection, None).folded(entry)
