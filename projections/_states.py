"""States as bytes, for the cache and for other processes: JSON, never pickle.

The type of a state is what ``initial`` (for keyed projections ``initial_one``) is annotated to
return. msgspec reads and writes attrs classes as they are, five times as fast as cattrs does
(docs/decisions/0011).
"""

from __future__ import annotations

from typing import Any, get_type_hints

import msgspec

from projections._errors import ProjectionError
from projections._keyed import Key, KeyedProjection
from projections._protocol import Projection

_encode = msgspec.json.Encoder().encode


class StateCodec:
    """Writes and reads the states of one projection. ``dump`` and ``load`` are inverses."""

    def __init__(self, projection: Projection[Any, Any]) -> None:
        self._name = projection.name
        self._keyed = isinstance(projection, KeyedProjection)
        self._initial = projection.initial_one if self._keyed else projection.initial  # type: ignore[attr-defined]
        state: Any = self._annotated()
        try:
            self._decoder = msgspec.json.Decoder(list[tuple[Key, state]] if self._keyed else state)
        except TypeError as error:
            raise self._error(f"its state cannot be read from JSON: {error}") from None
        self._untouched = self._write(self._initial())

    def _annotated(self) -> Any:
        """The type of the state."""
        name = self._initial.__name__
        try:
            state = get_type_hints(self._initial).get("return")
        except NameError as error:
            raise self._error(
                f"the type that {name} returns cannot be found: {error}. Define it at the top of "
                "its module"
            ) from None
        if state is None:
            raise self._error(
                f"{name} must be annotated with the type of its state, so that the state can be "
                "read back"
            )
        return state

    def dump(self, state: Any) -> bytes:
        """The state as JSON; ProjectionError when it has none."""
        return self._write(list(state.items()) if self._keyed else state)

    def load(self, data: bytes) -> Any:
        """The state; ValueError when the bytes do not hold one."""
        value = self._decoder.decode(data)
        return dict(value) if self._keyed else value

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
        return ProjectionError(f"projection {self._name!r}: {what}", sequence=sequence)
