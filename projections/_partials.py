"""The states of sealed segments: from the cache, or folded, here or in another process."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import frozen

from eventlog import EventLog, PrunedError, SealedEntry
from eventlog._collector import collector_paused
from projections._begun import Stretches
from projections._cache import PartialCache
from projections._protocol import Projection
from projections._states import KeptStates, StateCodec

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
        state, start = self._merged_before(name, chains)
        for one in self.each(entries[start:]):
            state = self.projection.merge(state, one)
        if start < len(entries):
            self.cache.put(name, chains[-1], self.codec.dump_parts(state))
        return state

    def _merged_before(self, name: str, chains: list[str]) -> tuple[Any, int]:
        """The longest merged state that is known, and how many segments it covers."""
        for found in map(self.cache.read, dict.fromkeys((name, _MERGED))):
            if found is not None and found.covers in chains:
                state = _read(self.codec.load_parts, found)
                if state is not None:
                    return state, chains.index(found.covers) + 1
        return self.projection.initial(), 0

    def kept_states(self, entries: Sequence[SealedEntry]) -> KeptStates | None:
        """What :meth:`merged` kept of exactly these, for a keyed projection."""
        found = self.cache.get(_MERGED, self.chain(entries))
        return None if found is None else self.codec.load_keyed(found)

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
        state, data = self.folded(entry)
        self.cache.put(_name(entry), entry.sha256, [data])
        return state

    def folded(self, entry: SealedEntry) -> tuple[Any, bytes]:
        """The state of one sealed segment, folded from its events; and as JSON."""
        with collector_paused():
            state = self.stretches.sealed(entry.first_sequence, entry.last_sequence)
        return state, self.codec.dump_checked(state, entry.last_sequence)

    def _stored_or_computed(self, entries: Sequence[SealedEntry]) -> Iterator[Any]:
        """From the cache or the executor; None where there is neither."""
        if self.executor is None:
            yield from map(self._stored, entries)
            return
        waiting = deque((entry, self._stored_or_submitted(entry)) for entry in entries)
        while waiting:
            entry, state = waiting.popleft()
            yield self._received(entry, state) if isinstance(state, Future) else state

    def _stored_or_submitted(self, entry: SealedEntry) -> Any:
        stored = self._stored(entry)
        return self._submit(entry) if stored is None else stored  # a state may well be empty

    def _stored(self, entry: SealedEntry) -> Any:
        found = self.cache.get(_name(entry), entry.sha256)
        return None if found is None else _read(self.codec.load_whole, found)

    def _submit(self, entry: SealedEntry) -> Future[bytes]:
        assert self.executor is not None  # noqa: S101 - the caller asked
        first = entry.first_sequence
        return self.executor.submit(fold_elsewhere, self.log.path, self.projection, first)

    def _received(self, entry: SealedEntry, future: Future[bytes]) -> Any:
        data = future.result()
        self.cache.put(_name(entry), entry.sha256, [data])
        return self.codec.load(data)


def _read(load: Callable[[Any], Any], stored: Any) -> Any:
    """The state; None when this is not one, as after a change without a new version."""
    try:
        with collector_paused():
            return load(stored)
    except ValueError:
        return None


def _name(entry: SealedEntry) -> str:
    return f"{entry.first_sequence:019d}"


def _chains(entries: Sequence[SealedEntry]) -> list[str]:
    """Per segment, a hash of it and all before it."""
    chains, chain = [], ""
    for entry in entries:
        chain = sha256(f"{chain}{entry.sha256}".encode()).hexdigest()
        chains.append(chain)
    return chains


def fold_elsewhere(path: Path, projection: Projection[Any, Any], first: int) -> bytes:
    """A worker's part: the state of the sealed segment that begins at ``first``, as JSON."""
    with EventLog.open(path, readonly=True) as log:
        found = (entry for entry in log.sealed() if entry.first_sequence == first)
        entry = next(found, None)
        if entry is None:
            raise PrunedError(
                "a segment was pruned while it was to be folded: ask again", path=path
            )
        return Partials.of(log, projection, None).folded(entry)[1]
