"""What every way of reading hands on: a block's lines, and what of a query is left behind them."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Protocol

from attrs import evolve, frozen

from eventlog._codec import sequence_of
from eventlog._errors import DamagedLogError, PrunedError
from eventlog._query import Query
from eventlog._segments import Block


class Lines(Protocol):
    """The lines of one block, without their LFs, the first and the last sequence."""

    @property
    def lines(self) -> list[bytes]: ...
    @property
    def first(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def gapless(self) -> bool:
        """Whether every sequence between first and last is there."""


@frozen
class ListedLines:
    """Lines that were cut apart, to be checked one by one."""

    lines: list[bytes]
    first: int
    last: int

    @property
    def gapless(self) -> bool:
        """Whether every sequence between first and last is there."""
        return self.last - self.first + 1 == len(self.lines)


@frozen
class WholeBlock:
    """A block that was checked as a whole, and is cut into lines when somebody needs them so."""

    block: Block
    first: int
    last: int
    gapless = True

    @classmethod
    def of(cls, block: Block) -> WholeBlock:
        """Of a block that ends with a line's end; DamagedLogError when no sequence is stated."""
        data = block.data
        last = data[data.rfind(b"\n", 0, -1) + 1 : -1]
        return cls(block, sequence_of(data[: data.find(b"\n")]), sequence_of(last))

    @cached_property
    def lines(self) -> list[bytes]:
        """The lines; DamagedLogError when they are not as many as the sequences claim."""
        lines = self.block.data.split(b"\n")
        lines.pop()  # behind the last LF
        self.check_count(len(lines))
        return lines

    def check_count(self, count: int) -> None:
        """DamagedLogError when so many lines cannot have these sequences without a gap."""
        check_count(self.block, self.first, self.last, count)


def check_count(block: Block, first: int, last: int, count: int) -> None:
    """DamagedLogError when so many lines cannot have these sequences without a gap."""
    if last - first + 1 != count:
        raise DamagedLogError(
            f"{count} lines claim the sequences {first} to {last}",
            path=block.path,
            offset=block.offset,
            sequence=first,
        )


def passed(query: Query, lines: Lines) -> Query:
    """What is still to be read when these lines were."""
    if query.reverse:
        return evolve(query, until=lines.first - 1)
    return evolve(query, after=lines.last)


def check_not_pruned(query: Query, pruned_to: int, log: Path) -> None:
    """PrunedError when a query begins or ends before what the log still holds.

    A reader that goes on from where it was must not jump over events without a word.
    """
    if 0 < query.after < pruned_to or (query.until is not None and 0 < query.until <= pruned_to):
        raise PrunedError(
            f"the events up to sequence {pruned_to} were pruned: read from the start of what the "
            f"log holds, or after sequence {pruned_to}",
            path=log,
            sequence=pruned_to,
        )
