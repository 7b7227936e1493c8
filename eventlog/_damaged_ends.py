"""Where batches ended whose last line is damaged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eventlog._codec import commit_of, ends_batch
from eventlog._line_search import intact_lines
from eventlog._regular import open_regular
from eventlog._tail import TailKind, scan_tail, stated_sequence


def last_damaged_end(path: Path, first: int, known: Mapping[int, bytes], salt: int) -> int:
    """The sequence of the last damaged line of a raw segment that ends a batch; 0 without one.

    ``known`` are the intact lines to go by. A tear has no such line, for it was never acknowledged;
    behind corruption, what is whole up to a commit mark was.
    """
    with open_regular(path) as file:
        if scan_tail(file, salt, first).kind is not TailKind.CORRUPT:
            return 0
        file.seek(0)
        chunks = file.read().split(b"\n")
    ended = intact = reached = first - 1  # the last of a batch, the last intact one, the last line
    found = 0
    for chunk in chunks:
        rest = len(chunk)
        for at, line in intact_lines(chunk, salt):
            rest = len(chunk) - at - len(line)
            sequence = stated_sequence(line)
            if sequence > ended and sequence in known:
                intact = reached = sequence
                ended = ended if commit_of(line) is None else sequence
        if rest:
            reached += 1
            if ends_batch(chunk):
                ended = reached = found = _end(chunk, ended, intact, reached)
    return found


def _end(line: bytes, ended: int, intact: int, counted: int) -> int:
    """The sequence of a damaged line: what it states when its mark confirms it, else the count."""
    marked = ended + (commit_of(line) or 0)
    return marked if marked > intact and marked == stated_sequence(line) else counted
