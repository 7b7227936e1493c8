"""Checks for anybody's projection: the law, the round trip of its state, and every way to run it.

Needs Hypothesis, and is meant for tests::

    from projections.testing import check_projection

    def test_my_projection():
        check_projection(MyProjection())
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog import Event, EventLog, NewEvent
from projections._documents import canonical_json
from projections._engine import project
from projections._fold import fold
from projections._live import LiveView
from projections._protocol import Projection
from projections._states import StateCodec

__all__ = [
    "check_law",
    "check_projection",
    "check_runs",
    "make_event",
    "new_events",
    "write_segments",
]

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

# What fits each type. Every value may be missing or wrong now and then: logs are like that.
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


@st.composite
def new_events(draw: st.DrawFn) -> NewEvent:
    """Any event of the standard types, with data that fits, is missing, or is wrong."""
    type_ = draw(st.sampled_from(sorted(_FITTING)))
    usual = {name: st.one_of(values, values, _WRONG) for name, values in _FITTING[type_].items()}
    if draw(st.integers(0, 4)):
        data = {name: draw(_FITTING[type_][name]) for name in usual}
    else:
        data = draw(st.fixed_dictionaries({}, optional=usual))
    return NewEvent(
        type_,
        data,
        subject=draw(st.sampled_from(["s-1", "s-1", "s-1", "s-2", None])),
        source=draw(st.sampled_from(["agent/1", "game"])),
        time=_START + timedelta(milliseconds=draw(st.integers(-10_000, 10_000_000))),
    )


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


def check_projection(projection: Projection[Any, Any], *, max_examples: int = 200) -> None:
    """Check everything a projection promises; AssertionError with the smallest failing events."""
    check_law(projection, max_examples=max_examples)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        _check_runs_on_random_logs(projection, processes, max(1, max_examples // 20))


def check_law(projection: Projection[Any, Any], *, max_examples: int = 200) -> None:
    """``fold(a + b) == merge(fold(a), fold(b))`` for every split, also through stored states."""

    @settings(max_examples=max_examples, deadline=None)
    @given(_many(new_events()), st.data())
    def law(news: list[NewEvent], data: st.DataObject) -> None:
        events = [make_event(number, new) for number, new in enumerate(news, 1)]
        for _ in range(3):  # cutting is cheap, finding telling events is not
            cuts = sorted(data.draw(st.tuples(*[st.integers(0, len(events))] * 2)))
            _check_splits(projection, events, *cuts)

    law()


def _many(events: st.SearchStrategy[NewEvent]) -> st.SearchStrategy[list[NewEvent]]:
    """Lists that are long more often than Hypothesis would make them."""
    return st.one_of(st.lists(events, max_size=40), st.lists(events, min_size=15, max_size=40))


def _check_splits(
    projection: Projection[Any, Any], events: list[Event], first: int, second: int
) -> None:
    codec, merge = StateCodec(projection), projection.merge

    def folded(part: list[Event]) -> Any:
        return codec.load(codec.dump(fold(projection, part)))

    def parts() -> tuple[Any, Any, Any]:  # anew each time: merge may consume what it is given
        return folded(events[:first]), folded(events[first:second]), folded(events[second:])

    whole = _answer(projection, fold(projection, events))
    a, b, c = parts()
    assert _answer(projection, merge(merge(a, b), c)) == whole, "merge(merge(a, b), c)"  # noqa: S101
    a, b, c = parts()
    assert _answer(projection, merge(a, merge(b, c))) == whole, "merge(a, merge(b, c))"  # noqa: S101


def _answer(projection: Projection[Any, Any], state: Any) -> bytes:
    return canonical_json(projection.result(state))


def _check_runs_on_random_logs(
    projection: Projection[Any, Any], executor: Executor, max_examples: int
) -> None:
    @settings(max_examples=max_examples, deadline=None)
    @given(st.lists(st.lists(new_events(), min_size=1, max_size=8), max_size=5))
    def run(segments: list[list[NewEvent]]) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = write_segments(Path(directory) / "testing.eventlog", segments)
            check_runs(path, projection, executor)

    run()


def write_segments(path: Path, segments: Sequence[Sequence[NewEvent]]) -> Path:
    """A log with these segments: all but the last sealed, the last one active."""
    with EventLog.open(path, sync="never") as log:
        for number, segment in enumerate(segments, 1):
            log.extend(segment)
            if number < len(segments):
                log.seal()
    return path


def check_runs(path: Path, projection: Projection[Any, Any], executor: Executor) -> None:
    """Every way to compute an answer over this log gives the same bytes."""
    with EventLog.open(path, readonly=True) as log:
        events = list(log.read())
        plain = _answer(projection, fold(projection, events))
        ways: dict[str, Callable[[], Any]] = {
            "executor, nothing cached": lambda: project(log, projection, executor=executor),
            "serial, from the cache": lambda: project(log, projection),
            "as of the end": lambda: project(log, projection, len(events)),
            "a live view": lambda: LiveView(log, projection).refresh(),
        }
        for way, answer in ways.items():
            assert canonical_json(answer()) == plain, way  # noqa: S101
        for until in {1, len(events) // 2, len(events) - 1}:
            expected = _answer(projection, fold(projection, events[: max(0, until)]))
            found = canonical_json(project(log, projection, max(0, until)))
            assert found == expected, f"as of {until}"  # noqa: S101
