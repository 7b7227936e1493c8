"""The end of a raw segment: how far its batches are whole, and whether what follows is a tear.

The rule is in docs/log-format.md, "Recovery: tear or corruption".
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from enum import Enum
from io import BufferedReader

from attrs import frozen

from eventlog._check import is_intact
from eventlog._codec import commit_of, ends_batch, sequence_of
from eventlog._errors import DamagedLogError
from eventlog._format import FRAME_BYTES, HARD_MAX_LINE_BYTES, MAX_BATCH_BYTES
from eventlog._line_search import intact_lines

_LAST_LOOK = 1 << 16


class TailKind(Enum):
    """What follows the last whole batch."""

    CLEAN = "clean"
    TORN = "torn"
    CORRUPT = "corrupt"


@frozen
class Tail:
    """Where the whole batches of a raw segment end."""

    end: int
    """Byte offset after the last whole batch."""
    next_sequence: int
    kind: TailKind


def committed_end(file: BufferedReader, salt: int, first_sequence: int) -> int:
    """How many bytes of a raw segment a reader takes. Cheap when the segment ends well.

    Of a corrupt segment that is all of it, so that reading meets the damage and reports it.
    """
    end = os.fstat(file.fileno()).st_size
    if sequence_before(file, end, salt) is not None:
        return end
    tail = scan_tail(file, salt, first_sequence, end)
    return end if tail.kind is TailKind.CORRUPT else tail.end


def scan_tail(
    file: BufferedReader, salt: int, first_sequence: int, end: int | None = None, start: int = 0
) -> Tail:
    """Check every batch of a raw segment from its start; what ``append`` can go on from.

    With ``start``, the batches before it are known, and ``first_sequence`` is the one there.
    """
    size = os.fstat(file.fileno()).st_size if end is None else end
    good_end, expected, batch, offset = start, first_sequence, 0, start
    for line in _whole_lines(file, start, size):
        commit = _accept(line, salt, expected + batch)
        batch += 1
        if commit is None or commit not in (0, batch):
            break
        offset += len(line) + 1
        if commit:
            good_end, expected, batch = offset, expected + commit, 0
    if good_end == size:
        return Tail(good_end, expected, TailKind.CLEAN)
    torn = size - good_end <= MAX_BATCH_BYTES and _is_torn(file, salt, good_end, expected, size)
    return Tail(good_end, expected, TailKind.TORN if torn else TailKind.CORRUPT)


def _whole_lines(file: BufferedReader, start: int, end: int) -> Iterator[bytes]:
    """The lines from ``start`` that have an end; stops where none comes."""
    file.seek(start)
    rest, left = b"", end - start
    while (
        left > 0
        and len(rest) <= HARD_MAX_LINE_BYTES
        and (data := file.read(min(FRAME_BYTES, left)))  # nothing: it became shorter meanwhile
    ):
        left -= len(data)
        *lines, rest = (rest + data).split(b"\n")
        yield from lines


def _accept(line: bytes, salt: int, expected: int) -> int | None:
    """The line's commit (0 when it has none) when it is intact and in its place, else None."""
    if not is_intact(line, salt) or stated_sequence(line) != expected:
        return None
    return commit_of(line) or 0


def stated_sequence(line: bytes) -> int:
    """The sequence that a line states, damaged or not; 0 when it states none."""
    try:
        return sequence_of(line)
    except DamagedLogError:
        return 0


def _is_torn(file: BufferedReader, salt: int, good_end: int, expected: int, size: int) -> bool:
    """Whether one write that was cut short can have left what follows the last whole batch."""
    file.seek(good_end)
    data = file.read(size - good_end)
    offset, met, line = 0, set[int](), b""
    for chunk in data.split(b"\n"):
        offset += len(chunk) + 1
        if offset < len(data) and ends_batch(chunk):
            return False
        for _, line in intact_lines(chunk, salt):
            met.add(stated_sequence(line))
            if _batch_start(line) > expected:
                return False
    # The batch itself, every line of it: no write leaves other bytes before or inside it.
    is_whole = _batch_start(line) == expected and data.endswith(line + b"\n")
    return not (is_whole and all(one in met for one in range(expected, stated_sequence(line))))


def _batch_start(line: bytes) -> int:
    """The first sequence of the batch that an intact line ends; 0 when it ends none."""
    commit = commit_of(line)
    return 0 if commit is None else stated_sequence(line) - commit + 1


def sequence_before(file: BufferedReader, end: int, salt: int) -> int | None:
    """The sequence of the line before ``end`` when an intact batch ends there, else None.

    Looks at that batch only; 0 at the start of the file.
    """
    want = _LAST_LOOK
    while end:
        begin = max(0, end - want)
        file.seek(begin)
        lines = file.read(end - begin).split(b"\n")
        if lines.pop() != b"":
            return None
        if begin:
            del lines[:1]  # perhaps only the end of a longer line
        if lines:
            commit = commit_of(lines[-1]) if is_intact(lines[-1], salt) else None
            if commit is None:
                return None
            if commit <= len(lines):
                return stated_sequence(lines[-1]) if _is_batch(lines[-commit:], salt) else None
        if not begin:
            return None
        want *= 4
    return 0


def _is_batch(lines: list[bytes], salt: int) -> bool:
    first = stated_sequence(lines[0])
    accepted = [_accept(line, salt, first + index) for index, line in enumerate(lines)]
    return accepted == [0] * (len(lines) - 1) + [len(lines)]
