"""Session summaries as a table."""

from __future__ import annotations

from collections.abc import Callable

from cli._output import print_table, say
from cli._text import count, format_duration, format_moment
from projections import SessionSummary

Cell = Callable[[SessionSummary], str]

_TEXTS: dict[str, Cell] = {
    "subject": lambda s: s.subject or "(none)",
    "status": lambda s: s.status,
    "started": lambda s: format_moment(s.started),
}
_NUMBERS: dict[str, Cell] = {
    "duration": lambda s: format_duration(s.duration_ms),
    "events": lambda s: f"{s.events:,}",
    "tasks": lambda s: _unless_zero(s.tasks_completed),
    "open": lambda s: _unless_zero(s.tasks_open),
    "files": lambda s: _unless_zero(s.files_read + s.files_written),
    "tools": lambda s: _unless_zero(s.tool_calls),
    "tasks/h": lambda s: f"{s.velocity:.1f}" if s.velocity else "",
    "gold": lambda s: "" if s.gold is None else f"{s.gold:,.0f}",
    "incomplete": lambda s: _unless_zero(s.incomplete),
}
_SPARE = ("tasks/h", "started", "files", "tools", "gold", "open", "incomplete", "tasks", "duration")
"""What a narrow terminal does without first."""


def _unless_zero(number: int) -> str:
    return f"{number:,}" if number else ""


def print_summaries(summaries: list[SessionSummary], limit: int | None = None) -> None:
    """The first ``limit`` sessions (all by default), without columns that would be empty."""
    shown = summaries[:limit]
    cells = {
        name: [cell(summary) for summary in shown] for name, cell in {**_TEXTS, **_NUMBERS}.items()
    }
    cells = {name: column for name, column in cells.items() if any(column)}
    left_out = print_table(cells, right=_NUMBERS, spare=_SPARE)
    parts = [f"{count(len(summaries), 'session')}, {count(_events(summaries), 'event')}"]
    if shown != summaries:
        parts.append(f"{len(summaries) - len(shown):,} more not shown")
    if left_out:
        parts.append(f"no room for {', '.join(left_out)}")
    say("; ".join(parts))


def _events(summaries: list[SessionSummary]) -> int:
    return sum(summary.events for summary in summaries)
