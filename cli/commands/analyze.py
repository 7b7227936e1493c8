"""``eventlog analyze``."""

from __future__ import annotations

from pathlib import Path

import click

from cli._asking import ask_sessions
from cli._forms import Form, form_options, print_documents
from cli._options import log_argument
from cli._output import say
from cli._questions import Question, question_options
from cli._rows import format_number, say_what, shorten, unless_zero
from cli._table import Column, print_table
from cli._text import count, format_duration
from projections import SessionAnalyses, SessionAnalysis, to_document

_COLUMNS: tuple[Column[SessionAnalysis], ...] = (
    Column("subject", lambda one: one.subject or "(none)"),
    Column("tasks", lambda one: unless_zero(len(one.task_breakdown)), is_number=True),
    Column("task time", lambda one: format_duration(_total_ms(one) or None), is_number=True),
    Column("tasks/h", lambda one: _rate(one, "tasks_per_hour"), is_number=True),
    Column("read", lambda one: _files(one, "read"), is_number=True),
    Column("written", lambda one: _files(one, "write"), is_number=True),
    Column("tools/h", lambda one: _rate(one, "tool_calls_per_hour"), is_number=True),
    Column("open", lambda one: unless_zero(one.tasks_open), is_number=True),
    Column("unstarted", lambda one: unless_zero(one.tasks_unstarted), is_number=True),
    Column("incomplete", lambda one: unless_zero(one.incomplete), is_number=True),
    Column("bottlenecks", lambda one: ", ".join(_bottlenecks(one))),
)
_SPARE = ("tools/h", "tasks/h", "unstarted", "written", "read", "incomplete", "open", "bottlenecks")
"""What a narrow terminal does without first."""


@click.command("analyze")
@log_argument
@question_options
@form_options
def command(log: Path, question: Question, form: Form) -> None:
    """Analyze the tasks of each session: time per task, bottlenecks, hourly rates.

    A bottleneck is a task that took more than 30 % of the time of all tasks of its session. The
    rates are per hour of that time. Unstarted counts completions without a start.

    \b
    Examples:
      eventlog analyze LOG
      eventlog analyze LOG --subject agent-0001 --json | jq '.[].task_breakdown'
    """
    rows = ask_sessions(log, SessionAnalyses(), question)
    if form is not Form.TABLE:
        print_documents(map(to_document, rows), form)
    elif analyses := list(rows):
        _print_analyses(analyses)
    else:
        say("nothing to analyze: the log holds no matching tasks, file operations or tool calls")


def _print_analyses(analyses: list[SessionAnalysis]) -> None:
    filled = [one for one in analyses if _has_something_to_show(one)]
    left_out = print_table(_COLUMNS, filled, _SPARE) if filled else []
    only_tools = len(analyses) - len(filled)
    more = f"{count(only_tools, 'more session')} with tool calls only" if only_tools else ""
    say_what(count(len(filled), "session"), more, left_out=left_out)


def _has_something_to_show(one: SessionAnalysis) -> bool:
    return any((one.task_breakdown, one.file_operation_stats, one.tasks_open, one.incomplete))


def _rate(analysis: SessionAnalysis, name: str) -> str:
    return format_number(analysis.velocity_metrics[name] or None)


def _files(analysis: SessionAnalysis, name: str) -> str:
    return unless_zero(analysis.file_operation_stats.get(name, 0))


def _total_ms(analysis: SessionAnalysis) -> int:
    return sum(analysis.task_breakdown.values())


def _bottlenecks(analysis: SessionAnalysis) -> list[str]:
    total = _total_ms(analysis)
    spent = analysis.task_breakdown
    return [f"{shorten(task)} {spent[task] / total:.0%}" for task in analysis.bottlenecks]
