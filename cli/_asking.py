"""Asking a log for one of its read models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol, TypeVar

from attrs import evolve

from cli._options import open_for_reading
from cli._output import say
from cli._questions import Filters, Moment, Question, Stretch
from cli._workers import processes
from eventlog import Event, EventLog
from projections import KeyedProjection, Projection, fold, fold_rows, iter_rows, project

Result = TypeVar("Result")

_NAMES_SHOWN = 5


class _Row(Protocol):
    @property
    def subject(self) -> str | None: ...


Row = TypeVar("Row", bound=_Row)


def ask(log: Path, projection: Projection[Any, Result], question: Question) -> Result:
    """The projection's answer for the log at this path."""
    with open_for_reading(log) as opened:
        return answer(opened, projection, question)


def answer(log: EventLog, projection: Projection[Any, Result], question: Question) -> Result:
    """The answer about the events that the question is about.

    The cache knows answers about all events. For some of them they are folded one after another.
    """
    if question.filters.are_given:
        return projection.result(_fold_some(log, projection, question.filters, question.as_of))
    with processes(question.jobs) as executor:
        return project(log, projection, question.as_of, executor)


def _fold_some(
    log: EventLog, projection: Projection[Any, Any], filters: Filters, as_of: Moment
) -> Any:
    return fold(projection, _some_events(log, projection, filters, as_of))


def _some_events(
    log: EventLog, projection: Projection[Any, Any], filters: Filters, as_of: Moment
) -> Iterator[Event]:
    types = projection.types
    if types is not None and filters.types:
        types = types.intersection(filters.types)
    if types is not None and not types:
        return iter(())
    wanted = evolve(filters, types=tuple(types or filters.types))
    return (event for _, event in Stretch(wanted, as_of).scan(log))


def ask_rows(
    log: Path, projection: KeyedProjection[Any, Result], question: Question
) -> Iterator[Result]:
    """The answer for the log at this path, one row at a time: there may be very many."""
    filters, as_of = question.filters, question.as_of
    with open_for_reading(log) as opened:
        if filters.are_given:
            yield from fold_rows(projection, _some_events(opened, projection, filters, as_of))
        else:
            with processes(question.jobs) as executor:
                yield from iter_rows(opened, projection, as_of, executor)


def ask_sessions(
    log: Path, projection: KeyedProjection[Any, Row], question: Question
) -> Iterator[Row]:
    """The rows of the sessions that the question is about. A session that has none is named."""
    subjects = question.filters.subjects
    if not (subjects and question.filters.name_sessions_only):
        yield from ask_rows(log, projection, question)
        return
    everything = evolve(question, filters=Filters())
    found = [row for row in ask_rows(log, projection, everything) if row.subject in subjects]
    for subject in sorted(set(subjects).difference(row.subject for row in found)):
        rows = ask_rows(log, projection, everything)
        say(no_such_session(subject, (row.subject for row in rows)))
    yield from found


def no_such_session(subject: str, subjects: Iterable[str | None]) -> str:
    """A line that names the most similar ones, else the first."""
    names = _Names(subjects)
    shown = get_close_matches(subject, names, _NAMES_SHOWN) or names.first
    more = names.count - len(shown)
    others = f"only of {', '.join(shown)}{f' and {more:,} more' if more else ''}"
    return f"nothing here of session {subject!r}, {others if shown else 'nor of any other'}"


class _Names(Iterable[str]):
    """Names that pass by: how many, and the first of them."""

    def __init__(self, subjects: Iterable[str | None]) -> None:
        self._subjects = subjects
        self.count = 0
        self.first: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for subject in self._subjects:
            if subject is not None:
                self.count += 1
                if len(self.first) < _NAMES_SHOWN:
                    self.first.append(subject)
                yield subject
