"""Asking a log for one of its read models."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Any, Protocol, TypeVar

from attrs import evolve

from cli._options import open_for_reading
from cli._output import say
from cli._questions import Filters, Moment, Question, Stretch
from cli._workers import processes
from eventlog import EventLog
from projections import Projection, fold, project

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
    types = projection.types
    if types is not None and filters.types:
        types = types.intersection(filters.types)
    if types is not None and not types:
        return projection.initial()
    wanted = evolve(filters, types=tuple(types or filters.types))
    return fold(projection, (event for _, event in Stretch(wanted, as_of).scan(log)))


def ask_sessions(
    log: Path, projection: Projection[Any, list[Row]], question: Question
) -> list[Row]:
    """The rows of the sessions that the question is about. A session that has none is named."""
    subjects = question.filters.subjects
    if not question.filters.name_sessions_only:
        return ask(log, projection, question)
    rows = ask(log, projection, evolve(question, filters=Filters()))
    found = [row for row in rows if row.subject in subjects] if subjects else rows
    unknown = set(subjects).difference(row.subject for row in found)
    for subject in sorted(unknown):
        say(no_such_session(subject, rows))
    return found


def no_such_session(subject: str, rows: list[Row]) -> str:
    """A line that names the most similar ones, else the first."""
    names = [row.subject for row in rows if row.subject is not None]
    shown = get_close_matches(subject, names, _NAMES_SHOWN) or names[:_NAMES_SHOWN]
    more = len(names) - len(shown)
    others = f"only of {', '.join(shown)}{f' and {more:,} more' if more else ''}"
    return f"nothing here of session {subject!r}, {others if names else 'nor of any other'}"
