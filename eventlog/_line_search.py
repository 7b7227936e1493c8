"""Finding the intact lines in bytes whose line ends may be damaged too."""

from __future__ import annotations

import re
from collections.abc import Iterator
from zlib import crc32

from eventlog._check import CHECK_BYTES, CHECK_START, is_intact
from eventlog._format import HARD_MAX_LINE_BYTES

_START = b'{"specversion":'
_CHECK = re.compile(rb',"crc32":"([0-9a-f]{8})"}')


def intact_lines(chunk: bytes, salt: int) -> Iterator[tuple[int, bytes]]:
    """The intact lines of what lies between two LFs, each with its offset in the chunk.

    Mostly that is the chunk itself. Where an LF is damaged, two lines and a strange byte are in it.
    What an intact line quotes in its data is no line.
    """
    if len(chunk) <= HARD_MAX_LINE_BYTES and is_intact(chunk, salt):
        yield 0, chunk
        return
    start, last_end = chunk.find(_START), chunk.rfind(CHECK_START)
    while 0 <= start < last_end:
        end = _end_of_line(chunk, start, salt)
        if end is not None:
            yield start, chunk[start:end]
        start = chunk.find(_START, start + 1 if end is None else end)


def _end_of_line(chunk: bytes, start: int, salt: int) -> int | None:
    """Where the intact line ends that begins at ``start``; None when there is none."""
    check, checked_to = salt, start
    for match in _CHECK.finditer(chunk, start, start + HARD_MAX_LINE_BYTES):
        check = crc32(memoryview(chunk)[checked_to : match.start()], check)
        checked_to = match.start()
        if b"%08x" % check == match[1]:
            return match.start() + CHECK_BYTES
    return None
