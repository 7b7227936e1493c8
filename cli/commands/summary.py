"""``eventlog summary``."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from cli._asking import ask, of_subjects, print_documents
from cli._options import (
    as_of_option,
    jobs_option,
    json_option,
    jsonl_option,
    log_argument,
    subjects_option,
)
from cli._output import say
from cli._summaries import print_summaries
from projections import SessionSummaries


@click.command("summary")
@log_argument
@as_of_option
@subjects_option
@jobs_option
@json_option
@jsonl_option
def command(
    log: Path,
    as_of: int | datetime | None,
    subjects: tuple[str, ...],
    jobs: int,
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
    summaries = of_subjects(ask(log, SessionSummaries(), as_of, jobs), subjects)
    if as_json or as_jsonl:
        print_documents(summaries, lines=not as_json)
    elif summaries:
        print_summaries(summaries)
    else:
        say("no sessions: the log holds no matching events")
