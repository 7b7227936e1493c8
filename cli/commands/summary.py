"""``eventlog summary``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._asking import ask_sessions
from cli._forms import Form, form_options, print_documents
from cli._options import log_argument
from cli._output import say
from cli._questions import Question, question_options
from cli._summaries import print_summaries
from projections import SessionSummaries, to_document


@click.command("summary")
@log_argument
@question_options
@form_options
def command(log: Path, question: Question, form: Form) -> None:
    """Summarize each session: status, duration, tasks, files, gold.

    Tasks are completed ones, open those that no completion follows. Incomplete counts events whose
    data lacks what their type asks for.

    \b
    Examples:
      eventlog summary LOG
      eventlog summary LOG --as-of 2026-02-06T12:00 --json | jq '.[] | select(.status == "crashed")'
    """
    rows = ask_sessions(log, SessionSummaries(), question)
    if form is not Form.TABLE:
        print_documents(map(to_document, rows), form)
    elif summaries := list(rows):
        print_summaries(summaries)
    else:
        say("no sessions: the log holds no matching events")
