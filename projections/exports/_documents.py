"""The rows of an answer as JSON documents, to be gone through more than once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any, Self

import msgspec

from projections._buckets import no_room

Document = dict[str, Any]
"""A row as JSON has it: nested."""

_MOST_IN_MEMORY = 1 << 14


class Documents:
    """Very many go into a temporary file without a name, which is gone when this is closed.

    OSError, which says where, when there is no room for it.
    """

    def __init__(self, documents: Iterable[Document]) -> None:
        left = iter(documents)
        self._held = list(islice(left, _MOST_IN_MEMORY))
        self._file: IO[bytes] | None = None
        if len(self._held) == _MOST_IN_MEMORY:
            self._write(left)

    def _write(self, documents: Iterator[Document]) -> None:
        encode = msgspec.json.Encoder().encode
        try:
            with no_room("rows"):
                self._file = TemporaryFile(prefix="eventlog-")  # noqa: SIM115 - see close
            for document in documents:
                line = encode(document) + b"\n"
                with no_room("rows"):
                    self._file.write(line)
            with no_room("rows"):
                self._file.flush()
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[Document]:
        yield from self._held
        if self._file is not None:
            self._file.seek(0)
            yield from map(msgspec.json.Decoder(Document).decode, self._file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the room back."""
        if self._file is not None:
            with suppress(OSError):  # of writing what is left, which nobody needs
                self._file.close()
