"""``eventlog info``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._options import json_option, log_argument, open_for_reading
from cli._output import print_json, to_json
from cli._text import clean, count, format_bytes
from eventlog import LogInfo


@click.command("info")
@log_argument
@json_option
def command(log: Path, as_json: bool) -> None:
    """Show what a log holds, and how much room it takes.

    \b
    Example:
      eventlog info LOG --json | jq .events
    """
    with open_for_reading(log) as opened:
        info = opened.info()
    if as_json:
        print_json(to_json(info))
        return
    for name, value in _rows(info):
        click.echo(f"{name:<11}{clean(value)}")


def _rows(info: LogInfo) -> list[tuple[str, str]]:
    sequences = f"{info.first_sequence} to {info.last_sequence}" if info.events else "none yet"
    share = f" ({info.stored_bytes / info.raw_bytes:.0%})" if info.raw_bytes else ""
    return [
        ("path", info.path),
        ("log id", f"{info.log_id} (format {info.format}, created {info.created[:19]}Z)"),
        ("events", f"{info.events:,}"),
        ("sequences", sequences),
        ("times", f"{info.first_time} to {info.last_time}" if info.events else "none yet"),
        ("segments", f"{info.segments:,}, {info.sealed_segments:,} of them sealed"),
        ("size", f"{format_bytes(info.raw_bytes)} of lines"),
        ("on disk", f"{format_bytes(info.stored_bytes)}{share}"),
        ("cache", f"{format_bytes(info.cache_bytes)} in {count(info.cache_files, 'file')}"),
    ]
