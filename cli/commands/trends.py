"""``eventlog trends``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli._asking import ask, of_subjects, print_documents
from cli._options import (
    as_of_option,
    jobs_option,
    json_option,
    jsonl_option,
    log_argument,
    subjects_option,
)
from cli._output import print_table, say, write_text
from cli._rows import format_numbers, say_what
from cli._sparkline import bars, sparkline
from cli._text import clean, count, format_moment
from projections import SessionTrends, TrendPoint, trend


@click.command("trends")
@log_argument
@click.option("--metric", default="gold_per_hour", show_default=True, metavar="NAME",
              help="Which number of a session.")  # fmt: skip
@click.option("--last", type=click.IntRange(min=1), default=10, show_default=True, metavar="N",
              help="At most this many sessions, the newest.")  # fmt: skip
@click.option("--all", "every", is_flag=True,
              help="Also sessions without the metric; they have no value.")  # fmt: skip
@as_of_option
@subjects_option
@jobs_option
@json_option
@jsonl_option
def command(
    log: Path,
    metric: str,
    last: int,
    every: bool,
    as_of: int | datetime | None,
    subjects: tuple[str, ...],
    jobs: int,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Show a metric over the last sessions: gold or deaths per hour, length, any number.

    Metrics are gold_per_hour, deaths_per_hour, session_length (minutes), velocity (tasks per hour),
    gold, kills, deaths, flees, events, tasks_completed, duration_ms, any other number that
    session.summarized states, and the mean of any that metric.recorded holds.

    \b
    Examples:
      eventlog trends LOG
      eventlog trends LOG --metric session_length --last 20
      eventlog trends LOG --metric pitch_accuracy --json | jq 'map(.value)'
    """
    sessions = of_subjects(ask(log, SessionTrends(), as_of, jobs), subjects)
    points = trend(sessions, metric, last, every=every)
    if as_json or as_jsonl:
        print_documents(points, lines=not as_json)
    elif points:
        _print_trend(metric, points)
    else:
        say("no sessions: the log holds no matching events")


def _print_trend(metric: str, points: list[TrendPoint]) -> None:
    values = [point.value for point in points]
    columns = {
        "subject": [point.subject or "(none)" for point in points],
        "started": [format_moment(point.started) for point in points],
        "value": format_numbers(values),
        "": bars(values),
    }
    left_out = print_table(columns, right=["value"], spare=["started", ""])
    known = [value for value in values if value is not None]
    if known:
        low, high = format_numbers([min(known), max(known)])
        write_text(f"{clean(metric)} {sparkline(values)} {low} to {high}\n")
    say_what(count(len(points), "session"), left_out=[name for name in left_out if name])
