"""``eventlog cat``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli._events import print_events, print_json_array, print_lines
from cli._failures import Exit
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
from eventlog import DamagedLogError


@click.command("cat")
@log_argument
@filter_options
@range_options
@click.option("--skip-damaged", is_flag=True, help="Go around damage; exit code 3 if there is any.")
@json_option
@jsonl_option
def command(
    log: Path,
    types: tuple[str, ...],
    subject: str | None,
    since: datetime | None,
    before: datetime | None,
    after: int,
    until: int | None,
    reverse: bool,
    limit: int | None,
    skip_damaged: bool,
    as_json: bool,
    as_jsonl: bool,
) -> int:
    """Print events; with --jsonl exactly as they are stored.

    \b
    Examples:
      eventlog cat LOG --type task.completed --subject s-17
      eventlog cat LOG --jsonl --since 2026-02-01 | jq -r .type | sort | uniq -c
    """
    query = make_query(
        types=types, subject=subject, since=since, before=before, after=after, until=until,
        reverse=reverse, limit=limit,
    )  # fmt: skip
    found: list[DamagedLogError] = []
    with open_for_reading(log) as opened:
        pairs = opened.scan(query, found.append) if skip_damaged else opened.scan(query)
        if as_json:
            print_json_array(line for line, _ in pairs)
        elif as_jsonl:
            print_lines(line for line, _ in pairs)
        else:
            print_events(event for _, event in pairs)
    for error in found:
        say(f"damaged: {error}")
    if found:
        say(f"went around {count(len(found), 'damaged place')}; 'eventlog verify' shows all")
    return Exit.DATA if found else Exit.DONE
