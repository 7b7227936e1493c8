"""``eventlog areas``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli._asking import ask
from cli._options import as_of_option, jobs_option, json_option, log_argument, subjects_option
from cli._output import print_json, say, write_text
from cli._rows import format_number, milliseconds_of, print_rows, say_what
from cli._text import count, format_duration
from projections import AreaDanger, AreaGold, Areas, AreaStatistics, to_document


@click.command("areas")
@log_argument
@click.option("--last", type=click.IntRange(min=1), metavar="N",
              help="Only the newest N sessions that were in areas.")  # fmt: skip
@as_of_option
@subjects_option
@jobs_option
@json_option
def command(
    log: Path,
    last: int | None,
    as_of: int | datetime | None,
    subjects: tuple[str, ...],
    jobs: int,
    as_json: bool,
) -> None:
    """Rank areas: best by gold per hour, most dangerous by flees per hour.

    Visits and final records of sessions count alike. The flees of a record are shared out to its
    areas by the time spent there.

    \b
    Examples:
      eventlog areas LOG
      eventlog areas LOG --last 10 --json | jq -r '.best[0].area'
    """
    statistics = ask(log, Areas(last, subjects or None), as_of, jobs)
    if as_json:
        print_json(to_document(statistics))
    elif statistics.best:
        _print_statistics(statistics)
    else:
        say("no areas: the log holds no matching area.visited or session.summarized")


def _print_statistics(statistics: AreaStatistics) -> None:
    write_text("best by gold per hour\n")
    left_out = _print_best(statistics.best)
    write_text("\nmost dangerous by flees per hour\n")
    left_out += _print_dangerous(statistics.dangerous)
    incomplete = statistics.incomplete
    say_what(
        count(len(statistics.best), "area"),
        f"{count(incomplete, 'event')} incomplete" if incomplete else "",
        left_out=left_out,
    )


def _print_best(areas: list[AreaGold]) -> list[str]:
    return print_rows(
        areas,
        {"area": lambda one: one.area},
        {
            "gold/h": lambda one: format_number(one.gold_per_hour),
            "gold": lambda one: format_number(one.gold),
            "time": lambda one: format_duration(milliseconds_of(one.seconds)),
            "sessions": lambda one: f"{one.sessions:,}",
        },
        spare=("sessions", "time", "gold"),
    )


def _print_dangerous(areas: list[AreaDanger]) -> list[str]:
    return print_rows(
        areas,
        {"area": lambda one: one.area},
        {
            "flees/h": lambda one: format_number(one.flees_per_hour, 2),
            "flees": lambda one: format_number(one.flees),
            "time": lambda one: format_duration(milliseconds_of(one.seconds)),
            "visits": lambda one: f"{one.visits:,}",
        },
        spare=("visits", "time", "flees"),
    )
