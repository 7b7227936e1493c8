"""Reading around damage: every intact line of a log, and one report for each damaged place.

A place is told of when it is known what it cost, at the next intact line. So a broken frame, the
lines that are missing from it and the gap they leave are one report.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from attrs import define, field

from eventlog._catalog import Catalog
from eventlog._codec import sequence_of
from eventlog._errors import DamagedLogError
from eventlog._found import FoundSegment, find_segments, raw_blocks, sealed_blocks
from eventlog._line_search import intact_lines
from eventlog._lines import Lines, ListedLines, check_not_pruned, passed
from eventlog._query import Query
from eventlog._regular import open_regular
from eventlog._salvage import is_event
from eventlog._segments import Block, OnDamage
from eventlog._tail import committed_end

_NO_END = 10**19
"""Above every sequence."""


def blocks_around(catalog: Catalog, query: Query, on_damage: OnDamage) -> Iterator[Lines]:
    """Like :func:`eventlog._reader.line_blocks`; ``on_damage`` is told, and nothing raised."""
    told: set[str] = set()

    def tell_once(error: DamagedLogError) -> None:
        if str(error) not in told:
            told.add(str(error))
            on_damage(error)

    while True:
        try:
            for lines in _Walk(catalog, query, tell_once).blocks():
                yield lines
                query = passed(query, lines)
            return
        except FileNotFoundError:
            continue  # a raw segment was sealed since the directory was listed


@define
class _Places:
    """Damaged places: noted as they are met, told when the walk is past them."""

    query: Query
    tell: OnDamage
    expected: int | None = None
    """The sequence that the next line should have; None when only the disk knows."""
    _met: DamagedLogError | None = None
    """The first damage since the last intact line."""
    _of_frame: DamagedLogError | None = None
    _of_file: DamagedLogError | None = None
    """What is wrong with a segment as a whole: told when nothing else in it is."""

    def note(self, error: DamagedLogError) -> None:
        """Damage at this point of the walk."""
        self._met = self._met or self._of_frame or error

    def note_frame(self, error: DamagedLogError) -> None:
        """Damage of the frame that the walk enters: the reason for all that is missing from it."""
        self._met = self._met or error
        self._of_frame = error

    def leave_frame(self) -> None:
        """The walk leaves a block; its end may be missing."""
        self._met = self._met or self._of_frame
        self._of_frame = None

    def note_file(self, error: DamagedLogError) -> None:
        """Damage of the whole segment that the walk is in."""
        self._of_file = error

    def is_behind(self, sequence: int) -> bool:
        """Whether the walk is past this sequence already."""
        if self.expected is None:
            return False
        return sequence > self.expected if self.query.reverse else sequence < self.expected

    def pass_to(self, sequence: int, path: Path, offset: int | None = None) -> None:
        """The walk is at this sequence: tell of what should have come before and did not."""
        low, high = self._missing(sequence)
        error = self._met
        if low <= high:
            gap = f"the sequences {low} to {high} are missing"
            error = error or self._of_frame or self._of_file
            error = error or DamagedLogError(gap, path=path, offset=offset)
        else:
            low = high = sequence
        self._met = None
        if error is not None and self._is_wanted(low, high):
            self._of_file = None
            error.sequence = error.sequence or low
            self.tell(error)
        self.expected = sequence

    def _missing(self, sequence: int) -> tuple[int, int]:
        if self.expected is None:
            return 1, 0
        if self.query.reverse:
            return sequence + 1, self.expected
        return self.expected, sequence - 1

    def _is_wanted(self, low: int, high: int) -> bool:
        return high > self.query.after and (self.query.until is None or low <= self.query.until)

    def leave_file(self) -> None:
        """The walk leaves the segment."""
        if self._of_file is not None:
            self.tell(self._of_file)
            self._of_file = None

    def leave_log(self) -> None:
        """Nothing comes any more, and how far the log went nobody knows."""
        if self._met is not None and self._is_wanted(self.expected or 1, _NO_END):
            self.tell(self._met)


@define
class _Walk:
    """One way through all segments, forward or backward."""

    catalog: Catalog
    query: Query
    tell: OnDamage
    places: _Places = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.places = _Places(self.query, self.tell)

    def blocks(self) -> Iterator[Lines]:
        """The intact lines that the query's sequences and times do not rule out."""
        segments, pruned_to = find_segments(self.catalog, self.tell)
        check_not_pruned(self.query, pruned_to, self.catalog.path)
        places, reverse = self.places, self.query.reverse
        if not reverse:
            places.expected = pruned_to + 1
        for segment in reversed(segments) if reverse else segments:
            last = segment.last_sequence
            behind = None if last is None else last + 1
            if reverse:
                behind = segment.first_sequence - 1
            if not self._may_match(segment):
                places.expected = behind
                continue
            if places.expected is None:
                places.expected = last
            for block in self._read(segment, is_last=segment is segments[-1]):
                lines = self._take(block)
                if lines is not None:
                    yield lines
                if self._is_done():
                    return
            self._leave(segment, behind)

    def _may_match(self, segment: FoundSegment) -> bool:
        if segment.entry is not None:
            return self.query.may_match(segment.entry)
        last, until = segment.last_sequence, self.query.until
        return (last is None or last > self.query.after) and (
            until is None or segment.first_sequence <= until
        )

    def _leave(self, segment: FoundSegment, behind: int | None) -> None:
        if behind is None:
            self.places.leave_log()
        elif not self.places.is_behind(behind):
            self.places.pass_to(behind, segment.path)
        self.places.leave_file()

    def _is_done(self) -> bool:
        """Whether all that is wanted was passed."""
        expected = self.places.expected
        if expected is None:
            return False
        if self.query.reverse:
            return expected <= self.query.after
        return self.query.until is not None and expected > self.query.until

    def _read(self, segment: FoundSegment, *, is_last: bool) -> Iterator[Block]:
        try:
            file = open_regular(segment.path)
        except DamagedLogError as error:
            self.places.note(error)
            return
        except FileNotFoundError:
            if not (segment.sealed or os.path.lexists(segment.path)):
                raise
            _, pruned_to = find_segments(self.catalog, lambda error: None)
            check_not_pruned(Query(until=segment.first_sequence), pruned_to, self.catalog.path)
            what = "a segment is missing, or is a link that leads nowhere"
            self.places.note(DamagedLogError(what, path=segment.path))
            return
        with file:
            yield from self._blocks_of(segment, file, is_last)

    def _blocks_of(
        self, segment: FoundSegment, file: BufferedReader, is_last: bool
    ) -> Iterator[Block]:
        places, reverse = self.places, self.query.reverse
        if segment.sealed:
            return sealed_blocks(
                segment, file, places.note_file, places.note_frame, reverse=reverse
            )
        salt, size = self.catalog.salt, os.fstat(file.fileno()).st_size
        end = committed_end(file, salt, segment.first_sequence) if is_last else size
        return raw_blocks(segment, file, end, reverse=reverse)

    def _take(self, block: Block) -> Lines | None:
        """The lines of one block that are intact and in their order."""
        items, places = _items(block, self.catalog.salt), self.places
        lines: list[bytes] = []
        for offset, line in reversed(items) if self.query.reverse else items:
            sequence = 0 if line is None else sequence_of(line)
            if line is None:
                places.note(DamagedLogError("a line is damaged", path=block.path, offset=offset))
            elif places.is_behind(sequence):
                what = f"sequence {sequence} is out of its place"
                places.note(DamagedLogError(what, path=block.path, offset=offset))
            else:
                places.pass_to(sequence, block.path, offset)
                places.expected = sequence + (-1 if self.query.reverse else 1)
                lines.append(line)
        places.leave_frame()
        if self.query.reverse:
            lines.reverse()
        if not lines:
            return None
        return ListedLines(lines, sequence_of(lines[0]), sequence_of(lines[-1]))


def _items(block: Block, salt: int) -> list[tuple[int, bytes | None]]:
    """The block's lines with their offsets; None for what is damaged, before what is left of it."""
    items: list[tuple[int, bytes | None]] = []
    offset = block.offset
    *chunks, rest = block.data.split(b"\n")
    for chunk in [*chunks, rest] if rest else chunks:
        found = [(at, line) for at, line in intact_lines(chunk, salt) if is_event(line)]
        if chunk is rest or found != [(0, chunk)]:
            items.append((offset, None))
        items += [(offset + at, line) for at, line in found]
        offset += len(chunk) + 1
    return items
