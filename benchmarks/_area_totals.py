"""The selective question of the benchmarks: per session and area, what its visits brought.

One type of event counts, a tenth of the log. It is simple on purpose, so that every peer can be
asked the same.
"""

from __future__ import annotations

from eventlog import Event

TYPE = "area.visited"
FIELDS = ("gold", "seconds", "kills", "deaths", "flees")

Totals = list[int]
"""How many visits, then the sum of each field; what an event lacks counts as 0."""


class AreaTotals:
    """By session, by area."""

    name = "benchmark-area-totals"
    version = 1
    types = frozenset({TYPE})

    def initial(self) -> dict[str, dict[str, Totals]]:
        """No sessions."""
        return {}

    def apply(
        self, state: dict[str, dict[str, Totals]], event: Event
    ) -> dict[str, dict[str, Totals]]:
        """One more visit."""
        data = event.data
        areas = state.setdefault(event.subject or "", {})
        totals = areas.get(data["area"])
        if totals is None:
            totals = areas[data["area"]] = [0, 0, 0, 0, 0, 0]
        get = data.get
        totals[0] += 1
        totals[1] += get("gold", 0)
        totals[2] += get("seconds", 0)
        totals[3] += get("kills", 0)
        totals[4] += get("deaths", 0)
        totals[5] += get("flees", 0)
        return state

    def merge(
        self, earlier: dict[str, dict[str, Totals]], later: dict[str, dict[str, Totals]]
    ) -> dict[str, dict[str, Totals]]:
        """Session by session, area by area."""
        for subject, areas in later.items():
            known = earlier.setdefault(subject, {})
            for area, totals in areas.items():
                before = known.get(area)
                known[area] = totals if before is None else list(map(sum, zip(before, totals)))  # noqa: B905
        return earlier

    def result(self, state: dict[str, dict[str, Totals]]) -> dict[tuple[str, str], Totals]:
        """By session and area."""
        return {
            (subject, area): totals
            for subject, areas in state.items()
            for area, totals in areas.items()
        }
