"""Folding events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar, cast

from eventlog import Event
from projections._errors import apply_failed
from projections._keyed import KeyedProjection
from projections._protocol import Projection

State = TypeVar("State")
Result = TypeVar("Result")

_AT_ONCE = 512


def fold(projection: Projection[State, Result], events: Iterable[Event]) -> State:
    """The state after these events; ProjectionError when the projection fails on one."""
    types = projection.types
    wanted = events if types is None else (event for event in events if event.type in types)
    return fold_lists(projection, _lists(iter(wanted)))


def _lists(events: Iterator[Event]) -> Iterator[list[Event]]:
    while some := list(islice(events, _AT_ONCE)):
        yield some


def fold_lists(projection: Projection[State, Result], lists: Iterable[list[Event]]) -> State:
    """The same, of events that are all of the projection's types, many at a time."""
    state, same = projection.initial(), cast("object", projection)
    for events in lists:
        if isinstance(same, KeyedProjection) and same.applies_by_key:
            state = _apply_by_key(same, state, events)
        else:
            state = _apply(projection, state, events)
    return state


def _apply(projection: Projection[State, Result], state: State, events: list[Event]) -> State:
    apply = projection.apply
    for event in events:
        try:
            state = apply(state, event)
        except Exception as error:
            raise apply_failed(projection, event, error) from error
    return state


def _apply_by_key(projection: KeyedProjection[Any, Any], states: Any, events: list[Event]) -> Any:
    """What ``KeyedProjection.apply`` does, without a call of it per event."""
    initial, apply = projection.initial_one, projection.apply_one
    key_of = None if projection.keys_are_subjects else projection.key
    known = states.get
    for event in events:
        try:
            key = event.subject if key_of is None else key_of(event)
            state = known(key)
            new = apply(initial() if state is None else state, event)
            if new is not state:
                states[key] = new
        except Exception as error:
            raise apply_failed(projection, event, error) from error
    return states
