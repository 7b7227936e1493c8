"""Finding out how much of an input is in the log already."""

from __future__ import annotations

from hashlib import blake2b

from attrs import frozen

from eventlog.importing._marks import (
    FIRST_LINE_BYTES,
    Mark,
    Marks,
    first_line_key,
    new_run,
    prefix_hash,
)
from eventlog.importing._ranges import LineSet
from eventlog.importing._sources import BLOCK, Source


@frozen
class Resumption:
    """Where an import of one input goes on, and under which lineage."""

    key: str
    run: str
    offset: int
    """Bytes of the input that were imported before; 0 when it is new."""
    hash: blake2b
    """Of those bytes."""
    rejected: LineSet
    """Lines among those bytes that are not in the log."""

    @property
    def lineage(self) -> str:
        return f"{self.key}-{self.run}"


def find_resumption(source: Source, marks: Marks) -> Resumption:
    """Compare the beginning of ``source`` with the marks; afterwards it is at its start again.

    Of an input with an unknown first line only that line is read.
    """
    start = _first_line(source)
    key = first_line_key(start)
    candidates = marks.of(key)
    found, digest = _longest_match(source, start, candidates, marks) if candidates else (None, None)
    source.rewind()
    if found is None or digest is None:
        return Resumption(key, new_run(), 0, prefix_hash(), LineSet())
    return Resumption(key, found.run, found.offset, digest, marks.rejected_by(found))


def _first_line(source: Source) -> bytes:
    start = b""
    while len(start) < FIRST_LINE_BYTES and b"\n" not in start:
        block = source.read(FIRST_LINE_BYTES)
        if not block:
            break
        start += block
    return start


def _longest_match(
    source: Source, block: bytes, candidates: list[Mark], marks: Marks
) -> tuple[Mark | None, blake2b | None]:
    """The furthest mark of an input that this one begins with, or any mark where this one ends.

    An input that shares only its first lines with another goes its own way behind some mark that
    is not the furthest; it is new, and all of it is imported.
    """
    running = prefix_hash()
    reached = 0
    found: tuple[Mark | None, blake2b | None] = (None, None)
    for mark in candidates:
        while block and reached + len(block) < mark.offset:
            running.update(block)
            reached += len(block)
            block = source.read(BLOCK)
        if reached + len(block) < mark.offset:
            break  # the input is shorter, and so than all that follow
        running.update(block[: mark.offset - reached])
        block = block[mark.offset - reached :]
        reached = mark.offset
        block = block or source.read(BLOCK)
        if running.hexdigest() == mark.digest and (marks.is_furthest(mark) or not block):
            found = (mark, running.copy())
    return found
