"""``eventlog diff``."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec
from attrs import evolve

from cli._asking import answer
from cli._forms import Form, form_options, print_documents
from cli._options import AsOfType, log_argument, open_for_reading
from cli._output import say
from cli._questions import Moment, Question, question_options
from cli._rows import say_what, shorten
from cli._table import Column, print_table
from cli._text import count
from projections import READ_MODELS, Change, changes, to_document

_VALUE_CHARACTERS = 40
_TOO_LONG = 1e15  # to be written out
_COLUMNS: tuple[Column[Change], ...] = (
    Column("what", lambda change: change.path),
    Column("before", lambda change: _shown(change.before)),
    Column("after", lambda change: _shown(change.after)),
)


@click.command("diff")
@log_argument
@click.argument("name", metavar="NAME", type=click.Choice(list(READ_MODELS)))
@click.argument("earlier", metavar="EARLIER", type=AsOfType())
@click.argument("later", metavar="[LATER]", type=AsOfType(), required=False)
@question_options
@form_options
def command(
    log: Path, name: str, earlier: Moment, later: Moment, question: Question, form: Form
) -> None:
    """Show what changed in a read model between two moments of the log.

    EARLIER and LATER are sequences or times, both inclusive; LATER is now by default, and may be
    given as --as-of, too. The names of the read models are those of 'eventlog project'.

    \b
    Examples:
      eventlog diff LOG session-summaries 1000
      eventlog diff LOG areas 2026-02-06T12:00 2026-02-07T12:00 --jsonl | jq -r .path
    """
    if later is not None and question.as_of is not None:
        raise click.UsageError("LATER and --as-of say the same: give one of them")
    projection = READ_MODELS[name]()
    with open_for_reading(log) as opened:
        before, after = (
            to_document(answer(opened, projection, evolve(question, as_of=moment)))
            for moment in (earlier, question.as_of if later is None else later)
        )
    found = changes(before, after)
    if form is not Form.TABLE:
        print_documents(map(to_document, found), form)
    elif found:
        left_out = print_table(_COLUMNS, found)
        say_what(count(len(found), "change"), left_out=left_out)
    else:
        say("no changes")


def _shown(value: object) -> str:
    if value is None:
        return ""
    if type(value) is int:
        return f"{value:,}"
    if isinstance(value, float) and abs(value) < _TOO_LONG:
        return f"{value:,.6f}".rstrip("0").rstrip(".")
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return shorten(text, _VALUE_CHARACTERS)
