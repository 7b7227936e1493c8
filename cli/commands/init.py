"""``eventlog init``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._failures import Failure
from cli._options import log_argument, open_for_writing
from cli._output import say


@click.command("init")
@log_argument
def command(log: Path) -> None:
    """Create an empty log in the new or empty directory LOG.

    \b
    Example:
      eventlog init activity.eventlog
    """
    if (log / "log.json").exists():
        raise Failure(f"there is a log already: append to it, or choose another path ({log})")
    with open_for_writing(log, create=True) as created:
        say(f"created {log} (log id {created.log_id})")
