"""Folding events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from eventlog import Event
from projections._protocol import Projection

State = TypeVar("State")
Result = TypeVar("Result")


def fold(projection: Projection[State, Result], events: Iterable[Event]) -> State:
    """The state after these events."""
    state, apply, types = projection.initial(), projection.apply, projection.types
    for event in events:
        if types is None or event.type in types:
            state = apply(state, event)
    return state
