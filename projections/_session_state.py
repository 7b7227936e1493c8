"""What the summaries and the trends keep of a session after some stretch of the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Self

from attrs import Factory, define

from projections._exact import ExactSum
from projections._values import merge_values

_NEVER = datetime.min.replace(tzinfo=UTC)  # replaced by the first event
_MILLISECOND = timedelta(milliseconds=1)
_HOUR_MS = 3_600_000


@define
class TaskPairs:
    """Starts and completions of one task name that found no partner (yet)."""

    unstarted: int = 0
    open: int = 0

    def start(self) -> None:
        """One more start."""
        self.open += 1

    def complete(self) -> None:
        """One more completion: of an open start when there is one."""
        if self.open:
            self.open -= 1
        else:
            self.unstarted += 1

    def merge(self, later: TaskPairs) -> TaskPairs:
        """The later completions take the earlier open starts."""
        matched = min(self.open, later.unstarted)
        return TaskPairs(
            self.unstarted + later.unstarted - matched, self.open - matched + later.open
        )


@define
class SessionState:
    """What is known of one session after some stretch of the log."""

    source: str = ""
    first_time: datetime = _NEVER
    last_time: datetime = _NEVER
    events: int = 0
    status: str | None = None
    """Set by the last event that decides it; None when this stretch has none."""
    ended: datetime | None = None
    tasks_started: int = 0
    tasks_completed: int = 0
    pairs: dict[str, TaskPairs] = Factory(dict)
    files_read: int = 0
    files_written: int = 0
    tool_calls: int = 0
    area_gold: ExactSum = Factory(ExactSum)
    stated_gold: int | float | None = None
    notes: str | None = None
    metrics: dict[str, ExactSum] = Factory(dict)
    incomplete: int = 0

    def merge(self, later: Self) -> Self:
        """Take in a stretch that follows directly."""
        self.first_time = min(self.first_time, later.first_time)
        self.last_time = max(self.last_time, later.last_time)
        self.events += later.events
        if later.status is not None:
            self.status, self.ended = later.status, later.ended
        self.tasks_started += later.tasks_started
        self.tasks_completed += later.tasks_completed
        merge_values(self.pairs, later.pairs, TaskPairs.merge)
        self.files_read += later.files_read
        self.files_written += later.files_written
        self.tool_calls += later.tool_calls
        self.area_gold.merge(later.area_gold)
        if later.stated_gold is not None:
            self.stated_gold = later.stated_gold
        if later.notes is not None:
            self.notes = later.notes
        merge_values(self.metrics, later.metrics, ExactSum.merge)
        self.incomplete += later.incomplete
        return self

    # What follows from these. Of many sessions, most have nothing to pair and no metrics.

    @property
    def duration_ms(self) -> int:
        return (self.last_time - self.first_time) // _MILLISECOND

    @property
    def tasks_open(self) -> int:
        return sum([pair.open for pair in self.pairs.values()]) if self.pairs else 0

    @property
    def tasks_unstarted(self) -> int:
        return sum([pair.unstarted for pair in self.pairs.values()]) if self.pairs else 0

    @property
    def velocity(self) -> float:
        duration_ms = self.duration_ms
        return self.tasks_completed * _HOUR_MS / duration_ms if duration_ms else 0.0

    @property
    def gold(self) -> int | float | None:
        if self.stated_gold is not None:
            return self.stated_gold
        return self.area_gold.value if self.area_gold.count else None

    @property
    def means(self) -> dict[str, float]:
        if not self.metrics:
            return {}
        return {name: total.mean or 0.0 for name, total in self.metrics.items()}
