"""Checks for anybody's projection: the law, the round trip of its state, and every way to run it.

Needs Hypothesis, and is meant for tests::

    from projections.testing import check_projection

    def test_my_projection():
        check_projection(MyProjection())
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from itertools import combinations_with_replacement, pairwise
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import msgspec
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from eventlog import Event, EventLog, NewEvent
from projections._documents import canonical_json
from projections._engine import project
from projections._fold import fold
from projections._keyed import KeyedProjection
from projections._live import LiveView
from projections._protocol import Projection
from projections._rows import dump_rows, rows_decoder
from projections._states import StateCodec
from projections._testing_events import (
    STANDARD_TYPE_NAMES,
    DataByType,
    make_event,
    new_events,
)

__all__ = [
    "check_law",
    "check_projection",
    "check_runs",
    "make_event",
    "new_events",
]

_PHASES = [phase for phase in Phase if phase is not Phase.explain]  # the messages explain enough
_FEW = 10  # cuts
_SHOWN = 600  # characters of an answer in a message


def check_projection(
    projection: Projection[Any, Any],
    *,
    max_examples: int = 200,
    data: DataByType | None = None,
    executor: Executor | None = None,
) -> None:
    """Check everything a projection promises, on random events with random splits and segments.

    ``data`` says what the events of your own types hold, by type: Hypothesis strategies of dicts.
    Starts two processes, unless an ``executor`` is given.

    Errors: AssertionError that names the broken promise, or ProjectionError, with the smallest
    events that show it; ValueError when nothing is known of the types that the projection folds.
    """
    check_law(projection, max_examples=max_examples, data=data)
    events, logs = _events_for(projection, data), max(1, max_examples // 20)
    if executor is not None:
        _check_runs_on_random_logs(projection, events, executor, logs)
        return
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        _check_runs_on_random_logs(projection, events, processes, logs)


def check_law(
    projection: Projection[Any, Any], *, max_examples: int = 200, data: DataByType | None = None
) -> None:
    """``fold(a + b) == merge(fold(a), fold(b))`` for every split, also through stored states.

    And what it takes for that: the same events give the same state, nothing but the state changes,
    and the state survives its way through JSON. As for :func:`check_projection` otherwise.
    """
    codec = StateCodec(projection)

    @settings(max_examples=max_examples, deadline=None, phases=_PHASES)
    @given(_many(_events_for(projection, data)))
    def law(news: list[NewEvent]) -> None:
        events = [make_event(number, new) for number, new in enumerate(news, 1)]
        whole = _pure_answer(projection, codec, events)
        for cuts in _cuts(events):
            _check_split(projection, codec, events, cuts, whole)

    law()


def _events_for(
    projection: Projection[Any, Any], data: DataByType | None
) -> st.SearchStrategy[NewEvent]:
    unknown = (projection.types or frozenset()) - STANDARD_TYPE_NAMES - set(data or {})
    if unknown:
        raise ValueError(
            f"projection {projection.name!r} folds {', '.join(sorted(unknown))}, which nothing is "
            "known of: say what such events hold, with data={type: strategy of dicts}"
        )
    return new_events(projection.types, data)


def _many(events: st.SearchStrategy[NewEvent]) -> st.SearchStrategy[list[NewEvent]]:
    """Lists that are long more often than Hypothesis would make them."""
    return st.one_of(st.lists(events, max_size=40), st.lists(events, min_size=15, max_size=40))


def _cuts(events: list[Event]) -> list[tuple[int, int]]:
    """Where to cut: everywhere in a few events, at some places in many.

    Not drawn by Hypothesis, which would then have to find the smallest cuts, too.
    """
    every = list(combinations_with_replacement(range(len(events) + 1), 2))
    chosen = Random(crc32(msgspec.json.encode(events)))  # noqa: S311 - the same for the same events
    return every if len(every) <= _FEW else chosen.sample(every, 3)


def _pure_answer(projection: Projection[Any, Any], codec: StateCodec, events: list[Event]) -> bytes:
    """The answer about these events, which depends on nothing else and changes nothing."""
    recorded = msgspec.json.encode(events)
    state = fold(projection, events)
    _compare(projection, "apply changed an event", recorded, msgspec.json.encode(events))
    dumped = codec.dump_checked(state, len(events) or None)
    _compare(
        projection, "the state is another after its way through JSON",
        dumped, codec.dump(codec.load(dumped)),
    )  # fmt: skip
    answer = _answer(projection, state)
    _compare(projection, "result changed the state", dumped, codec.dump(state))
    _compare(projection, "the same state gave another answer", answer, _answer(projection, state))
    again = _answer(projection, fold(projection, events))
    _compare(projection, "the same events gave another answer", answer, again)
    if isinstance(projection, KeyedProjection) and projection.answers_by_key:
        decode = rows_decoder(projection)
        kept = decode(dump_rows(projection, projection.result(state)))
        what = "a row is another after its way through JSON"
        _compare(projection, what, answer, canonical_json(kept))
    return answer


def _check_split(
    projection: Projection[Any, Any],
    codec: StateCodec,
    events: list[Event],
    cuts: tuple[int, int],
    whole: bytes,
) -> None:
    """Three stretches give the answer about the whole, whichever two are merged first."""
    merge, stretches = projection.merge, [events[a:b] for a, b in pairwise([0, *cuts, len(events)])]
    cut = f"where they have {', '.join(str(len(part)) for part in stretches)} events"
    stored = [codec.dump(fold(projection, part)) for part in stretches]
    a, b, c = map(codec.load, stored)
    merged = _answer(projection, merge(merge(a, b), c))
    _compare(projection, f"merge(merge(a, b), c) is not the fold of all, {cut}", whole, merged)
    a, b, c = map(codec.load, stored)  # anew: merge may consume what it is given
    merged = _answer(projection, merge(a, merge(b, c)))
    _compare(projection, f"merge(a, merge(b, c)) is not the fold of all, {cut}", whole, merged)


def _answer(projection: Projection[Any, Any], state: Any) -> bytes:
    return canonical_json(projection.result(state))


def _compare(projection: Projection[Any, Any], broken: str, expected: bytes, found: bytes) -> None:
    if found != expected:
        raise AssertionError(
            f"projection {projection.name!r}: {broken}\n"
            f"  expected {_shorten(expected)}\n  found    {_shorten(found)}"
        )


def _shorten(document: bytes) -> str:
    text = document.decode()
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}... ({len(text):,} characters)"


def _check_runs_on_random_logs(
    projection: Projection[Any, Any],
    events: st.SearchStrategy[NewEvent],
    executor: Executor,
    max_examples: int,
) -> None:
    @settings(max_examples=max_examples, deadline=None)
    @given(st.lists(st.lists(events, min_size=1, max_size=8), max_size=5))
    def run(segments: list[list[NewEvent]]) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "testing.eventlog"
            _check_live(path, projection, segments)
            check_runs(path, projection, executor)

    run()


def _check_live(
    path: Path, projection: Projection[Any, Any], segments: Sequence[Sequence[NewEvent]]
) -> None:
    """Write a log with these segments, the last one active, and look at it all the while."""
    with EventLog.open(path, sync="never") as log:
        view = LiveView(log, projection)
        for number, segment in enumerate(segments, 1):
            log.extend(segment)
            expected = _answer(projection, fold(projection, log.read()))
            found = canonical_json(view.refresh())
            _compare(projection, f"a live view after {number} segments", expected, found)
            if number < len(segments):
                log.seal()


def check_runs(path: Path, projection: Projection[Any, Any], executor: Executor) -> None:
    """Every way to compute an answer over this log gives the same bytes. Deletes its cache."""
    with EventLog.open(path, readonly=True) as log:
        events = list(log.read())
        ways: dict[str, Callable[[], Any]] = {
            "serial, nothing cached": lambda: project(log, projection),
            "serial, from the cache": lambda: project(log, projection),
            "as of the end": lambda: project(log, projection, len(events)),
            "a live view": lambda: LiveView(log, projection).result,
            "executor, from the cache": lambda: project(log, projection, executor=executor),
        }
        plain = _answer(projection, fold(projection, events))
        shutil.rmtree(log.cache_path, ignore_errors=True)
        elsewhere = canonical_json(project(log, projection, executor=executor))
        _compare(projection, "executor, nothing cached", plain, elsewhere)
        shutil.rmtree(log.cache_path, ignore_errors=True)
        for way, answer in ways.items():
            _compare(projection, way, plain, canonical_json(answer()))
        for until in {1, len(events) // 2, len(events) - 1}:
            expected = _answer(projection, fold(projection, events[: max(0, until)]))
            found = canonical_json(project(log, projection, max(0, until)))
            _compare(projection, f"as of sequence {until}", expected, found)
