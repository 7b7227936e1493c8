"""``eventlog recover``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from cli._asking import ask_rows, ask_sessions, no_such_session
from cli._failures import Failure
from cli._forms import Form, form_options, print_documents
from cli._options import log_argument
from cli._output import print_json, print_jsonl, say, write_text
from cli._questions import Question, question_options
from cli._rows import say_what, shorten, unless_zero
from cli._table import Column, print_table
from cli._text import clean, count, format_moment
from projections import RecoverySnapshot, RecoverySnapshots, to_document

_COLUMNS: tuple[Column[RecoverySnapshot], ...] = (
    Column("subject", lambda one: one.subject or "(none)"),
    Column("clean end", lambda one: "yes" if one.ended_cleanly else "no"),
    Column("state saved", lambda one: format_moment(one.time) or "never"),
    Column("sequence", lambda one: f"{one.sequence or ''}", is_number=True),
    Column("crashes", lambda one: unless_zero(one.crashes), is_number=True),
    Column("incomplete", lambda one: unless_zero(one.incomplete), is_number=True),
    Column("open tasks", lambda one: shorten(", ".join(one.open_tasks))),
)
_SPARE = ("incomplete", "sequence", "open tasks", "crashes", "state saved")
"""What a narrow terminal does without first."""


@click.command("recover")
@log_argument
@click.argument("subject", required=False)
@question_options
@form_options
def command(log: Path, subject: str | None, question: Question, form: Form) -> None:
    """Show what sessions need to go on: last saved state, crashes since, open tasks.

    SUBJECT is the session; without it, all are listed. Crashes are those since the saved state.

    \b
    Examples:
      eventlog recover LOG
      eventlog recover LOG recovery-0003 --json | jq .state > state.json
    """
    if subject is not None:
        _print_one(_find(log, question, subject), form)
    else:
        _print_all(ask_sessions(log, RecoverySnapshots(), question), form)


def _find(log: Path, question: Question, subject: str) -> RecoverySnapshot:
    rows = ask_rows(log, RecoverySnapshots(), question)
    for snapshot in [row for row in rows if row.subject == subject]:
        return snapshot
    again = ask_rows(log, RecoverySnapshots(), question)
    raise Failure(no_such_session(subject, (row.subject for row in again)))


def _print_one(snapshot: RecoverySnapshot, form: Form) -> None:
    if form is Form.JSON:
        print_json(to_document(snapshot))
    elif form is Form.JSONL:
        print_jsonl([to_document(snapshot)])
    else:
        write_text("".join(f"{clean(line)}\n" for line in _describe(snapshot)))


def _print_all(rows: Iterator[RecoverySnapshot], form: Form) -> None:
    if form is not Form.TABLE:
        print_documents(map(to_document, rows), form)
    elif snapshots := list(rows):
        left_out = print_table(_COLUMNS, snapshots, _SPARE)
        say_what(count(len(snapshots), "session"), left_out=left_out)
    else:
        say("no sessions: the log holds no saved state, task, crash, start or end of one")


def _describe(snapshot: RecoverySnapshot) -> list[str]:
    if snapshot.state is None:
        saved, state = "never", []
    else:
        saved = f"{format_moment(snapshot.time)}, sequence {snapshot.sequence}"
        encoded = msgspec.json.format(msgspec.json.encode(snapshot.state), indent=2)
        state = encoded.decode().split("\n")
    since, total = f"{snapshot.crashes:,}", f"{snapshot.crashes_total:,}"
    return [
        f"session      {snapshot.subject}",
        f"clean end    {'yes' if snapshot.ended_cleanly else 'no'}",
        f"crashes      {since} since the saved state, {total} in all",
        f"open tasks   {', '.join(snapshot.open_tasks) or 'none'}",
        f"state saved  {saved}",
        *state,
    ]
