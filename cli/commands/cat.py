"""``eventlog cat``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._events import print_events
from cli._failures import Exit
from cli._forms import Form, form_options
from cli._options import log_argument, open_for_reading
from cli._output import say
from cli._questions import Stretch, stretch_options
from cli._text import count
from eventlog import DamagedLogError


@click.command("cat")
@log_argument
@stretch_options
@click.option("--skip-damaged", is_flag=True, help="Go around damage; exit code 3 if there is any.")
@form_options
def command(log: Path, stretch: Stretch, skip_damaged: bool, form: Form) -> int:
    """Print events; with --jsonl exactly as they are stored.

    A terminal shows of each event what fits on a line; a pipe and JSON have all of it.

    \b
    Examples:
      eventlog cat LOG --type task.completed --subject s-17
      eventlog cat LOG --jsonl --since 2026-02-01 | jq -r .type | sort | uniq -c
    """
    found: list[DamagedLogError] = []
    with open_for_reading(log) as opened:
        pairs = stretch.scan(opened, found.append if skip_damaged else None)
        print_events(pairs, form)
    for error in found:
        say(f"damaged: {error}")
    if found:
        say(f"went around {count(len(found), 'damaged place')}; 'eventlog verify' shows all")
    return Exit.DATA if found else Exit.DONE
