"""``eventlog audit``."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path

import click
import msgspec

from cli._audit import print_trail
from cli._events import print_json_array, print_lines
from cli._options import (
    filter_options,
    json_option,
    jsonl_option,
    log_argument,
    make_query,
    open_for_reading,
    range_options,
)
from cli._output import say
from cli._text import count
from projections import AuditRow, audit_trail, to_document


@click.command("audit")
@log_argument
@click.option("--source", help="Only this source.")
@filter_options
@range_options
@json_option
@jsonl_option
def command(
    log: Path,
    source: str | None,
    types: tuple[str, ...],
    subject: str | None,
    since: datetime | None,
    before: datetime | None,
    after: int,
    until: int | None,
    reverse: bool,
    limit: int | None,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Show who did what, and when: one line per event.

    Who is the source, what the type with a short text of the data; 'eventlog cat' prints all of
    them. The order is that of the log, also where clocks jump.

    \b
    Examples:
      eventlog audit LOG --source agent/AGENT-004 --since 2026-02-06
      eventlog audit LOG --type crash.detected --reverse -n 20
    """
    query = make_query(
        types=types, subject=subject, since=since, before=before, after=after, until=until,
        reverse=reverse,
    )  # fmt: skip
    with open_for_reading(log) as opened:
        events = (event for _, event in opened.scan(query))
        rows = islice(audit_trail(events, source), limit)
        if as_json:
            print_json_array(_encoded(rows))
        elif as_jsonl:
            print_lines(_encoded(rows))
        else:
            _print_table(rows)


def _encoded(rows: Iterator[AuditRow]) -> Iterator[bytes]:
    return (msgspec.json.encode(to_document(row)) for row in rows)


def _print_table(rows: Iterator[AuditRow]) -> None:
    printed = print_trail(rows)
    say(count(printed, "event") if printed else "no events: the log holds no matching ones")
