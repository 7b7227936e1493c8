"""``eventlog diff``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click
import msgspec

from cli._options import AsOfType, json_option, jsonl_option, log_argument, open_for_reading
from cli._output import print_json, print_jsonl, print_table, say
from cli._rows import shorten
from cli._text import count
from projections import READ_MODELS, Change, diff, to_document

_VALUE_CHARACTERS = 40


@click.command("diff")
@log_argument
@click.argument("name", metavar="NAME", type=click.Choice(list(READ_MODELS)))
@click.argument("earlier", metavar="EARLIER", type=AsOfType())
@click.argument("later", metavar="[LATER]", type=AsOfType(), required=False)
@json_option
@jsonl_option
def command(
    log: Path,
    name: str,
    earlier: int | datetime,
    later: int | datetime | None,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Show what changed in a read model between two moments of the log.

    EARLIER and LATER are sequences or times, both inclusive; LATER is now by default. The names of
    the read models are those of 'eventlog project'.

    \b
    Examples:
      eventlog diff LOG session-summaries 1000
      eventlog diff LOG areas 2026-02-06T12:00 2026-02-07T12:00 --jsonl | jq -r .path
    """
    with open_for_reading(log) as opened:
        changes = diff(opened, READ_MODELS[name](), earlier, later)
    if as_json:
        print_json([to_document(change) for change in changes])
    elif as_jsonl:
        print_jsonl(to_document(change) for change in changes)
    else:
        _print_people(changes)


def _print_people(changes: list[Change]) -> None:
    if changes:
        print_table(
            {
                "what": [change.path for change in changes],
                "before": [_shown(change.before) for change in changes],
                "after": [_shown(change.after) for change in changes],
            }
        )
    say(count(len(changes), "change") if changes else "no changes")


def _shown(value: object) -> str:
    return "" if value is None else shorten(msgspec.json.encode(value).decode(), _VALUE_CHARACTERS)
