"""What may befall a session of any kind: it stays open, gets a note, or its clock jumps back."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from eventlog import SessionAnnotated, SessionEnded, SessionSummarized
from sessions._sample._draw import Draw, Step, between, pick

_NOTES = (
    "best run of the week, keep this route",
    "slower than usual: the network was busy",
    "zweiter Versuch, diesmal mit der neuen Konfiguration",
    "録音をもう一度確認すること",
    "Δ to yesterday is explained by the shorter break",
    "café table, background noise",
    "compare with the run before 🎯",
)


def twisted(number: int, draw: Draw, steps: Iterator[Step]) -> Iterator[Step]:
    """The session's steps, changed when its number says so."""
    for every, twist in _TWISTS:
        if number % every == every // 2:
            steps = twist(draw, steps)
    return steps


def _left_open(_: Draw, steps: Iterator[Step]) -> Iterator[Step]:
    return (step for step in steps if not isinstance(step[1], SessionEnded | SessionSummarized))


def _annotated(draw: Draw, steps: Iterator[Step]) -> Iterator[Step]:
    yield from steps
    yield between(draw, 5, 900), SessionAnnotated(pick(draw, _NOTES))


def _clock_set_back(draw: Draw, steps: Iterator[Step]) -> Iterator[Step]:
    seconds = between(draw, 2, 6)
    for place, (wait, event) in enumerate(steps):
        yield (-seconds if place == 2 else wait), event


_TWISTS: tuple[tuple[int, Callable[[Draw, Iterator[Step]], Iterator[Step]]], ...] = (
    (23, _left_open),
    (13, _annotated),
    (199, _clock_set_back),
)
