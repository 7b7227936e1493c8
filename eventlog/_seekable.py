"""The Zstandard seekable format: writing frames and their table, reading them back.

``zstandard`` knows frames; the table is ours. Decompressing checks the frame's own checksum, and
is bounded by the size that the table states *before* it starts, so a bomb cannot go off.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

import zstandard
from attrs import frozen

from eventlog._errors import DamagedLogError
from eventlog._format import FRAME_BYTES, HARD_MAX_LINE_BYTES

COMPRESSION_LEVEL = 3
_SALVAGE_STEP = 1 << 12
MAX_FRAME_BYTES = FRAME_BYTES + HARD_MAX_LINE_BYTES

MAX_FRAMES = 1 << 20
"""So that a table that claims more is not even read."""

_FRAME_MAGIC = (0xFD2FB528).to_bytes(4, "little")
_FLAGS_OFFSET = len(_FRAME_MAGIC)
_CHECKSUM_FLAG = 1 << 2
_LONGEST_HEADER = 18
_CHECKSUM_BYTES = 4
_REPEATED_BYTE = 1
"""A kind of block: one byte, and how often it stands there."""

_SKIPPABLE_MAGIC = 0x184D2A5E
_SEEKABLE_MAGIC = 0x8F92EAB1
_TABLE_MAGIC = _SKIPPABLE_MAGIC.to_bytes(4, "little")
_MAGICS = (_FRAME_MAGIC, _TABLE_MAGIC)
"""What may follow a frame."""
_HEADER = struct.Struct("<II")
_ENTRY = struct.Struct("<II")
_FOOTER = struct.Struct("<IBI")


@frozen
class FrameEntry:
    """Where one frame lies, stored and after decompression (all in bytes)."""

    stored_offset: int
    stored_bytes: int
    raw_offset: int
    raw_bytes: int


def compress_frames(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a seekable file: a frame per block, and the table."""
    compressor = zstandard.ZstdCompressor(
        level=COMPRESSION_LEVEL, write_checksum=True, write_content_size=True
    )
    entries = []
    for block in blocks:
        frame = compressor.compress(block)
        entries.append((len(frame), len(block)))
        yield frame
    yield _encode_table(entries)


def _encode_table(entries: list[tuple[int, int]]) -> bytes:
    body = b"".join(_ENTRY.pack(*entry) for entry in entries)
    body += _FOOTER.pack(len(entries), 0, _SEEKABLE_MAGIC)
    return _HEADER.pack(_SKIPPABLE_MAGIC, len(body)) + body


def read_table(file: BufferedReader, path: Path) -> list[FrameEntry]:
    """The frames of a seekable file; DamagedLogError when the table does not describe the file."""
    size = file.seek(0, 2)
    count, descriptor, magic = _FOOTER.unpack(
        _read_at(file, size - _FOOTER.size, _FOOTER.size, path)
    )
    table_bytes = count * _ENTRY.size + _FOOTER.size
    table_offset = size - table_bytes - _HEADER.size
    if magic != _SEEKABLE_MAGIC or descriptor != 0 or table_offset < 0 or count > MAX_FRAMES:
        raise DamagedLogError("the seek table is missing or damaged", path=path)
    table = _read_at(file, table_offset, _HEADER.size + table_bytes, path)
    if _HEADER.unpack_from(table) != (_SKIPPABLE_MAGIC, table_bytes):
        raise DamagedLogError("the seek table has a wrong header", path=path)
    entries = _decode_entries(table[_HEADER.size : -_FOOTER.size], path)
    if entries and entries[-1].stored_offset + entries[-1].stored_bytes != table_offset:
        raise DamagedLogError("the seek table does not fit the file's size", path=path)
    return entries


def _decode_entries(body: bytes, path: Path) -> list[FrameEntry]:
    entries, stored_offset, raw_offset = [], 0, 0
    for stored_bytes, raw_bytes in _ENTRY.iter_unpack(body):
        if not (stored_bytes and 0 < raw_bytes <= MAX_FRAME_BYTES):
            raise DamagedLogError(
                f"a frame claims {raw_bytes:,} bytes", path=path, offset=raw_offset
            )
        entries.append(FrameEntry(stored_offset, stored_bytes, raw_offset, raw_bytes))
        stored_offset += stored_bytes
        raw_offset += raw_bytes
    return entries


def _read_at(file: BufferedReader, offset: int, size: int, path: Path) -> bytes:
    if offset < 0:
        raise DamagedLogError("the file is too short to be a sealed segment", path=path)
    file.seek(offset)
    data = file.read(size)
    if len(data) != size:
        raise DamagedLogError("the file ends too early", path=path, offset=offset)
    return data


def read_frame(file: BufferedReader, entry: FrameEntry, path: Path) -> bytes:
    """The lines of one frame; DamagedLogError when it is not what was written."""
    stored = _read_at(file, entry.stored_offset, entry.stored_bytes, path)
    try:
        if zstandard.frame_content_size(stored) != entry.raw_bytes:
            raise DamagedLogError(
                "a frame and the seek table state different sizes",
                path=path,
                offset=entry.raw_offset,
            )
        return zstandard.ZstdDecompressor().decompress(stored, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise DamagedLogError(
            f"a frame cannot be decompressed: {error}", path=path, offset=entry.raw_offset
        ) from None


def read_frame_start(file: BufferedReader, entry: FrameEntry, path: Path, size: int) -> bytes:
    """The first ``size`` bytes of a frame, at a fraction of the cost of all of it."""
    stored = _read_at(file, entry.stored_offset, entry.stored_bytes, path)
    try:
        with zstandard.ZstdDecompressor().stream_reader(stored) as reader:
            return reader.read(min(size, entry.raw_bytes))
    except zstandard.ZstdError as error:
        raise DamagedLogError(
            f"a frame cannot be decompressed: {error}", path=path, offset=entry.raw_offset
        ) from None


def find_frames(file: BufferedReader) -> list[FrameEntry]:
    """The frames of a file whose table is damaged, by where they begin and where they end."""
    stored = _Stored(file)
    entries, raw_offset, start = [], 0, stored.find(_FRAME_MAGIC, 0)
    while start is not None:
        end = _frame_end(stored, start)
        raw_bytes = _content_bytes(stored.part(start, _LONGEST_HEADER))
        entries.append(FrameEntry(start, end - start, raw_offset, raw_bytes))
        raw_offset += raw_bytes
        start = stored.find(_FRAME_MAGIC, end)
    return entries


class _Stored:
    """A file of any size, looked at in parts."""

    def __init__(self, file: BufferedReader) -> None:
        self._file = file
        self.size = file.seek(0, 2)

    def part(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)

    def find(self, wanted: bytes, start: int) -> int | None:
        """Where ``wanted`` stands first, from ``start`` on."""
        while start < self.size:
            data = self.part(start, FRAME_BYTES)
            at = data.find(wanted)
            if at >= 0:
                return start + at
            start += max(1, len(data) - len(wanted) + 1)
        return None


def _frame_end(stored: _Stored, start: int) -> int:
    """Where the blocks of this frame say that it ends; or, when they are damaged, the next frame.

    Each block begins with 3 bytes: the last one of all (1 bit), its kind (2), its size (21).
    """
    end, last = start + _header_bytes(stored.part(start, _LONGEST_HEADER)), False
    while not last and end + 3 <= stored.size:
        block = int.from_bytes(stored.part(end, 3), "little")
        last, kind, size = bool(block & 1), block >> 1 & 3, block >> 3
        end += 3 + (1 if kind == _REPEATED_BYTE else size)
    end += _CHECKSUM_BYTES
    behind = stored.part(end, len(_FRAME_MAGIC))
    if last and behind and any(magic.startswith(behind) for magic in _MAGICS):
        return end
    following = (stored.find(magic, start + 1) for magic in _MAGICS)
    return min((found for found in following if found is not None), default=stored.size)


def _header_bytes(stored: bytes) -> int:
    try:
        return zstandard.frame_header_size(stored)
    except zstandard.ZstdError:
        return len(_FRAME_MAGIC)


def _content_bytes(stored: bytes) -> int:
    """What the frame's header states, 0 when that is damaged."""
    with suppress(zstandard.ZstdError):
        size = zstandard.frame_content_size(stored)
        return size if 0 <= size <= MAX_FRAME_BYTES else 0
    return 0


def salvage_frame(file: BufferedReader, entry: FrameEntry) -> bytes:
    """As much of a damaged frame as can be decompressed; its lines must each pass their check.

    The frame's own checksum is not looked at, and a header that is damaged is replaced by the one
    that any frame of this size has.
    """
    file.seek(entry.stored_offset)
    stored = file.read(entry.stored_bytes)
    made = zstandard.ZstdCompressor(level=COMPRESSION_LEVEL).compress(bytes(entry.raw_bytes))
    header = made[: zstandard.frame_header_size(made)]
    flags = stored[_FLAGS_OFFSET : _FLAGS_OFFSET + 1]
    unchecked = bytes(flag & ~_CHECKSUM_FLAG for flag in flags)
    as_it_is = stored[:_FLAGS_OFFSET] + unchecked + stored[_FLAGS_OFFSET + 1 :]
    with_header = header + stored[len(header) :]
    return max(_beginning(as_it_is), _beginning(with_header), key=len)


def _beginning(stored: bytes) -> bytes:
    """What comes before the first error, to the byte: a step that fails gives nothing at all."""
    large_steps = _read_in_steps(stored, 0, _SALVAGE_STEP)
    return _read_in_steps(stored, len(large_steps) // _SALVAGE_STEP, 1)


def _read_in_steps(stored: bytes, large_steps: int, step: int) -> bytes:
    data = bytearray()
    # The caller finds out what is missing after an error: the sequences are gapless.
    with (
        suppress(zstandard.ZstdError),
        zstandard.ZstdDecompressor().stream_reader(stored) as reader,
    ):
        for _ in range(large_steps):
            data += reader.read(_SALVAGE_STEP)
        while len(data) < MAX_FRAME_BYTES and (piece := reader.read(step)):
            data += piece
    return bytes(data)
