"""Lines of any input with their numbers and offsets, in bounded memory."""

from __future__ import annotations

import codecs
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import IO

from msgspec import Struct

from eventlog.importing._normal import NormalBytes, normal
from eventlog.importing._sources import BLOCK, Source

_NEWLINE = 10


class LongLine:
    """A line that is too long to hold: its bytes lie in a temporary file without a name."""

    def __init__(self, spool_in: Path) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=spool_in)  # noqa: SIM115
        self._length = 0
        self.ended = False
        """Whether the last byte is a line feed."""

    def add(self, piece: bytes) -> None:
        self._file.write(piece)
        self._length += len(piece)
        self.ended = piece.endswith(b"\n")

    def __len__(self) -> int:
        return self._length

    def chunks(self) -> Iterator[bytes]:
        """All bytes of the line, from the first, a block at a time."""
        self._file.seek(0)
        while block := self._file.read(BLOCK):
            yield block

    def normal_chunks(self, *, is_first: bool) -> Iterator[bytes]:
        """The line in its normal form, a block at a time."""
        self._file.seek(0)
        file = NormalBytes(self._file, is_first=is_first)
        while block := file.read(BLOCK):
            yield block

    def __del__(self) -> None:
        with suppress(AttributeError):  # there was no room for the file
            self._file.close()


Raw = bytes | LongLine
"""A line as it stood in the input, with its line feed."""


class Line(Struct, frozen=True, gc=False):
    """A struct, because one is made for every line.

    ``number`` counts from 1; ``end`` is the offset right after it, in the input's normal form.
    """

    number: int
    end: int
    raw: Raw


class _Unfinished:
    """The beginning of a line whose end was not read yet."""

    def __init__(self, limit: int, spool_in: Path) -> None:
        self._limit = limit
        self._spool_in = spool_in
        self._pieces: list[bytes] = []
        self._held = 0
        self._long: LongLine | None = None

    def __bool__(self) -> bool:
        return bool(self._pieces) or self._long is not None

    def add(self, piece: bytes) -> None:
        if self._long is not None:
            self._long.add(piece)
            return
        self._pieces.append(piece)
        self._held += len(piece)
        if self._held > self._limit + 1:  # its line feed does not count
            self._long = LongLine(self._spool_in)
            self._long.add(b"".join(self._pieces))
            self._pieces = []

    def take(self) -> Raw:
        raw = self._long or b"".join(self._pieces)
        self._pieces, self._held, self._long = [], 0, None
        return raw


def read_lines(source: Source, limit: int, spool_in: Path) -> Iterator[Line | None]:
    """The lines of ``source``; None wherever it has nothing more to give without waiting.

    At most ``limit`` bytes and two blocks are held; a longer line comes as a LongLine.
    """
    number = end = 0
    unfinished = _Unfinished(limit, spool_in)
    while block := source.read(BLOCK):
        is_normal = b"\r" not in block
        for piece in BytesIO(block):
            raw: Raw = piece
            if piece[-1] != _NEWLINE or unfinished:
                unfinished.add(piece)
                if piece[-1] != _NEWLINE:
                    continue
                raw = unfinished.take()
                end += _normal_length(raw, is_first=number == 0)
            elif is_normal and number:
                end += len(piece)
            else:
                end += len(normal(piece, is_first=number == 0))
            number += 1
            yield Line(number, end, raw)
        if not source.ready():
            yield None
    if unfinished:
        raw = unfinished.take()
        yield Line(number + 1, end + _normal_length(raw, is_first=number == 0), raw)


def _normal_length(raw: Raw, *, is_first: bool) -> int:
    if isinstance(raw, bytes):
        return len(normal(raw, is_first=is_first))
    return sum(map(len, raw.normal_chunks(is_first=is_first)))


def is_ended(raw: Raw) -> bool:
    """Whether the line has its line feed: the last one of an input may lack it."""
    return raw.endswith(b"\n") if isinstance(raw, bytes) else raw.ended


def content(raw: bytes) -> bytes:
    """The line without its line feed."""
    return raw[:-1] if raw[-1:] == b"\n" else raw


def content_length(raw: Raw) -> int:
    """How many bytes the line has without its line feed."""
    return len(raw) - is_ended(raw)


def content_chunks(raw: Raw) -> Iterator[bytes]:
    """The line without its line feed, in pieces that fit in memory."""
    if isinstance(raw, bytes):
        yield content(raw)
        return
    left = len(raw)
    for chunk in raw.chunks():
        left -= len(chunk)
        yield chunk if left else content(chunk)


def sha256_of(raw: Raw) -> str:
    """The SHA-256 of the line without its line feed."""
    digest = hashlib.sha256()
    for chunk in content_chunks(raw):
        digest.update(chunk)
    return digest.hexdigest()


def is_text(raw: Raw) -> bool:
    """Whether the line is valid UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in content_chunks(raw):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
