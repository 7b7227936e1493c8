"""``eventlog tail``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import click
from attrs import evolve

from cli._events import print_events
from cli._forms import Form, form_options
from cli._options import log_argument, open_for_reading
from cli._questions import Filters, Stretch, filter_options, of_sessions
from eventlog import Event, EventLog

Pairs = Iterator[tuple[bytes, Event]]


@click.command("tail")
@log_argument
@click.option("-f", "--follow", is_flag=True, help="Go on with new events until interrupted.")
@click.option("-n", "--lines", type=click.IntRange(min=0), metavar="N", default=10,
              show_default=True, help="How many events from the end.")  # fmt: skip
@filter_options
@form_options
def command(log: Path, follow: bool, lines: int, filters: Filters, form: Form) -> None:
    """Print the last events; with -f follow the log across rotations.

    New events are seen whatever process appends them. Ctrl-C ends it, with exit code 130. A
    terminal shows of each event what fits on a line; a pipe and JSON have all of it.

    \b
    Examples:
      eventlog tail LOG -n 20
      eventlog tail LOG -f --type crash.detected --jsonl
    """
    if follow and form is Form.JSON:
        raise click.UsageError("--follow has no end, and a JSON document has one: take --jsonl")
    with open_for_reading(log) as opened:
        head = opened.head()
        pairs = _last(opened, Stretch(filters, until=head), lines)
        if follow:
            pairs = _flushed(chain(pairs, _new(opened, Stretch(filters, after=head))))
        print_events(pairs, form)


def _last(log: EventLog, stretch: Stretch, number: int) -> Pairs:
    """So many from the end. However many they are, they are not held: the first one is sought."""
    first = None
    for _, event in evolve(stretch, reverse=True, limit=number).scan(log):
        first = event.sequence
    return iter(()) if first is None else evolve(stretch, after=first - 1).scan(log)


def _new(log: EventLog, stretch: Stretch) -> Pairs:
    return of_sessions(log.scan_follow(stretch.query()), stretch.filters.subjects)


def _flushed(pairs: Pairs) -> Pairs:
    """Each is on its way before the next one is waited for."""
    for pair in pairs:
        yield pair
        sys.stdout.flush()
