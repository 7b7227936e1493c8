"""What a file of refused lines holds already, in bounded memory.

An import meets the lines of one input in ascending order, and so records them. The file therefore
consists of few stretches, each of one input and ascending. They are all that is remembered; the
entries are read again, along with the input.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import closing
from heapq import heappop, heappush
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from attrs import define

_HEAD_BYTES = 64 * 1024
_READ_AHEAD = 16
_TEXT = rb'"(?:[^"\\]|\\.)*"'
_HEAD = re.compile(
    rb'\{"file":(%b),"line":([0-9]{1,18}),"reason":%b,"sha256":"([0-9a-f]{64})",' % (_TEXT, _TEXT)
)


class _Entry(NamedTuple):
    file: str
    line: int
    sha256: str
    start: int
    end: int


@define
class _Stretch:
    start: int
    end: int
    last_line: int


def _entries(path: Path, start: int) -> Generator[_Entry, None, None]:
    """The entries from an offset on. What was not written here is passed over."""
    with path.open("rb") as file:
        file.seek(start)
        while head := file.readline(_HEAD_BYTES):
            end = start + len(head)
            part = head
            while not part.endswith(b"\n") and (part := file.readline(_HEAD_BYTES)):
                end += len(part)
            if not part.endswith(b"\n"):
                return  # the unfinished entry of a killed import: not recorded
            if found := _HEAD.match(head):
                name, line, sha256 = found.groups()
                yield _Entry(json.loads(name), int(line), sha256.decode(), start, end)
            start = end


class _Cursor:
    """Walks once through one stretch. It keeps no file open, since stretches may be many."""

    def __init__(self, path: Path, stretch: _Stretch) -> None:
        self._path = path
        self._from = stretch.start
        self._end = stretch.end
        self._ahead: deque[_Entry] = deque()

    def next_line(self) -> int | None:
        """The line of the next entry, None behind the last."""
        if not self._ahead and self._from < self._end:
            with closing(_entries(self._path, self._from)) as entries:
                self._ahead.extend(islice(entries, _READ_AHEAD))
            self._from = self._ahead[-1].end if self._ahead else self._end
        if self._ahead and self._ahead[0].start < self._end:
            return self._ahead[0].line
        return None

    def take(self) -> _Entry:
        return self._ahead.popleft()


class RecordedLines:
    """The recorded lines of one input. Ask in ascending order, give or take a batch."""

    def __init__(self, cursors: Iterable[_Cursor]) -> None:
        self._heap: list[tuple[int, int, _Cursor]] = []
        for number, cursor in enumerate(cursors):
            self._push(number, cursor)
        self._passed: dict[int, set[str]] = {}

    def holds(self, line: int, sha256: str) -> bool:
        """Whether this line with this content is recorded."""
        while self._heap and self._heap[0][0] <= line:
            _, number, cursor = heappop(self._heap)
            entry = cursor.take()
            self._passed.setdefault(entry.line, set()).add(entry.sha256)
            self._push(number, cursor)
        return sha256 in self._passed.get(line, ())

    def settle(self) -> None:
        """Forget the lines passed so far: nobody will ask for them again."""
        self._passed.clear()

    def _push(self, number: int, cursor: _Cursor) -> None:
        if (line := cursor.next_line()) is not None:
            heappush(self._heap, (line, number, cursor))


class Recorded:
    """The stretches of one file of refused lines."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._scanned = 0
        self._last: tuple[str, _Stretch] | None = None
        self._stretches: dict[str, list[_Stretch]] = {}

    def lines_of(self, file: str) -> RecordedLines:
        """The recorded lines of an input, as of now."""
        if self._path.is_file():
            for entry in _entries(self._path, self._scanned):
                self._add(entry)
        stretches = self._stretches.get(file, ())
        return RecordedLines(_Cursor(self._path, stretch) for stretch in stretches)

    def _add(self, entry: _Entry) -> None:
        self._scanned = entry.end
        if self._last is not None:
            file, stretch = self._last
            if file == entry.file and entry.line > stretch.last_line:
                stretch.end, stretch.last_line = entry.end, entry.line
                return
        stretch = _Stretch(entry.start, entry.end, entry.line)
        self._stretches.setdefault(entry.file, []).append(stretch)
        self._last = (entry.file, stretch)
