"""States by key, of stretches of a log that follow one another.

Up to some number of keys they are merged in a dict. Beyond that, they go to disk: into buckets by
the key's hash, so that all states of a key are in the same one; from there, merged, into buckets by
the place of the key's first state, which is the order of the answer. So neither states nor keys are
ever in memory together, but for those of one bucket.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Any, Self

from projections._buckets import Buckets, Record
from projections._keyed import Key, KeyedProjection
from projections._states import StateCodec

MOST_IN_MEMORY = 1 << 16
"""So many keys."""
_BUCKET_BYTES = 16 << 20
"""Of the log. States are seldom larger than the events that they come from."""


class Grouping:
    """The states of a projection's keys, to be closed. ``log_bytes`` is the size of the log."""

    def __init__(
        self, projection: KeyedProjection[Any, Any], codec: StateCodec, log_bytes: int
    ) -> None:
        self._merge = projection.merge_one
        self._codec = codec
        self._buckets = 1 + log_bytes // _BUCKET_BYTES
        self._states: dict[Key, Any] = {}
        self._on_disk: _OnDisk | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        self._states = {}
        if self._on_disk is not None:
            self._on_disk.close()
            self._on_disk = None

    @property
    def in_memory(self) -> dict[Key, Any] | None:
        """All keys with their states; None when there are too many."""
        return self._states if self._on_disk is None else None

    def add(self, items: Iterable[tuple[Key, Any]]) -> None:
        """Take in the stretch that follows, and own its states."""
        left = iter(items)
        if self._on_disk is None:
            states, merge = self._states, self._merge
            for key, state in left:
                known = states.get(key)
                states[key] = state if known is None else merge(known, state)
                if len(states) > MOST_IN_MEMORY:
                    self._on_disk = _OnDisk(self._merge, self._codec, self._buckets)
                    self._on_disk.add(states.items())
                    states.clear()
                    break
        if self._on_disk is not None:
            self._on_disk.add(left)

    def items(self) -> Iterator[tuple[Key, Any]]:
        """All keys in order of first event, with their states, which this uses up."""
        if self._on_disk is not None:
            yield from self._on_disk.items()
        else:
            for key in list(self._states):
                yield key, self._states.pop(key)


class _OnDisk:
    """The states of keys that are too many."""

    def __init__(self, merge: Any, codec: StateCodec, buckets: int) -> None:
        self._merge = merge
        self._dump, self._load = codec.dump_one, codec.load_one
        self._checked_key = codec.checked_key
        self._places = 0
        self._by_key = Buckets(buckets)

    def add(self, items: Iterable[tuple[Key, Any]]) -> None:
        add, dump, count, place = self._by_key.add, self._dump, self._by_key.count, self._places
        checked = self._checked_key
        for key, state in items:
            add(hash(key) % count, (place, checked(key), dump(state)))
            place += 1
        self._places = place

    def items(self) -> Iterator[tuple[Key, Any]]:
        per_bucket = self._places // self._by_key.count + 1
        with closing(Buckets(self._by_key.count)) as in_order:
            for records in self._by_key.each():
                for record in self._merged(records):
                    in_order.add(record[0] // per_bucket, record)
            self._by_key.close()
            load = self._load
            for records in in_order.each():
                records.sort()
                for _, key, data in records:
                    yield key, load(data)

    def _merged(self, records: list[Record]) -> Iterable[Record]:
        """One record per key, at the place of its first."""
        firsts: dict[Key, Record] = {}
        merged: dict[Key, Any] = {}
        for record in records:
            _, key, data = record
            first = firsts.setdefault(key, record)
            if first is not record:
                known = merged[key] if key in merged else self._load(first[2])
                merged[key] = self._merge(known, self._load(data))
        for key, state in merged.items():
            firsts[key] = (firsts[key][0], key, self._dump(state))
        return firsts.values()

    def close(self) -> None:
        self._by_key.close()
