"""The audit trail as a table that is written as it is read."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from shutil import get_terminal_size

from rich.cells import cell_len, set_cell_size

from cli._output import wants_color, write_text
from cli._text import clean, format_moment
from projections import AuditRow

_HEADER = ("sequence", "time", "source", "subject", "type", "summary")
_BLOCK = 500
"""Rows whose widths are taken together. Wider ones later on widen the columns from there."""
_WIDEST = 40
_LEAST_SUMMARY = 20
_SPARE = (2, 1, 3)
"""Columns that a narrow terminal does without first: source, time, subject."""
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


def print_trail(rows: Iterable[AuditRow]) -> int:
    """The rows under a header, one line each; how many there were."""
    room = get_terminal_size().columns if sys.stdout.isatty() else None
    widths, printed, cells = [0] * len(_HEADER), 0, map(_cells, rows)
    while block := list(islice(cells, _BLOCK)):
        widths = _widths([*block, _HEADER], widths)
        kept = _kept(widths, room)
        if not printed:
            header = _line(_HEADER, widths, kept, room)
            write_text(f"{_BOLD}{header}{_PLAIN}\n" if wants_color() else f"{header}\n")
        write_text("".join(f"{_line(row, widths, kept, room)}\n" for row in block))
        printed += len(block)
    return printed


def _cells(row: AuditRow) -> Sequence[str]:
    texts = (row.source, row.subject or "-", row.type, row.summary)
    return (f"{row.sequence}", format_moment(row.time), *map(clean, texts))


def _widths(block: Iterable[Sequence[str]], before: Sequence[int]) -> list[int]:
    columns = zip(*block, strict=True)
    return [
        min(_WIDEST, max(least, *map(cell_len, column)))
        for least, column in zip(before, columns, strict=True)
    ]


def _kept(widths: Sequence[int], room: int | None) -> list[int]:
    """The columns that leave room for a summary."""
    kept = list(range(len(_HEADER)))
    for spare in _SPARE:
        taken = sum(widths[column] + 2 for column in kept[:-1])
        if room is None or taken + _LEAST_SUMMARY <= room:
            break
        kept.remove(spare)
    return kept


def _line(row: Sequence[str], widths: Sequence[int], kept: Sequence[int], room: int | None) -> str:
    line = "  ".join(_padded(row, widths, kept))
    return (line if room is None or cell_len(line) <= room else set_cell_size(line, room)).rstrip()


def _padded(row: Sequence[str], widths: Sequence[int], kept: Sequence[int]) -> Iterator[str]:
    for column in kept:
        text, missing = row[column], widths[column] - cell_len(row[column])
        if column == 0:
            yield " " * missing + text
        else:
            yield text + " " * (missing if column < len(_HEADER) - 1 else 0)
