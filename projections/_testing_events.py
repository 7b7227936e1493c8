"""Random events for checking projections: what a log holds, complete and not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from eventlog import Event, NewEvent

_START = datetime(2026, 2, 2, tzinfo=UTC)
_NAMES = st.sampled_from(["a", "b", "\u00fc"])
_COUNTS = st.integers(0, 5)
_NUMBERS = st.one_of(
    _COUNTS,
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
_WRONG = st.one_of(
    st.none(), st.booleans(), st.text(max_size=3), st.lists(st.integers(0, 3), max_size=2)
)
_AREA = st.fixed_dictionaries(
    {}, optional={"area": _NAMES, "gold": _NUMBERS, "seconds": _NUMBERS, "time": _COUNTS}
)

DataByType = Mapping[str, st.SearchStrategy[dict[str, Any]]]
"""What fits each type."""

_FITTING: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "session.started": {"user": _NAMES},
    "session.ended": {"reason": _NAMES},
    "session.summarized": {
        "gold": _NUMBERS, "kills": _COUNTS, "deaths": _COUNTS, "flees": _COUNTS,
        "duration_seconds": _NUMBERS, "areas": st.lists(_AREA, max_size=3), "notes": _NAMES,
    },
    "session.annotated": {"notes": _NAMES},
    "task.started": {"task": _NAMES},
    "task.completed": {"task": _NAMES, "duration_ms": _NUMBERS},
    "file.read": {"path": _NAMES, "size_bytes": _NUMBERS},
    "file.written": {"path": _NAMES, "size_bytes": _NUMBERS, "lines": _COUNTS},
    "tool.called": {"tool": _NAMES, "duration_ms": _NUMBERS},
    "area.visited": {
        "area": _NAMES, "seconds": _NUMBERS, "gold": _NUMBERS, "kills": _COUNTS,
        "deaths": _COUNTS, "flees": _COUNTS,
    },
    "metric.recorded": {"pitch_accuracy": _NUMBERS, "timing_stability": _NUMBERS},
    "state.saved": {"step": _COUNTS},
    "crash.detected": {"error_type": _NAMES, "error_message": _NAMES},
    "recovery.completed": {"restored": _COUNTS},
    "something.else": {"task": _NAMES},
}  # fmt: skip
_STANDARD = {type_: st.fixed_dictionaries(fields) for type_, fields in _FITTING.items()}
STANDARD_TYPE_NAMES = frozenset(_STANDARD)


@st.composite
def new_events(
    draw: st.DrawFn, types: frozenset[str] | None = None, data: DataByType | None = None
) -> NewEvent:
    """Any event of the standard types and of those in ``data``, mostly of these ``types``.

    ``data`` says what fits the types that are your own. What an event holds fits its type, or is
    missing or wrong in places.
    """
    known = _STANDARD | dict(data or {})
    wanted = sorted(known if types is None else types & known.keys())
    some = st.sampled_from(wanted or sorted(known))
    type_ = draw(st.one_of(some, some, st.sampled_from(sorted(known))))
    return NewEvent(
        type_,
        draw(_in_places(known[type_])),
        subject=draw(st.sampled_from(["s-1", "s-1", "s-1", "s-2", None])),
        source=draw(st.sampled_from(["agent/1", "game"])),
        time=_START + timedelta(milliseconds=draw(st.integers(-10_000, 10_000_000))),
    )


@st.composite
def _in_places(draw: st.DrawFn, fitting: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """Data that fit; one time in five only in places."""
    data = draw(fitting)
    if draw(st.integers(0, 4)):
        return data
    fates = {name: draw(st.sampled_from(["kept", "kept", "wrong", "gone"])) for name in data}
    return {
        name: draw(_WRONG) if fates[name] == "wrong" else value
        for name, value in data.items()
        if fates[name] != "gone"
    }


def make_event(sequence: int, new: NewEvent) -> Event:
    """The event that a log would give back for ``new`` at this sequence."""
    assert isinstance(new.event, str)  # noqa: S101 - a helper for tests
    return Event(
        id=f"testing-{sequence}",
        source=new.source or "eventlog",
        type=new.event,
        time=new.time or _START,
        subject=new.subject,
        data=dict(new.data or {}),
        digits=f"{sequence:019d}",
    )
