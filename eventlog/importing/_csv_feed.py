"""The lines of a CSV file, one by one, so that a row can be given up and read anew."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from eventlog.importing._lines import Line
from eventlog.importing._normal import BOM


class RowTooLongError(Exception):
    """The row that is being read has outgrown the limit."""


class Feed:
    """Lines of text for ``csv.reader``; remembers the lines that the present row took."""

    def __init__(self, lines: Iterator[Line | None], limit: int) -> None:
        self._lines = lines
        self._limit = limit
        self._again: deque[Line] = deque()
        self._size = 0
        self._begun = False
        self.alone = False
        self.row: list[Line] = []

    def upcoming(self) -> Iterator[Line | None]:
        """Lines that no row took yet; those that were given back come first."""
        while True:
            if self._again:
                yield self._again.popleft()
                continue
            try:
                yield next(self._lines)
            except StopIteration:
                return

    def begin(self, first: Line, *, alone: bool) -> None:
        """The next row begins with ``first``; ``alone`` allows it no further line."""
        self.row = [first]
        self._size = 0
        self._begun = False
        self.alone = alone

    def give_back(self) -> int:
        """Make all lines of the row but its first upcoming again; how many bytes were in vain."""
        self._again.extendleft(reversed(self.row[1:]))
        return self._size

    def __iter__(self) -> Feed:
        return self

    def __next__(self) -> str:
        if self._begun:
            self.row.append(self._further())
        self._begun = True
        line = self.row[-1]
        self._size += len(line.raw)
        if not isinstance(line.raw, bytes) or self._size > self._limit + 2:
            raise RowTooLongError
        text = line.raw.removeprefix(BOM) if line.number == 1 else line.raw
        return text.decode(errors="surrogateescape")

    def _further(self) -> Line:
        if not self.alone:
            for line in self.upcoming():
                if line is not None:
                    return line
        raise StopIteration
