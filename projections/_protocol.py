"""What a projection is."""

from __future__ import annotations

from typing import Protocol, TypeVar

from eventlog import Event

State = TypeVar("State")
Result_co = TypeVar("Result_co", covariant=True)


class Projection(Protocol[State, Result_co]):
    """A fold over events with an associative merge, which obeys one law::

        fold(a + b) == merge(fold(a), fold(b))      for every split of the log

    So its state may be computed per segment, in any process, and cached. A projection is pure: no
    clock, no disk, nothing but its arguments. ``apply`` and ``merge`` own the states they are
    given: they may change and return them.

    It never fails on an event whose data lacks what its type asks for; it counts the event as
    incomplete, and its result shows the count.
    """

    @property
    def name(self) -> str:
        """Stable name, of ``a-z``, ``0-9`` and ``-``."""

    @property
    def version(self) -> int:
        """Raise it when the same events give another state: cached states of before are ignored."""

    @property
    def types(self) -> frozenset[str] | None:
        """The event types it folds; None for all. Other events are not even parsed."""

    def initial(self) -> State:
        """The state of an empty log."""

    def apply(self, state: State, event: Event) -> State:
        """The state after one more event."""

    def merge(self, earlier: State, later: State) -> State:
        """The state of two stretches of the log, one directly after the other."""

    def result(self, state: State) -> Result_co:
        """The answer."""
