"""Answers of keyed projections, row by row: those about sealed segments are kept, too.

Most sessions of a log are over. A repeated question reads their rows as they were answered before;
only those that newer events belong to are made from a state. Rows come as they are read or made, a
group of keys at a time, so that many of them take no more memory than few.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import msgspec

from eventlog import SealedEntry
from eventlog._collector import collector_paused
from projections._cache import Kept
from projections._grouping import MOST_IN_MEMORY
from projections._keyed import Key, KeyedProjection
from projections._partials import Partials
from projections._states import GROUP, in_groups, returned_by, wrong


def rows_by_key(
    partials: Partials,
    projection: KeyedProjection[Any, Any],
    entries: Sequence[SealedEntry],
    until: int | None = None,
) -> Iterator[Any]:
    """The answer about all ``entries``, which is all that is sealed, and what follows them.

    For a projection that answers by key. ``until`` is no sequence within them.
    """
    decode = rows_decoder(projection)
    with ExitStack() as files:
        try:
            rows = _kept(files, partials, projection, entries, until, decode)
        except ValueError:  # what is kept is not enough, or not what it should be
            rows = _made(partials, projection, entries, until)
        yield from rows


def _kept(
    files: ExitStack,
    partials: Partials,
    projection: KeyedProjection[Any, Any],
    entries: Sequence[SealedEntry],
    until: int | None,
    decode: Callable[[bytes], list[Any]],
) -> Iterator[Any]:
    """From what is kept of exactly these segments; ValueError unless all of it can be read."""
    states = partials.codec.load_keyed(_found(files, partials.kept_merged(entries)))
    found = _found(files, partials.cache.get(_name(projection), partials.chain(entries)))
    if len(found) != states.groups:
        raise ValueError("there are not as many rows as keys")
    later, is_small = partials.since(entries, until), len(found) * GROUP <= MOST_IN_MEMORY
    held: list[list[Any]] = []
    changed: list[list[tuple[int, Any]]] = []
    with collector_paused():
        for group in range(len(found)):
            rows, keys = decode(found.part(group)), states.keys(group)
            if len(rows) != len(keys):
                raise ValueError("there are not as many rows as keys")
            places = [place for place, key in enumerate(keys) if key in later] if later else []
            known = states.at(group, places, keys)
            changed.append(
                [
                    (place, _merged_row(projection, keys[place], state, later))
                    for place, state in zip(places, known, strict=True)
                ]
            )
            if is_small:
                held.append(rows)

    def answer() -> Iterator[Any]:
        for group, replaced in enumerate(changed):
            with collector_paused():
                rows = held[group] if is_small else decode(found.part(group))
            for place, row in replaced:
                rows[place] = row
            yield from rows
        yield from _new_rows(projection, later)

    return answer()


def _found(files: ExitStack, kept: Kept | None) -> Kept:
    if kept is None:
        raise ValueError("nothing is kept")
    return files.enter_context(kept)


def _made(
    partials: Partials,
    projection: KeyedProjection[Any, Any],
    entries: Sequence[SealedEntry],
    until: int | None,
) -> Iterator[Any]:
    """From the states of these segments; and kept for the next time, if all of it is asked for."""
    with partials.grouping(projection) as grouping:
        is_new = partials.group(grouping, entries)
        later = partials.since(entries, until)
        with ExitStack() as files:
            keep_states = keep_rows = None
            if entries:
                chain = partials.chain(entries)
                keep_rows = files.enter_context(partials.cache.keeping(_name(projection), chain))
            if is_new:
                keep_states = files.enter_context(partials.keeping_merged(entries))
            for group in in_groups(grouping.items()):
                with collector_paused():
                    rows = [projection.result_one(key, state) for key, state in group]
                    if keep_states is not None:
                        for part in partials.codec.dump_group(group):
                            keep_states(part)
                    if keep_rows is not None:
                        keep_rows(dump_rows(projection, rows))
                    for place, (key, state) in enumerate(group) if later else ():
                        if key in later:
                            rows[place] = _merged_row(projection, key, state, later)
                yield from rows
        yield from _new_rows(projection, later)


def _merged_row(
    projection: KeyedProjection[Any, Any], key: Key, state: Any, later: dict[Key, Any]
) -> Any:
    return projection.result_one(key, projection.merge_one(state, later.pop(key)))


def _new_rows(projection: KeyedProjection[Any, Any], later: dict[Key, Any]) -> Iterator[Any]:
    """Those of keys that nothing sealed belongs to."""
    return (projection.result_one(key, state) for key, state in later.items())


def dump_rows(projection: KeyedProjection[Any, Any], rows: list[Any]) -> bytes:
    """Rows as JSON; ProjectionError when one has none."""
    try:
        return msgspec.json.encode(rows)
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
