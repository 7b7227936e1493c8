"""``eventlog trends``."""

from __future__ import annotations

from pathlib import Path

import click
from click.core import ParameterSource

from cli._asking import ask_sessions
from cli._cells import as_shown, width_of
from cli._forms import Form, form_options, print_documents
from cli._options import log_argument
from cli._output import say, terminal_width, write_text
from cli._questions import Question, question_options
from cli._rows import format_numbers, say_what
from cli._sparkline import bars, sparkline
from cli._table import Column, print_table
from cli._text import count, format_moment
from projections import SessionTrends, TrendPoint, UnknownMetricError, to_document, trend

_Drawn = tuple[TrendPoint, str, str]
"""A session with its number and its bar."""
_COLUMNS: tuple[Column[_Drawn], ...] = (
    Column("subject", lambda one: one[0].subject or "(none)"),
    Column("started", lambda one: format_moment(one[0].started)),
    Column("value", lambda one: one[1], is_number=True),
    Column("", lambda one: one[2]),
)


@click.command("trends")
@log_argument
@click.option("--metric", default="gold_per_hour", show_default=True, metavar="NAME",
              help="Which number of a session.")  # fmt: skip
@click.option("--last", type=click.IntRange(min=1), default=10, show_default=True, metavar="N",
              help="At most this many sessions, the newest.")  # fmt: skip
@click.option("--all", "every", is_flag=True,
              help="Also sessions without the metric; they have no value.")  # fmt: skip
@question_options
@form_options
def command(log: Path, metric: str, last: int, every: bool, question: Question, form: Form) -> None:
    """Show a metric over the last sessions, such as gold per hour or session length.

    Metrics are gold_per_hour, deaths_per_hour, session_length (minutes), velocity (tasks per hour),
    gold, kills, deaths, flees, events, tasks_completed, duration_ms, any other number that
    session.summarized states, and the mean of any that metric.recorded holds. Where no session has
    gold, and no other metric is named, there is no trend to show, and a line names those there are.

    \b
    Examples:
      eventlog trends LOG
      eventlog trends LOG --metric session_length --last 20
      eventlog trends LOG --metric pitch_accuracy --json | jq 'map(.value)'
    """
    sessions = ask_sessions(log, SessionTrends(), question)
    points, is_known = [], True
    try:
        points = trend(sessions, metric, last, every=every)
    except UnknownMetricError as error:
        if _is_named("metric"):
            raise
        say(f"{error}: choose one with --metric")
        is_known = False
    if form is not Form.TABLE:
        print_documents(map(to_document, points), form)
    elif points:
        _print_trend(metric, points)
    elif is_known:
        say("no sessions: the log holds no matching events")


def _is_named(option: str) -> bool:
    """Whether the user gave it, be it with the value that it has without."""
    source = click.get_current_context().get_parameter_source(option)
    return source is not ParameterSource.DEFAULT


def _trend_line(metric: str, values: list[float | None]) -> str:
    """All values in one line; where there is no room, the newest."""
    known = [value for value in values if value is not None]
    low, high = format_numbers([min(known), max(known)])
    before, behind = f"{metric} ", f" {low} to {high}"
    width = terminal_width()
    room = len(values) if width is None else max(1, width - width_of(before + behind))
    return f"{before}{sparkline(values)[-room:]}{behind}"


def _print_trend(metric: str, points: list[TrendPoint]) -> None:
    values = [point.value for point in points]
    drawn = list(zip(points, format_numbers(values), bars(values), strict=True))
    left_out = print_table(_COLUMNS, drawn, spare=["started", ""])
    if any(value is not None for value in values):
        write_text(f"{_trend_line(as_shown(metric), values)}\n")
    say_what(count(len(points), "session"), left_out=[name for name in left_out if name])
