"""Projections that keep one state per key, such as per session."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

from eventlog import Event

State = TypeVar("State")
Row = TypeVar("Row")

Key = str | None


class KeyedProjection(ABC, Generic[State, Row]):
    """A projection made of one small projection per key.

    Say what the key of an event is, and how one key's state folds, merges and answers; the states
    are kept here, by key, in order of first event. It is a :class:`Projection` like any other, and
    its result is a list of rows.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    types: ClassVar[frozenset[str] | None]

    rows_version: ClassVar[int | None] = None
    """When set, rows are kept in the cache beside the states that they follow from.

    Only for rows that depend on key and state alone, and are attrs classes of what a state may
    hold; ``result_one`` must be annotated with their class. Raise it when the same state should
    give another row.
    """

    def key(self, event: Event) -> Key:
        """The key of an event: its session, unless said otherwise."""
        return event.subject

    @property
    def applies_by_key(self) -> bool:
        """Whether one event changes the state of its key, and nothing else."""
        return type(self).apply is KeyedProjection.apply

    @property
    def is_by_key(self) -> bool:
        """Whether each row follows from one key's states, and from nothing else."""
        own = type(self)
        return own.merge is KeyedProjection.merge and own.result is KeyedProjection.result

    @property
    def answers_by_key(self) -> bool:
        """Whether the rows of keys without new events may be kept."""
        return self.is_by_key and self.rows_version is not None

    @property
    def keys_are_subjects(self) -> bool:
        """Whether ``key`` is as it is here."""
        return type(self).key is KeyedProjection.key

    @abstractmethod
    def initial_one(self) -> State:
        """The state of a key before its first event."""

    @abstractmethod
    def apply_one(self, state: State, event: Event) -> State:
        """The key's state after one more of its events."""

    @abstractmethod
    def merge_one(self, earlier: State, later: State) -> State:
        """The key's state over two stretches of the log, one directly after the other."""

    @abstractmethod
    def result_one(self, key: Key, state: State) -> Row:
        """The key's row."""

    def initial(self) -> dict[Key, State]:
        """No keys yet."""
        return {}

    def apply(self, state: dict[Key, State], event: Event) -> dict[Key, State]:
        """Fold one event into its key's state."""
        key = self.key(event)
        known = state.get(key)
        state[key] = self.apply_one(self.initial_one() if known is None else known, event)
        return state

    def merge(self, earlier: dict[Key, State], later: dict[Key, State]) -> dict[Key, State]:
        """Key by key; new keys follow in their order."""
        for key, state in later.items():
            known = earlier.get(key)
            earlier[key] = state if known is None else self.merge_one(known, state)
        return earlier

    def result(self, state: dict[Key, State]) -> list[Row]:
        """One row per key, in order of first event."""
        return [self.result_one(key, one) for key, one in state.items()]
