"""Segments as sequences of blocks. A block is about 1 MiB of whole lines: what reading keeps in
memory. A raw segment's blocks are cut at line ends, a sealed segment's are its frames.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Protocol

from attrs import field, frozen

from eventlog._codec import sequence_of
from eventlog._errors import DamagedLogError
from eventlog._format import FRAME_BYTES, HARD_MAX_LINE_BYTES
from eventlog._manifest_lines import SealedEntry
from eventlog._regular import open_regular
from eventlog._seekable import FrameEntry, read_frame, read_frame_start, read_table

_PROBE_BYTES = 16 << 10


@frozen
class Block:
    """Whole lines of one segment."""

    path: Path
    offset: int
    """Where the block starts in the segment's lines, in bytes (uncompressed)."""
    data: bytes
    checked: bool
    """Whether a checksum over the whole block was already verified."""


OnDamage = Callable[[DamagedLogError], None]
"""Called for each damage that reading meets: raises it, or notes it so that reading goes around."""


def raise_damage(error: DamagedLogError) -> None:
    """The strict way."""
    raise error


class Segment(Protocol):
    """What reading needs of a segment."""

    @property
    def path(self) -> Path: ...
    @property
    def first_sequence(self) -> int: ...
    def open(self) -> BufferedReader:
        """FileNotFoundError: it was sealed in the meantime; look at the catalog again."""

    def blocks(self, file: BufferedReader, start: int, on_damage: OnDamage) -> Iterator[Block]:
        """Blocks from about the one that holds ``start`` to the end."""

    def blocks_reversed(
        self, file: BufferedReader, stop: int | None, on_damage: OnDamage
    ) -> Iterator[Block]:
        """Blocks from about the one that holds ``stop`` (None: the last) back to the first."""


@frozen
class SealedSegment:
    """A compressed segment that the manifest describes."""

    path: Path
    entry: SealedEntry

    @property
    def first_sequence(self) -> int:
        """Sequence of the first line."""
        return self.entry.first_sequence

    def open(self) -> BufferedReader:
        """The file; DamagedLogError when it is missing or has another size than it should."""
        try:
            file = open_regular(self.path)
        except FileNotFoundError:
            raise DamagedLogError("a sealed segment is missing", path=self.path) from None
        size = os.fstat(file.fileno()).st_size
        if size != self.entry.stored_bytes:
            file.close()
            raise DamagedLogError(
                f"a sealed segment has {size:,} bytes, and the manifest states "
                f"{self.entry.stored_bytes:,}",
                path=self.path,
                sequence=self.entry.first_sequence,
            )
        return file

    def frames(self, file: BufferedReader) -> list[FrameEntry]:
        """The frames, which together must be as long as the manifest says."""
        frames = read_table(file, self.path)
        if sum(frame.raw_bytes for frame in frames) != self.entry.raw_bytes:
            raise DamagedLogError("the seek table contradicts the manifest", path=self.path)
        return frames

    def blocks(self, file: BufferedReader, start: int, on_damage: OnDamage) -> Iterator[Block]:
        frames = self.frames(file)
        yield from self._load(file, frames[self._find(file, frames, start) :], on_damage)

    def blocks_reversed(
        self, file: BufferedReader, stop: int | None, on_damage: OnDamage
    ) -> Iterator[Block]:
        frames = self.frames(file)
        end = len(frames) if stop is None else self._find(file, frames, stop) + 1
        yield from self._load(file, frames[end - 1 :: -1] if end else [], on_damage)

    def _load(
        self, file: BufferedReader, frames: list[FrameEntry], on_damage: OnDamage
    ) -> Iterator[Block]:
        for frame in frames:
            try:
                data = read_frame(file, frame, self.path)
            except DamagedLogError as error:
                on_damage(error)
            else:
                yield Block(self.path, frame.raw_offset, data, True)

    def _find(self, file: BufferedReader, frames: list[FrameEntry], sequence: int) -> int:
        """Index of the frame that holds ``sequence``, by bisection over the frames' first lines."""
        low, high = 0, len(frames)
        if sequence <= self.entry.first_sequence:
            return 0
        while high - low > 1:
            middle = (low + high) // 2
            start = read_frame_start(file, frames[middle], self.path, _PROBE_BYTES)
            if sequence_of(start) <= sequence:
                low = middle
            else:
                high = middle
        return low


@frozen
class RawSegment:
    """An uncompressed segment: active, or rotated and waiting to be sealed."""

    path: Path
    first_sequence: int
    salt: int = field(repr=False)
    end: int | None = None
    """Bytes that hold whole batches as far as is known; None for all of the file."""

    def open(self) -> BufferedReader:
        """The file; FileNotFoundError when it was sealed in the meantime."""
        return open_regular(self.path)

    def blocks(self, file: BufferedReader, start: int, on_damage: OnDamage) -> Iterator[Block]:
        end = self._end(file)
        offset = self._find(file, start, end)
        while offset < end:
            block = self._read_lines(file, offset, end)
            yield Block(self.path, offset, block, False)
            offset += len(block)

    def blocks_reversed(
        self, file: BufferedReader, stop: int | None, on_damage: OnDamage
    ) -> Iterator[Block]:
        end = self._end(file)
        while end > 0:
            begin = self._line_start(file, max(0, end - FRAME_BYTES), end)
            file.seek(begin)
            yield Block(self.path, begin, file.read(end - begin), False)
            end = begin

    def _end(self, file: BufferedReader) -> int:
        return os.fstat(file.fileno()).st_size if self.end is None else self.end

    def _read_lines(self, file: BufferedReader, offset: int, end: int) -> bytes:
        """About a block from ``offset``, up to the last line end in it."""
        want = FRAME_BYTES
        while True:
            file.seek(offset)
            data = file.read(min(want, end - offset))
            if offset + len(data) >= end:
                return data
            cut = data.rfind(b"\n") + 1
            if cut:
                return data[:cut]
            if want > HARD_MAX_LINE_BYTES or len(data) < want:
                raise DamagedLogError("a line has no end", path=self.path, offset=offset)
            want *= 4

    def _line_start(self, file: BufferedReader, offset: int, end: int) -> int:
        """Start of the first line at or after ``offset``, or of the line around it if none is."""
        while offset > 0:
            for want in (_PROBE_BYTES, FRAME_BYTES):  # most lines are short
                file.seek(offset - 1)
                cut = file.read(min(want, end - offset)).find(b"\n")
                if cut >= 0:
                    return offset + cut
            offset = max(0, offset - FRAME_BYTES)
        return 0

    def _find(self, file: BufferedReader, sequence: int, end: int) -> int:
        """A line start at or before ``sequence``'s line, and close to it."""
        low, high = 0, end
        if sequence <= self.first_sequence:
            return 0
        while high - low > _PROBE_BYTES:
            middle = self._line_start(file, (low + high) // 2, high)
            if not low < middle < high:
                break
            file.seek(middle)
            line = file.readline(_PROBE_BYTES)
            try:
                if sequence_of(line) > sequence:
                    high = middle
                    continue
            except DamagedLogError:
                return low  # reading on from here meets the damage and reports it
            low = middle
        return low
