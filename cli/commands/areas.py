"""``eventlog areas``."""

from __future__ import annotations

from pathlib import Path

import click
from attrs import evolve

from cli._asking import ask
from cli._forms import Form, form_options
from cli._options import log_argument
from cli._output import print_json, print_jsonl, say, write_text
from cli._questions import Filters, Question, question_options
from cli._rows import format_number, milliseconds_of, say_what
from cli._table import Column, print_table
from cli._text import count, format_duration
from projections import AreaDanger, AreaGold, Areas, AreaStatistics, to_document

_BEST: tuple[Column[AreaGold], ...] = (
    Column("area", lambda one: one.area),
    Column("gold/h", lambda one: format_number(one.gold_per_hour), is_number=True),
    Column("gold", lambda one: format_number(one.gold), is_number=True),
    Column("time", lambda one: format_duration(milliseconds_of(one.seconds)), is_number=True),
    Column("sessions", lambda one: f"{one.sessions:,}", is_number=True),
)
_DANGEROUS: tuple[Column[AreaDanger], ...] = (
    Column("area", lambda one: one.area),
    Column("flees/h", lambda one: format_number(one.flees_per_hour, 2), is_number=True),
    Column("flees", lambda one: format_number(one.flees), is_number=True),
    Column("time", lambda one: format_duration(milliseconds_of(one.seconds)), is_number=True),
    Column("visits", lambda one: f"{one.visits:,}", is_number=True),
)


@click.command("areas")
@log_argument
@click.option("--last", type=click.IntRange(min=1), metavar="N",
              help="Only the newest N sessions with a visit or a summary.")  # fmt: skip
@question_options
@form_options
def command(log: Path, last: int | None, question: Question, form: Form) -> None:
    """Rank areas: best by gold per hour, most dangerous by flees per hour.

    Visits and final records of sessions count alike. The flees of a record are shared out to its
    areas by the time spent there.

    \b
    Examples:
      eventlog areas LOG
      eventlog areas LOG --last 10 --json | jq -r '.best[0].area'
    """
    statistics = _ask(log, last, question)
    if form is Form.JSON:
        print_json(to_document(statistics))
    elif form is Form.JSONL:
        print_jsonl([to_document(statistics)])
    elif statistics.best:
        _print_statistics(statistics)
    else:
        say("no areas: the log holds no matching area.visited or session.summarized")


def _ask(log: Path, last: int | None, question: Question) -> AreaStatistics:
    if not question.filters.name_sessions_only:
        return ask(log, Areas(last), question)
    whole = evolve(question, filters=Filters())
    return ask(log, Areas(last, question.filters.subjects or None), whole)


def _print_statistics(statistics: AreaStatistics) -> None:
    write_text("best by gold per hour\n")
    left_out = print_table(_BEST, statistics.best, spare=("sessions", "time", "gold"))
    write_text("\nmost dangerous by flees per hour\n")
    left_out += print_table(_DANGEROUS, statistics.dangerous, spare=("visits", "time", "flees"))
    incomplete = statistics.incomplete
    say_what(
        count(len(statistics.best), "area"),
        f"{count(incomplete, 'event')} incomplete" if incomplete else "",
        left_out=left_out,
    )
