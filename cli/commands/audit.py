"""``eventlog audit``."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click
import msgspec
from attrs import evolve

from cli._events import print_json_array, print_lines
from cli._forms import Form, form_options
from cli._options import log_argument, open_for_reading
from cli._output import say
from cli._questions import Stretch, stretch_options
from cli._rows import say_what
from cli._table import Column, Stream
from cli._text import count, format_moment
from projections import AuditRow, audit_trail, to_document

_COLUMNS: tuple[Column[AuditRow], ...] = (
    Column("sequence", lambda row: f"{row.sequence}", is_number=True),
    Column("time", lambda row: format_moment(row.time), width=19),
    Column("source", lambda row: row.source, width=18),
    Column("subject", lambda row: row.subject or "-", width=13),
    Column("type", lambda row: row.type, width=18, least=15),
    Column("summary", lambda row: row.summary, width=16),
)
_SPARE = ("source", "time", "subject")
"""What a narrow terminal does without first."""


@click.command("audit")
@log_argument
@click.option("--source", help="Only this source.")
@stretch_options
@form_options
def command(log: Path, source: str | None, stretch: Stretch, form: Form) -> None:
    """Show who did what, and when: one line per event.

    Who is the source, what the type with a short text of the data; 'eventlog cat' has all of it.
    The order is that of the log, also where clocks jump.

    \b
    Examples:
      eventlog audit LOG --source agent/AGENT-004 --since 2026-02-06
      eventlog audit LOG --type crash.detected --reverse -n 20
    """
    with open_for_reading(log) as opened:
        events = (event for _, event in evolve(stretch, limit=None).scan(opened))
        rows = islice(audit_trail(events, source), stretch.limit)
        if form is Form.JSON:
            print_json_array(_encoded(rows))
        elif form is Form.JSONL:
            print_lines(_encoded(rows))
        else:
            _print_table(rows)


def _encoded(rows: Iterator[AuditRow]) -> Iterator[bytes]:
    return (msgspec.json.encode(to_document(row)) for row in rows)


def _print_table(rows: Iterator[AuditRow]) -> None:
    table = Stream(_COLUMNS, _SPARE)
    for row in rows:
        table.write(row)
    if table.rows:
        say_what(count(table.rows, "event"), left_out=table.left_out)
    else:
        say("no events: the log holds no matching ones")
