"""The bytes that an input is known by: its lines, whatever ends them.

A copy of a file with other line ends, or with a byte order mark in front, has the same lines and so
is the same input. Offsets and hashes of an import therefore count its bytes in this form: each
CR LF is one LF, and there is no byte order mark. What is kept of a refused line is not changed.
"""

from __future__ import annotations

from typing import Protocol

BOM = b"\xef\xbb\xbf"


class Readable(Protocol):
    """Gives its bytes in order, and none at its end."""

    def read(self, size: int, /) -> bytes: ...


def normal(raw: bytes, *, is_first: bool) -> bytes:
    """Whole lines in their normal form; ``is_first``: they begin the input."""
    if is_first:
        raw = raw.removeprefix(BOM)
    if b"\r" not in raw:
        return raw
    # Only the input's very last byte can be a lone CR here. Its LF may follow when it has grown.
    return raw.replace(b"\r\n", b"\n").removesuffix(b"\r")


class NormalBytes:
    """An input's bytes in their normal form, block by block."""

    def __init__(self, source: Readable, *, is_first: bool = True) -> None:
        self._source = source
        self._is_first = is_first
        self._held = b""

    def read(self, size: int) -> bytes:
        """Some bytes, about ``size`` at most; none at the end."""
        block = self._held
        # Whether a CR belongs to a line end shows with the next byte.
        while len(block) < (len(BOM) if self._is_first else 1) or block == b"\r":
            more = self._source.read(size)
            if not more:
                self._held = b""
                return normal(block, is_first=self._is_first)
            block += more
        self._held = b"\r" if block.endswith(b"\r") else b""
        block = block.removesuffix(b"\r")
        if self._is_first:
            self._is_first = False
            return block.removeprefix(BOM).replace(b"\r\n", b"\n") or self.read(size)
        return block.replace(b"\r\n", b"\n")
