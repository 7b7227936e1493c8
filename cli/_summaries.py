"""Session summaries as a table."""

from __future__ import annotations

from cli._rows import say_what, unless_zero
from cli._table import Column, print_table
from cli._text import count, format_duration, format_moment
from projections import SessionSummary

_COLUMNS: tuple[Column[SessionSummary], ...] = (
    Column("subject", lambda s: s.subject or "(none)"),
    Column("status", lambda s: s.status),
    Column("started", lambda s: format_moment(s.started)),
    Column("duration", lambda s: format_duration(s.duration_ms), is_number=True),
    Column("events", lambda s: f"{s.events:,}", is_number=True),
    Column("tasks", lambda s: unless_zero(s.tasks_completed), is_number=True),
    Column("open", lambda s: unless_zero(s.tasks_open), is_number=True),
    Column("files", lambda s: unless_zero(s.files_read + s.files_written), is_number=True),
    Column("tools", lambda s: unless_zero(s.tool_calls), is_number=True),
    Column("tasks/h", lambda s: f"{s.velocity:.1f}" if s.velocity else "", is_number=True),
    Column("gold", lambda s: "" if s.gold is None else f"{s.gold:,.0f}", is_number=True),
    Column("incomplete", lambda s: unless_zero(s.incomplete), is_number=True),
)
_SPARE = ("tasks/h", "started", "files", "tools", "gold", "open", "incomplete", "tasks", "duration")
"""What a narrow terminal does without first."""


def print_summaries(summaries: list[SessionSummary], limit: int | None = None) -> None:
    """The first ``limit`` sessions (all by default), without columns that would be empty."""
    shown = summaries[:limit]
    left_out = print_table(_COLUMNS, shown, _SPARE)
    more = f"{len(summaries) - len(shown):,} more not shown" if shown != summaries else ""
    say_what(
        f"{count(len(summaries), 'session')}, {count(_events(summaries), 'event')}",
        more,
        left_out=left_out,
    )


def _events(summaries: list[SessionSummary]) -> int:
    return sum(summary.events for summary in summaries)
