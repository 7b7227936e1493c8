"""Folding events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from eventlog import Event
from projections._errors import apply_failed
from projections._protocol import Projection

State = TypeVar("State")
Result = TypeVar("Result")


def fold(projection: Projection[State, Result], events: Iterable[Event]) -> State:
    """The state after these events; ProjectionError when the projection fails on one."""
    state, apply, types = projection.initial(), projection.apply, projection.types
    for event in events:
        if types is None or event.type in types:
            try:
                state = apply(state, event)
            except Exception as error:
                raise apply_failed(projection, event, error) from error
    return state
