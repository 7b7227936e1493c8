"""Ids that callers gave, so that a retry is stored once.

An index in ``cache/ids.sqlite``: derived from the log, built on the first use of a given id, caught
up on every opening, thrown away when it does not fit the log. A log whose callers give no ids never
has one. The id of an event that was pruned is forgotten with it.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from hashlib import blake2b

import msgspec

from eventlog._catalog import Catalog
from eventlog._codec import DATA_NAME, GivenId, Prepared, content_of, decode_line, sequence_of
from eventlog._errors import ConflictError, EventLogError, InvalidEventError
from eventlog._files import Files
from eventlog._format import CACHE_NAME
from eventlog._id_index import IdIndex, Known, Row
from eventlog._query import Query
from eventlog._reader import Lines, line_blocks

logger = logging.getLogger("eventlog")

_LEAST_PENDING, _MOST_PENDING = 10_000, 100_000
_STORED_BYTES_PER_PENDING = 1 << 10
"""Saving hashes the whole file, so a larger one is saved less often."""


def _key(source: str, id_: str) -> bytes:
    return blake2b(f"{source}\0{id_}".encode(), digest_size=16).digest()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def _pending_at_most(index: IdIndex) -> int:
    share = index.stored_bytes() // _STORED_BYTES_PER_PENDING
    return min(max(share, _LEAST_PENDING), _MOST_PENDING)


def _sorted(content: bytes) -> tuple[bytes, bytes]:
    head, _, data = content.partition(DATA_NAME)
    return head, msgspec.json.encode(msgspec.json.decode(data), order="sorted")


class GivenIds:
    """Looks up given ids. Used only under the writer's lock."""

    def __init__(self, catalog: Catalog, files: Files, head: int) -> None:
        self._catalog = catalog
        self._files = files
        self._own = f"{catalog.identity.log_id}-"
        self._block: Lines | None = None
        self._pending: dict[bytes, Known] = {}
        self._through = head
        try:
            self._index = self._open()
        except sqlite3.Error:
            self._build_anew()
        self._save_at = _pending_at_most(self._index)

    def _open(self, *, anew: bool = False) -> IdIndex:
        """An index that has taken in the whole log."""
        index = IdIndex(self._catalog.path / CACHE_NAME, self._files, anew=anew)
        try:
            self._catch_up(index)
        except BaseException:
            index.close()
            raise
        return index

    def _build_anew(self) -> None:
        """The index is derived from the log: nothing is lost with it."""
        try:
            self._index = self._open(anew=True)
        except sqlite3.Error as error:
            raise EventLogError(
                f"the index of given ids cannot be built ({error}): free some space, or check the "
                "permissions",
                path=self._catalog.path / CACHE_NAME,
            ) from error

    def place(self, batch: list[Prepared], head: int) -> tuple[list[Prepared], list[int]]:
        """What of a batch is not in the log yet, and the sequence of each of its events.

        ConflictError when an id belongs to another event, in the log or in the batch itself.
        """
        fresh: list[Prepared] = []
        sequences: list[int] = []
        in_batch: dict[bytes, Known] = {}
        for prepared in batch:
            given = prepared.given
            known = None if given is None else self._find(given, head, in_batch, fresh)
            if known is None:
                fresh.append(prepared)
                known = head + len(fresh)
                if given is not None:
                    in_batch[_key(given.source, given.id)] = (known, _digest(given.content))
            sequences.append(known)
        return fresh, sequences

    def _find(
        self, given: GivenId, head: int, in_batch: dict[bytes, Known], fresh: list[Prepared]
    ) -> int | None:
        if given.id.startswith(self._own):
            return self._find_own(given, head)
        key = _key(given.source, given.id)
        known = in_batch.get(key) or self._pending.get(key) or self._look_up(key)
        if known is None:
            return None
        sequence, digest = known
        if sequence <= self._catalog.manifest.pruned_to:
            return None
        if digest != _digest(given.content):
            other = fresh[sequence - head - 1].given if sequence > head else None
            content = content_of(self._line_at(sequence)) if other is None else other.content
            self._check_same(given, sequence, content)
        return sequence

    def _check_same(self, given: GivenId, sequence: int, content: bytes) -> None:
        """The order of names means nothing in JSON, so an event may come back in another one."""
        if content != given.content and _sorted(content) != _sorted(given.content):
            raise self._conflict(given, sequence)

    def _look_up(self, key: bytes) -> Known | None:
        try:
            return self._index.look_up(key)
        except sqlite3.Error:
            self._index.close()
            self._build_anew()
            return self._index.look_up(key)

    def _find_own(self, given: GivenId, head: int) -> int:
        """An id as this log makes them: it names the event itself."""
        number = given.id[len(self._own) :]
        first = self._catalog.manifest.pruned_to + 1
        if not (number.isdecimal() and number == str(int(number)) and first <= int(number) <= head):
            raise InvalidEventError(
                f"id {given.id!r} looks like one that this log makes itself, and no event has it: "
                "choose another"
            )
        self._check_same(given, int(number), content_of(self._line_at(int(number))))
        return int(number)

    def _line_at(self, sequence: int) -> bytes:
        """One line of the log; neighbors are often asked for together, so their block is kept."""
        if self._block is None or not self._block.first <= sequence <= self._block.last:
            query = Query(after=sequence - 1, until=sequence)
            self._block = next(iter(line_blocks(self._catalog, query)))
        return self._block.lines[sequence - self._block.first]

    def _conflict(self, given: GivenId, sequence: int) -> ConflictError:
        return ConflictError(
            f"id {given.id!r} of source {given.source!r} belongs to an event with another "
            "type, subject or data: give this event an id of its own",
            path=self._catalog.path,
            sequence=sequence,
        )

    def take_in(self, foreign_through: int) -> None:
        """Learn the ids of events that other processes wrote, which end at this sequence."""
        if foreign_through > self._through:
            for key, sequence, content in self._rows_after(self._through):
                self._pending.setdefault(key, (sequence, content))
            self._through = foreign_through

    def add(self, written: list[Prepared], first: int) -> None:
        """Remember the ids of events that were just written from sequence ``first`` on."""
        for sequence, prepared in enumerate(written, first):
            if prepared.given is not None:
                key = _key(prepared.given.source, prepared.given.id)
                self._pending[key] = (sequence, _digest(prepared.given.content))
        self._through = max(self._through, first + len(written) - 1)
        if len(self._pending) >= self._save_at:
            self.save()

    def save(self) -> None:
        """Write what is pending. It is in the log already, so a failure is only reported."""
        rows = ((key, sequence, content) for key, (sequence, content) in self._pending.items())
        try:
            if self._pending or self._index.reached()[0] != self._through:
                self._store(self._index, rows, self._through)
        except (sqlite3.Error, OSError) as error:
            logger.warning(
                "the index of given ids in %s was not saved, and is built again when it is needed:"
                " %s", self._catalog.path / CACHE_NAME, error,
            )  # fmt: skip
            self._save_at += _LEAST_PENDING
        else:
            self._pending.clear()
            self._save_at = _pending_at_most(self._index)

    def close(self) -> None:
        """Close without saving what is pending."""
        self._index.close()

    def _catch_up(self, index: IdIndex) -> None:
        through, check = index.reached()
        pruned_to = self._catalog.manifest.pruned_to
        if through and (
            not pruned_to < through <= self._through or self._check_at(through) != check
        ):
            # The log is another one than the index was built from, an older copy for example.
            raise sqlite3.DatabaseError("the index of another log")
        if through < self._through:
            self._store(index, self._rows_after(through), self._through)

    def _check_at(self, sequence: int) -> str:
        return decode_line(self._line_at(sequence)).crc32

    def _rows_after(self, through: int) -> Iterator[Row]:
        own_start = b'{"specversion":"1.0","id":"' + self._own.encode()
        for block in line_blocks(self._catalog, Query(after=through)):
            for line in block.lines:
                if line.startswith(own_start):
                    continue
                event = decode_line(line)
                if event.sequence > through:
                    key = _key(event.source, event.id)
                    yield key, sequence_of(line), _digest(content_of(line))

    def _store(self, index: IdIndex, rows: Iterator[Row], through: int) -> None:
        if through:
            index.store(rows, through, self._check_at(through))
