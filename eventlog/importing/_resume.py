"""Finding out how much of an input is in the log already."""

from __future__ import annotations

from hashlib import blake2b

from attrs import evolve, frozen

from eventlog.importing._lines import is_ended
from eventlog.importing._marks import (
    FIRST_LINE_BYTES,
    Mark,
    Marks,
    first_line_key,
    new_run,
    prefix_hash,
)
from eventlog.importing._normal import NormalBytes
from eventlog.importing._ranges import LineSet
from eventlog.importing._records import Record
from eventlog.importing._sources import BLOCK, Source

_MOST_COMPARED = 8
"""To compare an input with a lineage takes a look into the log, and all of a thousand files may
begin alike. What is behind so many is not looked at: such an input is imported again."""


@frozen
class Resumption:
    """Where an import of one input goes on, and under which lineage. Offsets are in normal form."""

    key: str
    run: str
    offset: int
    """So much of the input was imported before, by its bytes; 0 when it is new."""
    hash: blake2b
    """Of those bytes."""
    rejected: LineSet
    """Lines among those bytes that are not in the log."""
    told_until: int = 0
    """The events of lines from ``offset`` to here are in the log too: they were compared."""

    @property
    def lineage(self) -> str:
        return f"{self.key}-{self.run}"

    def holds(self, record: Record) -> bool:
        """Whether a record is one of those imported before."""
        if record.end <= self.offset:
            return True
        # An input that ended without a line feed may have got it since.
        return record.end == self.offset + 1 and is_ended(record.raw)


@frozen
class Inside:
    """An input that ends between two marks of a lineage.

    All its bytes before the first of them are known. Whether those behind it are depends on what
    the batch of ``next_mark`` tells; if it tells the same, ``resumption`` applies.
    """

    resumption: Resumption
    next_mark: Mark


@frozen
class Comparison:
    """What the marks say about an input: ``resumption``, unless one of ``inside`` holds."""

    resumption: Resumption
    inside: list[Inside]


def compare(source: Source, marks: Marks) -> Comparison:
    """Compare the beginning of ``source`` with the marks.

    An input goes on where a lineage ended, or it ends within one. An input that leaves every
    lineage before its end is new, and all of it is imported. Of one with an unknown first line
    only that line is read.
    """
    walk = _Walk(source)
    key = first_line_key(walk.first_line())
    new = Resumption(key, new_run(), 0, prefix_hash(), LineSet())
    inside: list[tuple[Resumption, Mark]] = []
    lineages = {mark.lineage: evolve(new, run=mark.run) for mark in marks.of(key)}
    for mark in marks.of(key):
        so_far = lineages.pop(mark.lineage, None)
        if so_far is None:
            continue  # the input left this lineage before an earlier mark
        running = walk.hash_to(mark.offset)
        if running is None:
            inside.append((so_far, mark))
        elif running.hexdigest() == mark.digest:
            lineages[mark.lineage] = evolve(so_far, offset=mark.offset, hash=running)
    found = max(lineages.values(), key=lambda one: one.offset, default=new)
    found = _with_rejected(found, marks)
    if found.offset == walk.reached:
        return Comparison(found, [])  # all of it is known
    # The newest first: of inputs that share their first lines, those are the likeliest.
    inside.sort(key=lambda one: (one[0].offset, marks.sequence_of(one[1])), reverse=True)
    likely = [
        Inside(_with_rejected(evolve(so_far, told_until=walk.reached), marks), mark)
        for so_far, mark in inside[:_MOST_COMPARED]
    ]
    return Comparison(found, likely)


def _with_rejected(resumption: Resumption, marks: Marks) -> Resumption:
    return evolve(resumption, rejected=marks.rejected_by(resumption.lineage))


class _Walk:
    """Goes once through the normal form of an input, hashing."""

    def __init__(self, source: Source) -> None:
        self._bytes = NormalBytes(source)
        self._rest = memoryview(b"")
        self._hash = prefix_hash()
        self.reached = 0
        """So many bytes are hashed."""

    def first_line(self) -> bytes:
        """The first line, and what was read with it. Call this first."""
        start = b""
        while len(start) < FIRST_LINE_BYTES and b"\n" not in start:
            block = self._bytes.read(FIRST_LINE_BYTES)
            if not block:
                break
            start += block
        self._rest = memoryview(start)
        return start

    def hash_to(self, offset: int) -> blake2b | None:
        """The hash of the bytes before ``offset``; None when the input ends before."""
        while self.reached + len(self._rest) < offset:
            self._take(len(self._rest))
            self._rest = memoryview(self._bytes.read(BLOCK))
            if not self._rest:
                return None
        self._take(offset - self.reached)
        return self._hash.copy()

    def _take(self, size: int) -> None:
        self._hash.update(self._rest[:size])
        self._rest = self._rest[size:]
        self.reached += size
