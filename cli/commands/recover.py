"""``eventlog recover``."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import click
import msgspec

from cli._asking import ask, print_documents
from cli._failures import Failure
from cli._options import as_of_option, jobs_option, json_option, jsonl_option, log_argument
from cli._output import print_json, say, write_text
from cli._rows import print_rows, say_what, shorten, unless_zero
from cli._text import clean, count, format_moment
from projections import RecoverySnapshot, RecoverySnapshots, to_document

Cell = Callable[[RecoverySnapshot], str]

_TEXTS: dict[str, Cell] = {
    "subject": lambda one: one.subject or "(none)",
    "clean end": lambda one: "yes" if one.ended_cleanly else "no",
    "state saved": lambda one: format_moment(one.time) or "never",
}
_NUMBERS: dict[str, Cell] = {
    "sequence": lambda one: "" if one.sequence is None else f"{one.sequence}",
    "crashes since": lambda one: unless_zero(one.crashes),
    "incomplete": lambda one: unless_zero(one.incomplete),
}
_BEHIND: dict[str, Cell] = {"open tasks": lambda one: shorten(", ".join(one.open_tasks))}
_SPARE = ("incomplete", "sequence", "open tasks", "crashes since", "state saved")
"""What a narrow terminal does without first."""


@click.command("recover")
@log_argument
@click.argument("subject", required=False)
@as_of_option
@jobs_option
@json_option
@jsonl_option
def command(
    log: Path,
    subject: str | None,
    as_of: int | datetime | None,
    jobs: int,
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Show what sessions need to go on: last saved state, crashes since, open tasks.

    SUBJECT is the session; without it, all are listed.

    \b
    Examples:
      eventlog recover LOG
      eventlog recover LOG recovery-0003 --json | jq .state > state.json
    """
    snapshots = ask(log, RecoverySnapshots(), as_of, jobs)
    if subject is not None:
        _print_one(_find(snapshots, subject), as_json, as_jsonl)
    elif as_json or as_jsonl:
        print_documents(snapshots, lines=not as_json)
    elif snapshots:
        left_out = print_rows(snapshots, _TEXTS, _NUMBERS, spare=_SPARE, behind=_BEHIND)
        say_what(count(len(snapshots), "session"), left_out=left_out)
    else:
        say("no sessions: the log holds no saved state, task, crash, start or end of one")


def _find(snapshots: list[RecoverySnapshot], subject: str) -> RecoverySnapshot:
    for snapshot in snapshots:
        if snapshot.subject == subject:
            return snapshot
    raise Failure(
        f"nothing to recover: no saved state, task, crash, start or end of session {subject!r}"
    )


def _print_one(snapshot: RecoverySnapshot, as_json: bool, as_jsonl: bool) -> None:
    if as_json:
        print_json(to_document(snapshot))
    elif as_jsonl:
        print_documents([snapshot], lines=True)
    else:
        write_text("".join(f"{clean(line)}\n" for line in _describe(snapshot)))


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
