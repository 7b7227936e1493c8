"""The aggregate of the eventsourcing package; imported only where it is installed."""

from __future__ import annotations

from typing import Any

from eventsourcing.domain import Aggregate, event


class Session(Aggregate):  # type: ignore[misc]
    """A session whose events are the facts; it keeps nothing of them itself."""

    def _record(self, type: str, source: str, data: dict[str, Any]) -> None:  # noqa: A002
        """Nothing more than what triggers it."""

    record = event("Recorded")(_record)
