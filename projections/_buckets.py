"""Records on disk, in buckets of which each fits into memory.

The file has no name, so that it is gone with its process, whatever ends that.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryFile, gettempdir

import msgspec
import zstandard

from projections._keyed import Key

Record = tuple[int, Key, bytes]
"""The place of a key, the key, and one of its states."""

_WAITING_BYTES = 16 << 20
_RECORD_BYTES = 150
"""What a record takes in memory beside its state."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Record]).decode


class Buckets:
    """So many buckets. OSError, which says where, when there is no room for them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._waiting: list[list[Record]] = [[] for _ in range(count)]
        self._waiting_bytes = 0
        self._blocks: list[list[tuple[int, int]]] = [[] for _ in range(count)]
        self._compress = zstandard.ZstdCompressor(level=1).compress
        with no_room("keys"):
            self._file = TemporaryFile(prefix="eventlog-")  # noqa: SIM115 - see close

    def add(self, number: int, record: Record) -> None:
        """Put a record into a bucket."""
        self._waiting[number].append(record)
        self._waiting_bytes += len(record[2]) + _RECORD_BYTES
        if self._waiting_bytes > _WAITING_BYTES:
            self._write()

    def each(self) -> Iterator[list[Record]]:
        """The records of one bucket after the other, as they were added."""
        self._write()
        decompress = zstandard.ZstdDecompressor().decompress
        for blocks in self._blocks:
            records: list[Record] = []
            for start, size in blocks:
                with no_room("keys"):
                    self._file.seek(start)
                    stored = self._file.read(size)
                records += _decode(decompress(stored))
            yield records

    def close(self) -> None:
        """Give the room back."""
        with suppress(OSError):  # of writing what is left, which nobody needs
            self._file.close()

    def _write(self) -> None:
        with no_room("keys"):
            for records, blocks in zip(self._waiting, self._blocks, strict=True):
                if records:
                    stored = self._compress(_encode(records))
                    blocks.append((self._file.tell(), len(stored)))
                    self._file.write(stored)
                    records.clear()
            self._file.flush()
        self._waiting_bytes = 0


@contextmanager
def no_room(what: str) -> Iterator[None]:
    """Says of an OSError that it is about the temporary file, and what to do."""
    try:
        yield
    except OSError as error:
        message = (
            f"{error.strerror}: there are more {what} than are held in memory, and the temporary "
            "file for them cannot be written. Free some space there, or set TMPDIR to a directory "
            "that has more"
        )
        raise OSError(error.errno, message, gettempdir()) from None
