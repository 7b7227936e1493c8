"""Ids that callers gave, so that a retry is stored once.

The id of an event that was pruned is forgotten with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b

import msgspec

from eventlog._catalog import Catalog
from eventlog._codec import DATA_NAME, GivenId, Prepared, content_of, decode_line, sequence_of
from eventlog._errors import ConflictError, InvalidEventError
from eventlog._files import Files
from eventlog._index_file import Known, Row
from eventlog._log_index import LogIndex


def _key(source: str, id_: str) -> bytes:
    return blake2b(f"{source}\0{id_}".encode(), digest_size=16).digest()


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=16).digest()


def _sorted(content: bytes) -> tuple[bytes, bytes]:
    head, _, data = content.partition(DATA_NAME)
    with suppress(ValueError):  # a stored line of another shape is another event
        data = msgspec.json.encode(msgspec.json.decode(data), order="sorted")
    return head, data


class GivenIds:
    """Looks up given ids. Used only under the writer's lock."""

    def __init__(self, catalog: Catalog, files: Files, head: int) -> None:
        self._own = f"{catalog.identity.log_id}-"
        self._own_start = b'{"specversion":"1.0","id":"' + self._own.encode()
        self.index = LogIndex(catalog, files, "ids", self._row_of, head)

    def _row_of(self, line: bytes) -> Row | None:
        if line.startswith(self._own_start):
            return None
        event = decode_line(line)
        return _key(event.source, event.id), sequence_of(line), _digest(content_of(line))

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
        known = in_batch.get(key) or self.index.find(key)
        if known is None:
            return None
        sequence, digest = known
        if digest != _digest(given.content):
            other = fresh[sequence - head - 1].given if sequence > head else None
            content = content_of(self.index.line_at(sequence)) if other is None else other.content
            self._check_same(given, sequence, content)
        return sequence

    def _check_same(self, given: GivenId, sequence: int, content: bytes) -> None:
        """The order of names means nothing in JSON, so an event may come back in another one."""
        if content != given.content and _sorted(content) != _sorted(given.content):
            raise self._conflict(given, sequence)

    def _find_own(self, given: GivenId, head: int) -> int:
        """An id as this log makes them: it names the event itself."""
        number = given.id[len(self._own) :]
        first = self.index.pruned_to() + 1
        if not (number.isdecimal() and number == str(int(number)) and first <= int(number) <= head):
            raise InvalidEventError(
                f"id {given.id!r} looks like one that this log makes itself, and no event has it: "
                "choose another"
            )
        self._check_same(given, int(number), content_of(self.index.line_at(int(number))))
        return int(number)

    def _conflict(self, given: GivenId, sequence: int) -> ConflictError:
        return ConflictError(
            f"id {given.id!r} of source {given.source!r} belongs to an event with another "
            "type, subject or data: give this event an id of its own",
            path=self.index.catalog.path,
            sequence=sequence,
        )

    def add(self, written: list[Prepared], first: int) -> None:
        """Remember the ids of events that were just written from sequence ``first`` on."""
        self.index.add(self._rows(written, first), first + len(written) - 1)

    def _rows(self, written: list[Prepared], first: int) -> Iterator[Row]:
        for sequence, prepared in enumerate(written, first):
            given = prepared.given
            if given is not None:
                yield _key(given.source, given.id), sequence, _digest(given.content)
