"""Events made up for projections: of all kinds, complete and not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import msgspec
from hypothesis import strategies as st

from eventlog import Event
from projections import SessionSummaries, SessionSummary, fold

START = datetime(2026, 2, 6, 12, tzinfo=UTC)

TYPES = [
    "session.started", "session.ended", "session.summarized", "session.annotated", "task.started",
    "task.completed", "file.read", "file.written", "tool.called", "area.visited", "metric.recorded",
    "state.saved", "crash.detected", "recovery.completed",
]  # fmt: skip
FIELDS = [
    "task", "notes", "path", "tool", "area", "gold", "seconds", "reason", "error_type",
    "size_bytes", "duration_ms", "tempo", "areas",
]  # fmt: skip

_numbers = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, -0.0, 0.1, 1e308, -1e308, 5e-324, 0.5]),
)
_names = st.sampled_from(["a", "b", "", "write docs"])
_anything: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), _numbers, _names, st.text(max_size=3),
    st.lists(_numbers, max_size=2), st.dictionaries(_names, _numbers, max_size=2),
)  # fmt: skip
_fitting: dict[str, st.SearchStrategy[Any]] = {
    **dict.fromkeys(FIELDS, _numbers),
    **dict.fromkeys(["task", "notes", "path", "tool", "area", "error_type"], _names),
}
# Mostly what belongs there, so that the interesting cases are reached; now and then anything.
_data = st.one_of(
    st.fixed_dictionaries({}, optional=_fitting),
    st.dictionaries(st.sampled_from(FIELDS), _anything, max_size=4),
)


def event(
    type_: str,
    data: dict[str, Any] | None = None,
    *,
    subject: str | None = "s-1",
    at: float = 0.0,
    sequence: int = 1,
    source: str = "me",
) -> Event:
    """An event ``at`` so many seconds after the start."""
    return Event(
        id=str(sequence), source=source, type=type_, time=START + timedelta(seconds=at),
        subject=subject, data=data or {}, digits=f"{sequence:019}",
    )  # fmt: skip


@st.composite
def events(draw: st.DrawFn, max_size: int = 30) -> list[Event]:
    """A stretch of a log: few subjects and names, clocks that jump."""
    drafts = draw(
        st.lists(
            st.tuples(
                st.sampled_from([*TYPES, "something.else"]),
                _data,
                st.sampled_from(["s-1", "s-2", None]),
                st.floats(-1e9, 1e9) | st.integers(0, 5),
                st.sampled_from(["me", "you"]),
            ),
            max_size=max_size,
        )
    )
    return [
        event(type_, data, subject=subject, at=at, sequence=sequence, source=source)
        for sequence, (type_, data, subject, at, source) in enumerate(drafts, 1)
    ]


def canonical(summaries: Sequence[SessionSummary]) -> bytes:
    """The result as bytes that differ when anything does."""
    return msgspec.json.encode([attrs.asdict(summary) for summary in summaries], order="sorted")


def summaries_of(stretch: Iterable[Event]) -> list[SessionSummary]:
    """The projection's answer for these events."""
    projection = SessionSummaries()
    return projection.result(fold(projection, stretch))


def summary_of(*stretch: Event) -> SessionSummary:
    """The one session of these events."""
    (summary,) = summaries_of(stretch)
    return summary


def complete_example(type_: str) -> dict[str, Any]:
    """Data that fits the standard class of this type."""
    examples: dict[str, dict[str, Any]] = {
        "session.annotated": {"notes": "n"},
        "session.summarized": {"gold": 1},
        "task.started": {"task": "a"},
        "task.completed": {"task": "a"},
        "file.read": {"path": "p"},
        "file.written": {"path": "p"},
        "tool.called": {"tool": "t"},
        "area.visited": {"area": "a"},
        "metric.recorded": {"tempo": 80},
        "crash.detected": {"error_type": "E"},
    }
    return examples.get(type_, {})
