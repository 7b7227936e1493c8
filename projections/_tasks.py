"""Tasks within a session: which completion belongs to which start.

They pair by name, the newest open start first, like brackets. So a stretch of the log comes down to
completions whose start lies before it, and starts whose completion may lie behind it; when two
stretches merge, the later one's completions take the earlier one's starts.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from attrs import Factory, define

from eventlog import Event

_MILLISECOND = timedelta(milliseconds=1)


@define
class TaskStart:
    """Where and when a task began."""

    sequence: int
    time: datetime


@define
class Unpaired:
    """What found no partner (yet), of one task name, oldest first."""

    starts: list[TaskStart] = Factory(list)
    completions: list[datetime | None] = Factory(list)
    """When they happened; None for those that need no start to know how long they took."""

    def complete(self, time: datetime | None) -> int:
        """Pair a completion: the whole milliseconds since its start, as far as it asks for them."""
        if self.starts:
            return _elapsed_ms(self.starts.pop().time, time)
        self.completions.append(time)
        return 0

    def merge(self, later: Unpaired) -> int:
        """Take in what follows; the milliseconds of the pairs that this makes."""
        elapsed = sum([self.complete(time) for time in later.completions])
        self.starts += later.starts
        return elapsed


def _elapsed_ms(start: datetime, end: datetime | None) -> int:
    # A clock that was set back would make it negative.
    return 0 if end is None else max(0, (end - start) // _MILLISECOND)


@define
class Tasks:
    """The unpaired starts and completions of one session, by task name."""

    unpaired: dict[str, Unpaired] = Factory(dict)

    def start(self, task: str, event: Event) -> None:
        """One more start."""
        self._of(task).starts.append(TaskStart(event.sequence, event.time))

    def complete(self, task: str, time: datetime | None = None) -> int:
        """One more completion; with ``time``, the milliseconds since its start if that is known."""
        found = self._of(task)
        elapsed = found.complete(time)
        self._forget(task, found)
        return elapsed

    def merge(self, later: Tasks) -> dict[str, int]:
        """Take in what follows; the milliseconds, by name, that pairing it found out about."""
        elapsed = {}
        for task, theirs in later.unpaired.items():
            ours = self._of(task)
            elapsed[task] = ours.merge(theirs)
            self._forget(task, ours)
        return {task: milliseconds for task, milliseconds in elapsed.items() if milliseconds}

    def _of(self, task: str) -> Unpaired:
        found = self.unpaired.get(task)
        if found is None:
            found = self.unpaired[task] = Unpaired()
        return found

    def _forget(self, task: str, unpaired: Unpaired) -> None:
        """What is all paired is as good as never seen, and names may be many."""
        if not (unpaired.starts or unpaired.completions):
            del self.unpaired[task]

    @property
    def open(self) -> list[str]:
        """The names of started tasks without a completion, in order of their start."""
        return [task for _, task in sorted(self._starts())]

    def _starts(self) -> Iterator[tuple[int, str]]:
        for task, unpaired in self.unpaired.items():
            yield from ((start.sequence, task) for start in unpaired.starts)

    @property
    def unstarted(self) -> int:
        """How many completions have no start."""
        return sum(len(unpaired.completions) for unpaired in self.unpaired.values())
