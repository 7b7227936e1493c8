"""The one table of the command: a row a line, in columns of fixed width, written as it is read."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Generic, TypeVar

from attrs import frozen

from cli._cells import as_shown, cut, padded, width_of
from cli._output import terminal_width, wants_color, write_text

Row = TypeVar("Row")

_GAP = "  "
_WIDEST = 40
"""How far the rows of a stream are aligned; wider cells push what follows, or are cut."""
_BLOCK = 1000
_BOLD, _PLAIN = "\x1b[1m", "\x1b[0m"


@frozen
class Column(Generic[Row]):
    """What a table shows of each row."""

    name: str
    cell: Callable[[Row], str]
    is_number: bool = False
    """Stands at the right, and is never cut."""
    width: int = 0
    """What a stream, which does not know its rows yet, takes from the start."""
    least: int = 24
    """What text may be cut to; where there is no room for that, columns are left out."""
    style: str = ""
    """An escape sequence, for where there are colours."""


def print_table(
    columns: Iterable[Column[Row]], rows: Collection[Row], spare: Iterable[str] = ()
) -> list[str]:
    """All rows, in columns as wide as their widest cells, without columns that would be empty.

    Where a terminal is too narrow, columns are left out in the order of ``spare``, then text is
    cut; the names of those that are left out. On a pipe the table takes what it needs.
    """
    measured = [(column, _widest(column, rows)) for column in columns]
    table = _Table([(column, width) for column, width in measured if width], spare)
    table.write_header()
    block: list[str] = []
    for row in rows:
        block.append(table.line(table.cells(row)))
        if len(block) == _BLOCK:
            write_text("".join(block))
            block.clear()
    write_text("".join(block))
    return table.left_out


class Stream(Generic[Row]):
    """A table that writes each row as it comes, under a header.

    A column widens from the row on that needs it. On a terminal the last one takes the room there
    is, and lines end at the edge.
    """

    def __init__(self, columns: Iterable[Column[Row]], spare: Iterable[str] = ()) -> None:
        self._table = _Table([(column, column.width) for column in columns], spare)
        self.rows = 0
        self.left_out = self._table.left_out

    def write(self, row: Row) -> None:
        """One row; before the first one the header."""
        if not self.rows:
            self._table.write_header()
        self.rows += 1
        cells = self._table.cells(row)
        self._table.widen(cells)
        write_text(self._table.line(cells))


def _widest(column: Column[Row], rows: Iterable[Row]) -> int:
    cell = column.cell
    return max((width_of(as_shown(cell(row))) for row in rows), default=0)


class _Table(Generic[Row]):
    """Columns that fit the terminal, and lines of them."""

    def __init__(self, columns: Sequence[tuple[Column[Row], int]], spare: Iterable[str]) -> None:
        self._room = terminal_width()
        self._has_color = wants_color()
        wanted = {one: max(width, width_of(as_shown(one.name))) for one, width in columns}
        self.left_out = _leave_out(wanted, spare, self._room)
        self._columns = list(wanted)
        self._widths = _narrowed(wanted, self._room)

    def write_header(self) -> None:
        line = self._line([as_shown(column.name) for column in self._columns])
        write_text(f"{_BOLD}{line}{_PLAIN}\n" if self._has_color else f"{line}\n")

    def cells(self, row: Row) -> list[str]:
        return [as_shown(column.cell(row)) for column in self._columns]

    def line(self, cells: Sequence[str]) -> str:
        styles = [column.style for column in self._columns] if self._has_color else []
        return f"{self._line(cells, styles)}\n"

    def widen(self, cells: Sequence[str]) -> None:
        """Make room for one row of a stream. Its last column needs none: nothing stands behind."""
        widths = self._widths
        for place, cell in enumerate(cells[:-1]):
            if len(cell) > widths[place] or not cell.isascii():
                widths[place] = max(widths[place], min(_WIDEST, width_of(cell)))
        if self._room is not None:
            widths[-1] = max(0, self._room - sum(widths[:-1]) - _gaps(widths))

    def _line(self, cells: Sequence[str], styles: Sequence[str] = ()) -> str:
        parts = list(map(self._part, self._columns, self._widths, cells))
        if not parts:  # there was no room for any column
            return ""
        parts[-1] = parts[-1].rstrip()
        if self._room is not None and sum(map(width_of, parts)) + _gaps(parts) > self._room:
            return cut(_GAP.join(parts), self._room).rstrip()
        if styles:
            parts = [
                f"{style}{part}{_PLAIN}" if style else part
                for style, part in zip(styles, parts, strict=True)
            ]
        return _GAP.join(parts).rstrip()

    def _part(self, column: Column[Row], width: int, cell: str) -> str:
        if column.is_number:
            return padded(cell, width, at_left=True)
        return padded(cell if self._room is None else cut(cell, width), width)


def _gaps(columns: Collection[object]) -> int:
    return len(_GAP) * (len(columns) - 1)


def _leave_out(wanted: dict[Column[Row], int], spare: Iterable[str], room: int | None) -> list[str]:
    """Take columns away until what is least of the others fits."""
    left_out: list[str] = []
    for name in spare:
        if room is None or sum(map(_least, wanted, wanted.values())) + _gaps(wanted) <= room:
            break
        for column in [column for column in wanted if column.name == name]:
            del wanted[column]
            left_out.append(name)
    return left_out


def _least(column: Column[Row], width: int) -> int:
    return width if column.is_number else min(width, column.least)


def _narrowed(wanted: Mapping[Column[Row], int], room: int | None) -> list[int]:
    """The widths; where they do not fit, text gets what is left, the first column first."""
    if room is None:
        return list(wanted.values())
    widths = list(map(_least, wanted, wanted.values()))
    left = max(0, room - sum(widths) - _gaps(widths))
    for place, width in enumerate(wanted.values()):
        more = min(left, width - widths[place])
        widths[place] += more
        left -= more
    return widths
