"""``eventlog project``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli._asking import ask, ask_rows
from cli._documents import print_tables
from cli._forms import Form, form_options, print_documents
from cli._options import log_argument
from cli._output import print_json, print_jsonl, say
from cli._questions import Question, question_options
from cli._rows import say_what
from projections import READ_MODELS, KeyedProjection, to_document


@click.command("project")
@log_argument
@click.argument("name", metavar="NAME", type=click.Choice(list(READ_MODELS)))
@question_options
@form_options
def command(log: Path, name: str, question: Question, form: Form) -> None:
    """Print any read model by its name.

    NAME is session-summaries, session-analysis, session-trends, areas, recovery-snapshots or
    practice-metrics. With --jsonl an answer that is a list is one row a line.

    \b
    Examples:
      eventlog project LOG practice-metrics
      eventlog project LOG session-trends --as-of 1000 --jsonl | jq -c .metrics
    """
    projection = READ_MODELS[name]()
    if form is not Form.TABLE and isinstance(projection, KeyedProjection):
        print_documents(map(to_document, ask_rows(log, projection, question)), form)
        return
    document = to_document(ask(log, projection, question))
    if form is Form.JSON:
        print_json(document)
    elif form is Form.JSONL:
        print_jsonl([document])
    elif _holds_something(document):
        say_what(name, left_out=print_tables(document))
    else:
        say(f"{name}: the log holds no matching events")


def _holds_something(document: Any) -> bool:
    return bool(document) if isinstance(document, list) else any(document.values())
