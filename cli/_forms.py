"""The form of an answer: a table for people, one JSON document, or one a line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum, auto
from functools import wraps
from typing import Any

import click

from cli._options import json_option, jsonl_option
from cli._output import print_json_list, print_jsonl

Command = Callable[..., Any]


class Form(Enum):
    """How an answer is printed."""

    TABLE = auto()
    JSON = auto()
    JSONL = auto()


def form_options(command: Command) -> Command:
    """``--json`` and ``--jsonl``, of which there can be one, as ``form``."""

    @wraps(command)
    def with_form(*, as_json: bool, as_jsonl: bool, **rest: Any) -> Any:
        if as_json and as_jsonl:
            raise click.UsageError("--json is one document, --jsonl a line for each: choose one")
        form = Form.JSON if as_json else Form.JSONL if as_jsonl else Form.TABLE
        return command(form=form, **rest)

    return json_option(jsonl_option(with_form))


def print_documents(documents: Iterable[Any], form: Form) -> None:
    """A list as one document, or one of its rows a line."""
    if form is Form.JSON:
        print_json_list(documents)
    else:
        print_jsonl(documents)
