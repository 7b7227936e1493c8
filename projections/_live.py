"""An answer that stays up to date by folding only what is new."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from typing import Generic, TypeVar

from eventlog import EventLog
from projections._engine import fold_on, state_of
from projections._partials import Partials
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
        self._projection = projection
        self._partials = Partials.of(log, projection, executor)
        # The state and its position move together: read the head first, then count up to it.
        self._through = log.head()
        self._state: State = state_of(log, projection, self._through, executor)

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
        head = self._partials.log.head()
        if head > self._through:
            self._state = fold_on(self._partials, self._state, after=self._through, until=head)
            self._through = head
        return self.result

    def follow(self, *, poll: float = 0.1, timeout: float | None = None) -> Iterator[Result]:
        """The answer now, and whenever events came that the projection folds.

        Looks every ``poll`` seconds, and ends when none came for ``timeout`` seconds (None: never).
        """
        yield self.result
        events = self._partials.log.follow(
            after=self._through, types=self._projection.types, poll=poll, timeout=timeout
        )
        for event in events:
            if event.sequence > self._through:  # a refresh may have run ahead of the follower
                yield self.refresh()
