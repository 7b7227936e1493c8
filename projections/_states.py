"""States as bytes, for the cache and for other processes: JSON, never pickle.

The type of a state is what ``initial`` (for keyed projections ``initial_one``) is annotated to
return. msgspec reads and writes attrs classes as they are, five times as fast as cattrs does
(docs/decisions/0011).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, get_type_hints

import msgspec

from projections._cache import Kept
from projections._errors import ProjectionError
from projections._keyed import Key, KeyedProjection
from projections._protocol import Projection

_encode = msgspec.json.Encoder().encode
_keys_of = msgspec.json.Decoder(list[Key]).decode

_AT_ONCE = 512
"""So many keys in one part: few enough to read them for one of them."""


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
        """The state as JSON in parts: of a keyed one the keys, and then the states of some each."""
        if not self._keyed:
            yield self.dump(state)
            return
        yield self._write(list(state))
        states = iter(state.values())
        while some := list(islice(states, _AT_ONCE)):
            yield self._write(some)

    def load_whole(self, kept: Kept) -> Any:
        """The state that ``dump`` gave; ValueError when there is none."""
        return self.load(kept.part(0))

    def load_parts(self, kept: Kept) -> Any:
        """The state; ValueError when the parts do not hold one."""
        if not self._keyed:
            return self.load_whole(kept)
        states = self.load_keyed(kept)
        return dict(zip(states.keys, states, strict=True))

    def load_keyed(self, kept: Kept) -> KeptStates:
        """The state of a keyed projection, to be read as far as it is needed."""
        return KeptStates(kept, self._some)

    def dump_checked(self, state: Any, sequence: int | None) -> bytes:
        """A state that a fold just ended with, as JSON that can be read back; at which sequence.

        ProjectionError when it cannot be, or when the fold changed what every fold starts from.
        """
        try:
            data = self.dump(state)
            self._decoder.decode(data)
            self._check_initial()
        except ProjectionError as error:
            error.sequence = sequence
            raise
        except ValueError as error:
            raise self._error(
                f"its state cannot be read back from JSON: {error}. Keep in it what its "
                "annotations say",
                sequence,
            ) from None
        return data

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


class KeptStates:
    """The states of many keys, each read when it is asked for. ValueError when there is none."""

    def __init__(self, kept: Kept, decode: Callable[[bytes], list[Any]]) -> None:
        self.keys: list[Key] = _keys_of(kept.part(0))
        self._kept = kept
        self._decode = decode
        self._parts: dict[int, list[Any]] = {}

    def at(self, place: int) -> Any:
        """The state of the key at this place. Whoever changes it need not ask again."""
        number, within = divmod(place, _AT_ONCE)
        if number not in self._parts:
            self._parts[number] = self._part(number)
        return self._parts[number][within]

    def __iter__(self) -> Iterator[Any]:
        for number in range(len(self._kept) - 1):
            yield from self._part(number)

    def _part(self, number: int) -> list[Any]:
        states = self._decode(self._kept.part(1 + number))
        if len(states) != min(_AT_ONCE, len(self.keys) - number * _AT_ONCE):
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
