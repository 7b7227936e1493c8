"""An answer that stays up to date by folding only what is new."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Generic, TypeVar

from eventlog import EventLog
from projections._engine import state_of
from projections._fold import fold
from projections._protocol import Projection

State = TypeVar("State")
Result = TypeVar("Result")


class LiveView(Generic[State, Result]):
    """A projection's answer now, and again after every :meth:`refresh`.

    Example::

        view = LiveView(log, SessionSummaries())
        for summaries in view.follow():
            show(summaries)
    """

    def __init__(
        self,
        log: EventLog,
        projection: Projection[State, Result],
        executor: Executor | None = None,
    ) -> None:
        self._log = log
        self._projection = projection
        # The state and its position move together: read the head first, then count up to it.
        self._through = log.head()
        self._state = state_of(log, projection, self._through, executor)

    @property
    def through(self) -> int:
        """The last sequence that is counted."""
        return self._through

    @property
    def result(self) -> Result:
        """The answer as of ``through``."""
        return self._projection.result(self._state)

    def refresh(self) -> Result:
        """Count what was added since, and answer again."""
        head = self._log.head()
        if head > self._through:
            types = self._projection.types
            events = self._log.read(after=self._through, until=head, types=types)
            new = fold(self._projection, events)
            self._state = self._projection.merge(self._state, new)
            self._through = head
        return self.result

    def follow(self, *, poll: float = 0.1, timeout: float | None = None) -> Iterator[Result]:
        """The answer now, and after each change; ends after ``timeout`` seconds without any."""
        yield self.result
        for event in self._log.follow(after=self._through, poll=poll, timeout=timeout):
            if event.sequence > self._through:  # a refresh may have run ahead of the follower
                yield self.refresh()
