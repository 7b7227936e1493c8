"""``eventlog analyze``."""

from __future__ import annotations

from collections.abc import Callable
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
from cli._rows import format_number, print_rows, say_what, shorten, unless_zero
from cli._text import count, format_duration
from projections import SessionAnalyses, SessionAnalysis

Cell = Callable[[SessionAnalysis], str]

_TEXTS: dict[str, Cell] = {"subject": lambda one: one.subject or "(none)"}
_NUMBERS: dict[str, Cell] = {
    "tasks": lambda one: unless_zero(len(one.task_breakdown)),
    "task time": lambda one: format_duration(_total_ms(one) or None),
    "tasks/h": lambda one: format_number(one.velocity_metrics["tasks_per_hour"] or None),
    "read": lambda one: unless_zero(one.file_operation_stats.get("read", 0)),
    "written": lambda one: unless_zero(one.file_operation_stats.get("write", 0)),
    "tools/h": lambda one: format_number(one.velocity_metrics["tool_calls_per_hour"] or None),
    "open": lambda one: unless_zero(one.tasks_open),
    "unstarted": lambda one: unless_zero(one.tasks_unstarted),
    "incomplete": lambda one: unless_zero(one.incomplete),
}
_BEHIND: dict[str, Cell] = {"bottlenecks": lambda one: ", ".join(_bottlenecks(one))}
_SPARE = ("tools/h", "tasks/h", "unstarted", "written", "read", "incomplete", "open", "bottlenecks")
"""What a narrow terminal does without first."""


@click.command("analyze")
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
    """Analyze the tasks of each session: time per task, bottlenecks, hourly rates.

    A bottleneck is a task that took more than 30 % of the time of all tasks of its session. The
    rates are per hour of that time. Unstarted counts completions without a start.

    \b
    Examples:
      eventlog analyze LOG
      eventlog analyze LOG --subject agent-0001 --json | jq '.[].task_breakdown'
    """
    analyses = of_subjects(ask(log, SessionAnalyses(), as_of, jobs), subjects)
    if as_json or as_jsonl:
        print_documents(analyses, lines=not as_json)
    elif analyses:
        _print_analyses(analyses)
    else:
        say("nothing to analyze: the log holds no matching tasks, file operations or tool calls")


def _print_analyses(analyses: list[SessionAnalysis]) -> None:
    filled = [one for one in analyses if _has_something_to_show(one)]
    left_out = print_rows(filled, _TEXTS, _NUMBERS, spare=_SPARE, behind=_BEHIND) if filled else []
    only_tools = len(analyses) - len(filled)
    more = f"{count(only_tools, 'more session')} with tool calls only" if only_tools else ""
    say_what(count(len(filled), "session"), more, left_out=left_out)


def _has_something_to_show(one: SessionAnalysis) -> bool:
    return any((one.task_breakdown, one.file_operation_stats, one.tasks_open, one.incomplete))


def _total_ms(analysis: SessionAnalysis) -> int:
    return sum(analysis.task_breakdown.values())


def _bottlenecks(analysis: SessionAnalysis) -> list[str]:
    total = _total_ms(analysis)
    spent = analysis.task_breakdown
    return [f"{shorten(task)} {spent[task] / total:.0%}" for task in analysis.bottlenecks]
