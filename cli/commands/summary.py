"""``eventlog summary``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli._options import as_of_option, json_option, jsonl_option, log_argument, open_for_reading
from cli._output import print_json, print_jsonl, say, to_json
from cli._summaries import print_summaries
from projections import SessionSummaries, project

_NUMBERS = (
    "duration",
    "events",
    "tasks",
    "open",
    "files",
    "tools",
    "tasks/h",
    "gold",
    "incomplete",
)
_COLUMNS = ("subject", "status", "started", *_NUMBERS)


@click.command("summary")
@log_argument
@as_of_option
@click.option("--subject", "subjects", multiple=True, help="Only this session; may be repeated.")
@json_option
@jsonl_option
def command(
    log: Path,
    as_of: int | datetime | None,
    subjects: tuple[str, ...],
    as_json: bool,
    as_jsonl: bool,
) -> None:
    """Summarize each session: status, duration, tasks, files, gold.

    Tasks are completed ones, open those that no completion follows. Incomplete counts events whose
    data lacks what their type asks for.

    \b
    Examples:
      eventlog summary LOG
      eventlog summary LOG --as-of 2026-02-06T12:00 --json | jq '.[] | select(.status == "crashed")'
    """
    with open_for_reading(log) as opened:
        summaries = project(opened, SessionSummaries(), as_of)
    if subjects:
        summaries = [summary for summary in summaries if summary.subject in subjects]
    if as_json:
        print_json([to_json(summary) for summary in summaries])
    elif as_jsonl:
        print_jsonl(to_json(summary) for summary in summaries)
    elif summaries:
        print_summaries(summaries)
    else:
        say("no sessions: the log holds no matching events")
