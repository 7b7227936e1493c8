"""States as bytes, for the cache and for other processes: JSON, never pickle.

The type of a state is what ``initial`` (for keyed projections ``initial_one``) is annotated to
return. msgspec reads and writes attrs classes as they are, five times as fast as cattrs does
(docs/decisions/0011).
"""

from __future__ import annotations

from typing import Any, get_type_hints

import msgspec

from projections._keyed import Key, KeyedProjection
from projections._protocol import Projection

_encode = msgspec.json.Encoder().encode


class StateCodec:
    """Writes and reads the states of one projection. ``dump`` and ``load`` are inverses."""

    def __init__(self, projection: Projection[Any, Any]) -> None:
        self._keyed = isinstance(projection, KeyedProjection)
        initial = projection.initial_one if self._keyed else projection.initial  # type: ignore[attr-defined]
        state = get_type_hints(initial).get("return")
        if state is None:
            raise TypeError(
                f"{type(projection).__name__}.{initial.__name__} must be annotated with the type "
                "of its state, so that the state can be read back"
            )
        wire: Any = list[tuple[Key, state]] if self._keyed else state  # type: ignore[valid-type]
        self._decoder = msgspec.json.Decoder(wire)

    def dump(self, state: Any) -> bytes:
        """The state as JSON."""
        return _encode(list(state.items()) if self._keyed else state)

    def load(self, data: bytes) -> Any:
        """The state; ValueError when the bytes do not hold one."""
        value = self._decoder.decode(data)
        return dict(value) if self._keyed else value
