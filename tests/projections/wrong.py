"""Projections with one mistake each, as their authors write them."""

from __future__ import annotations

from itertools import count
from typing import Any, ClassVar

from attrs import Factory, define

from eventlog import Event
from projections import KeyedProjection, Projection

_ticks = count()


@define
class Tally:
    """How many events, and what was seen of them."""

    events: int = 0
    seen: list[str] = Factory(list)


@define
class Row:
    """What is known of one key."""

    mean: float


class Rounding(KeyedProjection[Tally, Row]):
    """Its row says that it is a float, and is not always one."""

    name, version, types = "rounding", 1, None
    rows_version = 1

    def initial_one(self) -> Tally:
        return Tally()

    def apply_one(self, state: Tally, event: Event) -> Tally:
        return Tally(state.events + 1)

    def merge_one(self, earlier: Tally, later: Tally) -> Tally:
        return Tally(earlier.events + later.events)

    def result_one(self, key: str | None, state: Tally) -> Row:
        return Row(state.events)


class Rowless(Rounding):
    """Nobody can tell what its rows are."""

    name = "rowless"

    def result_one(self, key, state):  # type: ignore[no-untyped-def]
        return super().result_one(key, state)


class Right:
    """Counts events, and lists their types. The others change one thing about it."""

    name: ClassVar[str] = "right"
    version = 1
    types: frozenset[str] | None = None

    def initial(self) -> Tally:
        return Tally()

    def apply(self, state: Tally, event: Event) -> Tally:
        return Tally(state.events + 1, [*state.seen, event.type])

    def merge(self, earlier: Tally, later: Tally) -> Tally:
        return Tally(earlier.events + later.events, earlier.seen + later.seen)

    def result(self, state: Tally) -> Any:
        return [state.events, *state.seen]


class Raising(Right):
    """Takes for granted what an event may lack."""

    name = "raising"

    def apply(self, state: Tally, event: Event) -> Tally:
        return Tally(state.events + 1, [*state.seen, event.data["task"]])


class Forgetful(Right):
    """Changes the state, and does not return it."""

    name = "forgetful"

    def apply(self, state: Tally, event: Event) -> Tally:
        state.events += 1
        return None  # type: ignore[return-value]


class Clocked(Right):
    """Asks something besides its arguments."""

    name = "clocked"

    def apply(self, state: Tally, event: Event) -> Tally:
        return Tally(next(_ticks), state.seen)


class Impatient(Right):
    """Its merge forgets what the later part began with."""

    name = "impatient"

    def merge(self, earlier: Tally, later: Tally) -> Tally:
        return Tally(earlier.events + later.events, earlier.seen + later.seen[1:])


class Averaging(Right):
    """A mean of means is no mean."""

    name = "averaging"

    def merge(self, earlier: Tally, later: Tally) -> Tally:
        return Tally((earlier.events + later.events) // 2, earlier.seen + later.seen)


class Lying(Right):
    """Keeps what its annotations do not say."""

    name = "lying"

    def apply(self, state: Tally, event: Event) -> Tally:
        return Tally(state.events + 0.5, state.seen)  # type: ignore[arg-type]


class Unwritable(Right):
    """Keeps what JSON has no place for."""

    name = "unwritable"

    def apply(self, state: Tally, event: Event) -> Tally:
        return Tally(state.events, [self])  # type: ignore[list-item]


class Sharing(Right):
    """Gives every fold the same state to start from, and changes it."""

    name = "sharing"

    def __init__(self) -> None:
        self._one = Tally()

    def initial(self) -> Tally:
        return self._one

    def apply(self, state: Tally, event: Event) -> Tally:
        state.events += 1
        return state


class SharingPerKey(KeyedProjection[Tally, int]):
    """The same mistake per session."""

    name = "sharing-per-key"
    version = 1
    types = None
    _one = Tally()

    def initial_one(self) -> Tally:
        return self._one

    def apply_one(self, state: Tally, event: Event) -> Tally:
        state.events += 1
        return state

    def merge_one(self, earlier: Tally, later: Tally) -> Tally:
        return Tally(earlier.events + later.events)

    def result_one(self, key: str | None, state: Tally) -> int:
        return state.events


class Meddling(Right):
    """Changes the event."""

    name = "meddling"

    def apply(self, state: Tally, event: Event) -> Tally:
        event.data["counted"] = True
        return Tally(state.events + 1, state.seen)


class Consuming(Right):
    """Its answer uses the state up."""

    name = "consuming"

    def result(self, state: Tally) -> Any:
        return [state.seen.pop() for _ in list(state.seen)]


class Keyless(Right):
    """Its state has no annotation."""

    name = "keyless"

    def initial(self):  # type: ignore[no-untyped-def]
        return Tally()


@define
class Ambiguous:
    """Of which JSON cannot tell what it was."""

    seen: list[str] | set[str]


class Unreadable(Right):
    """Its state is of a type that cannot be read from JSON."""

    name = "unreadable"

    def initial(self) -> Ambiguous:  # type: ignore[override]
        return Ambiguous([])


def local() -> Projection[Any, Any]:
    """A projection whose state is defined inside of a function."""

    @define
    class Hidden:
        events: int = 0

    class Local(Right):
        name = "local"

        def initial(self) -> Hidden:  # type: ignore[override]
            return Hidden()

    return Local()
