"""``eventlog tail``."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path

import click

from cli._events import print_events, print_lines
from cli._options import filter_options, jsonl_option, log_argument, make_query, open_for_reading
from eventlog import Event


@click.command("tail")
@log_argument
@click.option("-f", "--follow", is_flag=True, help="Go on with new events until interrupted.")
@click.option("-n", "--lines", type=click.IntRange(min=0), metavar="N", default=10,
              show_default=True, help="How many events from the end.")  # fmt: skip
@filter_options
@jsonl_option
def command(
    log: Path,
    follow: bool,
    lines: int,
    types: tuple[str, ...],
    subject: str | None,
    since: datetime | None,
    before: datetime | None,
    as_jsonl: bool,
) -> None:
    """Print the last events; with -f follow the log across rotations.

    New events are seen whatever process appends them. Ctrl-C ends it, with exit code 130.

    \b
    Examples:
      eventlog tail LOG -n 20
      eventlog tail LOG -f --type crash.detected --jsonl
    """
    last = make_query(
        types=types, subject=subject, since=since, before=before, reverse=True, limit=lines
    )
    with open_for_reading(log) as opened:
        head = opened.head()
        pairs = list(opened.scan(last))[::-1]
        _print([line for line, _ in pairs], [event for _, event in pairs], as_jsonl)
        if follow:
            reached = max(head, pairs[-1][1].sequence if pairs else 0)
            query = make_query(
                types=types, subject=subject, since=since, before=before, after=reached
            )
            for line, event in opened.scan_follow(query):
                _print([line], [event], as_jsonl)


def _print(lines: list[bytes], events: list[Event], as_jsonl: bool) -> None:
    if as_jsonl:
        print_lines(lines)
    else:
        print_events(events)
    sys.stdout.flush()
