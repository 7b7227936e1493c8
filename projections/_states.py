"""States as bytes, for the cache and for other processes: JSON, never pickle.

The type of a state is what ``initial`` (for keyed projections ``initial_one``) is annotated to
return. msgspec reads and writes attrs classes as they are, five times as fast as cattrs does
(docs/decisions/0011).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby, islice
from typing import Any, Protocol, get_type_hints

import msgspec

from projections._errors import ProjectionError
from projections._keyed import Key, KeyedProjection
from projections._protocol import Projection

_encode = msgspec.json.Encoder().encode
_keys_of = msgspec.json.Decoder(list[Key]).decode

GROUP = 4096
"""So many keys in one part, which the parts with their states follow."""
_AT_ONCE = 512
"""So many states in one part: few enough to read them for one of them."""
_GROUP_PARTS = 1 + GROUP // _AT_ONCE


class StateCodec:
    """Writes and reads the states of one projection.

    ``dump`` and ``load`` are inverses, and so are ``dump_parts`` and ``load_parts``.
    """

    def __init__(self, projection: Projection[Any, Any]) -> None:
        self._name = projection.name
        self._keyed = isinstance(projection, KeyedProjection)
        self._initial = projection.initial_one if self._keyed else projection.initial  # type: ignore[attr-defined]
        state: Any = returned_by(projection, self._initial)
        try:
            self._decoder = msgspec.json.Decoder(list[tuple[Key, state]] if self._keyed else state)
            self._some = msgspec.json.Decoder(list[state]).decode
            self._one = msgspec.json.Decoder(state).decode
        except TypeError as error:
            raise self._error(f"its state cannot be read from JSON: {error}") from None
        self._untouched = self._write(self._initial())

    def dump(self, state: Any) -> bytes:
        """The state as JSON; ProjectionError when it has none."""
        return self._write(list(state.items()) if self._keyed else state)

    def load(self, data: bytes) -> Any:
        """The state; ValueError when the bytes do not hold one."""
        value = self._decoder.decode(data)
        return dict(value) if self._keyed else value

    def dump_parts(self, state: Any) -> Iterator[bytes]:
        """The state as JSON in parts; a keyed one in groups of keys."""
        if not self._keyed:
            yield self.dump(state)
            return
        for some in in_groups(state.items()):
            yield from self.dump_group(some)

    def dump_group(self, items: Sequence[tuple[Key, Any]]) -> Iterator[bytes]:
        """The parts of at most ``GROUP`` keys with their states."""
        yield self._write([key for key, _ in items])
        for start in range(0, len(items), _AT_ONCE):
            yield self._write([state for _, state in items[start : start + _AT_ONCE]])

    def load_parts(self, parts: Parts) -> Any:
        """The state; ValueError when the parts do not hold one."""
        if not self._keyed:
            return self.load(parts.part(0))
        return dict(self.load_keyed(parts).items())

    def load_keyed(self, parts: Parts) -> KeptStates:
        """The state of a keyed projection, to be read as far as it is needed."""
        return KeptStates(parts, self._some)

    def dump_one(self, state: Any) -> bytes:
        """The state of one key."""
        return self._write(state)

    def load_one(self, data: bytes) -> Any:
        """The inverse of :meth:`dump_one`."""
        return self._one(data)

    def checked_key(self, key: Key) -> Key:
        """The key; ProjectionError when it is none, or text that cannot be written."""
        if isinstance(key, str):
            if not key.isascii():
                self._write(key)
        elif key is not None:
            raise self._error(f"{key!r} is no key: a key is text, or None")
        return key

    def checked_parts(self, state: Any, sequence: int | None) -> Iterator[bytes]:
        """The parts of a state that a fold just ended with, at which sequence; each is read back.

        ProjectionError when that cannot be, or when the fold changed what every fold starts from.
        """
        with self._explained(sequence):
            for number, part in enumerate(self.dump_parts(state)):
                self._read_back(part, number)
                yield part
            self._check_initial()

    def _read_back(self, part: bytes, number: int) -> None:
        if not self._keyed:
            self._decoder.decode(part)
        elif number % _GROUP_PARTS:
            self._some(part)
        else:
            _keys_of(part)

    def dump_checked(self, state: Any, sequence: int | None) -> bytes:
        """The same state as one JSON text, with the same errors."""
        with self._explained(sequence):
            data = self.dump(state)
            self._decoder.decode(data)
            self._check_initial()
        return data

    @contextmanager
    def _explained(self, sequence: int | None) -> Iterator[None]:
        try:
            yield
        except ProjectionError as error:
            error.sequence = sequence
            raise
        except ValueError as error:
            raise self._error(
                f"its state cannot be read back from JSON: {error}. Keep in it what its "
                "annotations say",
                sequence,
            ) from None

    def _check_initial(self) -> None:
        if self._write(self._initial()) != self._untouched:
            raise self._error(
                f"{self._initial.__name__} gave a state that a fold has changed since: make a new "
                "one at every call"
            )

    def _write(self, value: Any) -> bytes:
        try:
            return _encode(value)
        except (TypeError, ValueError) as error:
            raise self._error(
                f"its state cannot be written as JSON: {error}. Keep in it numbers, text, "
                "booleans, None, times, lists, dicts with text keys, and attrs classes of these"
            ) from None

    def _error(self, what: str, sequence: int | None = None) -> ProjectionError:
        return wrong(self._name, what, sequence)


def in_groups(items: Iterable[tuple[Key, Any]]) -> Iterator[list[tuple[Key, Any]]]:
    """At most ``GROUP`` at a time; one empty group of nothing."""
    left = iter(items)
    yield list(islice(left, GROUP))
    while some := list(islice(left, GROUP)):
        yield some


class Parts(Protocol):
    """What ``dump_parts`` gave, wherever it is now."""

    def part(self, number: int) -> bytes:
        """One of them; ValueError when there is none."""

    def __len__(self) -> int: ...


class PartsInHand(list[bytes]):
    """Parts in memory."""

    def part(self, number: int) -> bytes:
        """One of them."""
        if number >= len(self):
            raise ValueError("there are too few parts")
        return self[number]


class KeptStates:
    """The states of many keys, each read when it is asked for. ValueError when there is none."""

    def __init__(self, parts: Parts, decode: Callable[[bytes], list[Any]]) -> None:
        self._parts = parts
        self._decode = decode
        self.groups = -(-len(parts) // _GROUP_PARTS)
        if not self.groups:
            raise ValueError("there are no keys, not even none")

    def keys(self, group: int) -> list[Key]:
        """The keys of one group."""
        keys = _keys_of(self._parts.part(group * _GROUP_PARTS))
        is_last = group == self.groups - 1
        parts = len(self._parts) - group * _GROUP_PARTS if is_last else _GROUP_PARTS
        is_short = len(keys) < (0 if self.groups == 1 else 1 if is_last else GROUP)
        if is_short or len(keys) > GROUP or parts != 1 + -(-len(keys) // _AT_ONCE):
            raise ValueError("there are not as many parts as keys need")
        return keys

    def states(self, group: int, keys: Sequence[Key]) -> Iterator[Any]:
        """The states of these keys, which are those of the group."""
        for start in range(0, len(keys), _AT_ONCE):
            yield from self._some(group, start // _AT_ONCE, keys)

    def at(self, group: int, places: Sequence[int], keys: Sequence[Key]) -> Iterator[Any]:
        """The states at some places of a group with these keys, in ascending order."""
        for number, some in groupby(places, lambda place: place // _AT_ONCE):
            states = self._some(group, number, keys)
            yield from (states[place % _AT_ONCE] for place in some)

    def items(self) -> Iterator[tuple[Key, Any]]:
        """All keys with their states."""
        for group in range(self.groups):
            keys = self.keys(group)
            yield from zip(keys, self.states(group, keys), strict=True)

    def _some(self, group: int, number: int, keys: Sequence[Key]) -> list[Any]:
        states = self._decode(self._parts.part(group * _GROUP_PARTS + 1 + number))
        if len(states) != min(_AT_ONCE, len(keys) - number * _AT_ONCE):
            raise ValueError("there are not as many states as keys")
        return states


def returned_by(
    projection: Projection[Any, Any], method: Callable[..., Any], what: str = "state"
) -> Any:
    """The type that a method is annotated to return; ProjectionError when it says none."""
    name = method.__name__
    try:
        found = get_type_hints(method).get("return")
    except NameError as error:
        raise wrong(
            projection.name,
            f"the type that {name} returns cannot be found: {error}. Define it at the top of "
            "its module",
        ) from None
    if found is None:
        raise wrong(
            projection.name,
            f"{name} must be annotated with the type of its {what}, so that the {what} can be "
            "read back",
        )
    return found


def wrong(name: str, what: str, sequence: int | None = None) -> ProjectionError:
    """The error of a projection with this name."""
    return ProjectionError(f"projection {name!r}: {what}", sequence=sequence)
