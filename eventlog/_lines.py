"""What every way of reading hands on: a block's lines, and what of a query is left behind them."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve, frozen

from eventlog._errors import PrunedError
from eventlog._query import Query


@frozen
class Lines:
    """The lines of one block, without their LFs, the first and the last sequence."""

    lines: list[bytes]
    first: int
    last: int

    @property
    def gapless(self) -> bool:
        """Whether every sequence between first and last is there."""
        return self.last - self.first + 1 == len(self.lines)


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
