"""Answers of keyed projections, row by row: those about sealed segments are kept, too.

Most sessions of a log are over. A repeated question reads their rows as they were answered before;
only those that newer events belong to are made from a state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

from eventlog import SealedEntry
from eventlog._collector import collector_paused
from projections._keyed import Key, KeyedProjection
from projections._partials import Partials
from projections._states import returned_by, wrong

_AT_ONCE = 4096
"""So many rows in one part."""


def answer_by_rows(partials: Partials, projection: KeyedProjection[Any, Any]) -> list[Any]:
    """The answer about the whole log, of a projection that answers by key."""
    entries, decode = partials.log.sealed(), rows_decoder(projection)
    try:
        with collector_paused():
            known = _kept(partials, projection, entries, decode)
            return _answer(projection, partials.since(entries), *known)
    except ValueError:  # what is kept is not enough, or not what it should be
        states = partials.merged(entries)
    with collector_paused():
        later = partials.since(entries)
        known = _made(partials, projection, entries, states, later)
        return _answer(projection, later, *known)


def _answer(
    projection: KeyedProjection[Any, Any],
    later: dict[Key, Any],
    rows: list[Any],
    keys: list[Key],
    state_at: Callable[[int], Any],
) -> list[Any]:
    """The rows of what is sealed, with what came ``later``."""
    places = {key: place for place, key in enumerate(keys)} if later else {}
    for key, new in later.items():
        place = places.get(key)
        if place is None:
            rows.append(projection.result_one(key, new))
        else:
            state = projection.merge_one(state_at(place), new)
            rows[place] = projection.result_one(key, state)
    return rows


def _kept(
    partials: Partials,
    projection: KeyedProjection[Any, Any],
    entries: Sequence[SealedEntry],
    decode: Callable[[bytes], list[Any]],
) -> tuple[list[Any], list[Key], Callable[[int], Any]]:
    """Rows, keys and states that are kept of exactly these segments; ValueError without them."""
    states = partials.kept_states(entries)
    found = partials.cache.get(_name(projection), partials.chain(entries))
    if states is None or found is None:
        raise ValueError("nothing is kept")
    rows = [row for number in range(len(found)) for row in decode(found.part(number))]
    if len(rows) != len(states.keys):
        raise ValueError("there are not as many rows as keys")
    return rows, states.keys, states.at


def _made(
    partials: Partials,
    projection: KeyedProjection[Any, Any],
    entries: Sequence[SealedEntry],
    states: dict[Key, Any],
    later: dict[Key, Any],
) -> tuple[list[Any], list[Key], Callable[[int], Any]]:
    """The same, of the states of these segments, which it uses up; and kept for the next time.

    A million states and a million rows need not be in memory together.
    """
    keys, rows, needed = list(states), [], {}
    for place, key in enumerate(keys):
        state = states.pop(key)
        rows.append(projection.result_one(key, state))
        if key in later:
            needed[place] = state
    if entries:
        parts = dump_rows(projection, rows)
        partials.cache.put(_name(projection), partials.chain(entries), parts)
    return rows, keys, needed.__getitem__


def dump_rows(projection: KeyedProjection[Any, Any], rows: list[Any]) -> Iterator[bytes]:
    """Rows as JSON, some at a time; ProjectionError when one has none."""
    left = iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        try:
            yield msgspec.json.encode(some)
        except (TypeError, ValueError) as error:
            raise wrong(projection.name, f"a row cannot be written as JSON: {error}") from None


def _name(projection: KeyedProjection[Any, Any]) -> str:
    return f"rows-{projection.rows_version}"


def rows_decoder(projection: KeyedProjection[Any, Any]) -> Callable[[bytes], list[Any]]:
    """Reads what :func:`dump_rows` wrote; ValueError when there are no rows."""
    row: Any = returned_by(projection, projection.result_one, "row")
    try:
        return msgspec.json.Decoder(list[row]).decode
    except TypeError as error:
        raise wrong(projection.name, f"its rows cannot be read from JSON: {error}") from None
