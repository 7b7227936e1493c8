"""Session summaries as a table."""

from __future__ import annotations

from collections.abc import Callable

from cli._rows import print_rows, say_what, unless_zero
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
    "tasks": lambda s: unless_zero(s.tasks_completed),
    "open": lambda s: unless_zero(s.tasks_open),
    "files": lambda s: unless_zero(s.files_read + s.files_written),
    "tools": lambda s: unless_zero(s.tool_calls),
    "tasks/h": lambda s: f"{s.velocity:.1f}" if s.velocity else "",
    "gold": lambda s: "" if s.gold is None else f"{s.gold:,.0f}",
    "incomplete": lambda s: unless_zero(s.incomplete),
}
_SPARE = ("tasks/h", "started", "files", "tools", "gold", "open", "incomplete", "tasks", "duration")
"""What a narrow terminal does without first."""


def print_summaries(summaries: list[SessionSummary], limit: int | None = None) -> None:
    """The first ``limit`` sessions (all by default), without columns that would be empty."""
    shown = summaries[:limit]
    left_out = print_rows(shown, _TEXTS, _NUMBERS, spare=_SPARE)
    more = f"{len(summaries) - len(shown):,} more not shown" if shown != summaries else ""
    say_what(
        f"{count(len(summaries), 'session')}, {count(_events(summaries), 'event')}",
        more,
        left_out=left_out,
    )


def _events(summaries: list[SessionSummary]) -> int:
    return sum(summary.events for summary in summaries)
