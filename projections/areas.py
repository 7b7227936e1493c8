"""Areas: where the gold is, and where the danger is.

The JSON shape: ``{"best": [{area, gold_per_hour, gold, seconds, sessions}], "dangerous": [{area,
flees_per_hour, flees, seconds, visits}], "incomplete"}``.

* Live ``area.visited`` events state gold, seconds and flees of one visit. A ``session.summarized``
  record lists ``areas`` of ``{area, gold, seconds}`` (``time`` is read for ``seconds``, too), and
  its ``flees`` are shared out to them by their part of the listed time; without a list, or without
  any time in it, they belong nowhere.
* Where a session has both, its records count and not the visits: they state the same once more.
* Both lists hold every area. ``best`` has the highest gold per hour first, ``dangerous`` the most
  flees per hour. Both rates are of totals: all the gold over all the time. No time gives 0.0. At
  the same rate the area of the newer session comes first, within a session the one entered first.
* ``sessions`` and ``visits`` count visits and entries, so two of one area in one session are two.
* ``flees`` is cut to a whole number; the rate is not.
* Missing numbers count as 0. A negative time counts as 0, and makes the event incomplete, as does
  anything that is not of its type; an entry without a name is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from itertools import islice
from typing import Any

from attrs import Factory, define, frozen

from eventlog import Event
from projections._exact import ExactSum
from projections._keyed import Key
from projections._rates import per_hour
from projections._values import Number, is_text, merge_values, number_in

_NO_SUBJECT = ""  # no event has it: a subject has at least one character


@frozen
class AreaGold:
    """What an area brings."""

    area: str
    gold_per_hour: float
    gold: int | float
    seconds: int | float
    sessions: int


@frozen
class AreaDanger:
    """How often one flees from an area."""

    area: str
    flees_per_hour: float
    flees: int
    seconds: int | float
    visits: int


@frozen
class AreaStatistics:
    """Every area, ranked twice. See the module for the meaning of each field."""

    best: list[AreaGold]
    dangerous: list[AreaDanger]
    incomplete: int


@define
class AreaSums:
    """What is known of one area."""

    gold: ExactSum = Factory(ExactSum)
    seconds: ExactSum = Factory(ExactSum)
    flees: ExactSum = Factory(ExactSum)
    entries: int = 0

    def add(self, gold: Number, seconds: Number, flees: Number) -> None:
        """One more visit."""
        self.gold.add(gold)
        self.seconds.add(seconds)
        self.flees.add(flees)
        self.entries += 1

    def merge(self, other: AreaSums) -> AreaSums:
        """Both."""
        self.gold.merge(other.gold)
        self.seconds.merge(other.seconds)
        self.flees.merge(other.flees)
        self.entries += other.entries
        return self


@define
class SessionAreas:
    """The areas of one session, in order of first entry."""

    visited: dict[str, AreaSums] = Factory(dict)
    """From live visits."""
    recorded: dict[str, AreaSums] = Factory(dict)
    """From the session's final records."""
    incomplete: int = 0

    @property
    def counted(self) -> dict[str, AreaSums]:
        """A record repeats what was seen live."""
        return self.recorded or self.visited

    def merge(self, later: SessionAreas) -> SessionAreas:
        """Two stretches of one session."""
        merge_values(self.visited, later.visited, AreaSums.merge)
        merge_values(self.recorded, later.recorded, AreaSums.merge)
        self.incomplete += later.incomplete
        return self


class Areas:
    """The projection; see the module.

    ``last`` asks about that many newest sessions (by their first such event), ``subjects`` about
    some; None about all. The state is the same for every question.
    """

    name = "areas"
    version = 2
    types = frozenset({"area.visited", "session.summarized"})

    def __init__(self, last: int | None = None, subjects: Collection[Key] | None = None) -> None:
        self._last = last
        self._subjects = None if subjects is None else {one or _NO_SUBJECT for one in subjects}

    def initial(self) -> dict[str, SessionAreas]:
        """No sessions."""
        return {}

    def apply(self, state: dict[str, SessionAreas], event: Event) -> dict[str, SessionAreas]:
        """Add one visit or record to its session."""
        subject = event.subject or _NO_SUBJECT
        session = state.get(subject)
        if session is None:
            session = state[subject] = SessionAreas()
        if not _TAKES[event.type](session, event.data):
            session.incomplete += 1
        return state

    def merge(
        self, earlier: dict[str, SessionAreas], later: dict[str, SessionAreas]
    ) -> dict[str, SessionAreas]:
        """Session by session."""
        return merge_values(earlier, later, SessionAreas.merge)

    def result(self, state: dict[str, SessionAreas]) -> AreaStatistics:
        """Every area of the sessions that are asked about, ranked twice."""
        sessions = list(islice(self._newest_first(state), self._last))
        areas = _totals(sessions)
        return AreaStatistics(
            sorted(map(_gold, areas, areas.values()), key=lambda one: -one.gold_per_hour),
            sorted(map(_danger, areas, areas.values()), key=lambda one: -one.flees_per_hour),
            sum(session.incomplete for session in sessions),
        )

    def _newest_first(self, state: dict[str, SessionAreas]) -> Iterable[SessionAreas]:
        wanted = self._subjects
        for subject in reversed(state):
            if wanted is None or subject in wanted:
                yield state[subject]


def _totals(sessions: Iterable[SessionAreas]) -> dict[str, AreaSums]:
    """By area, in the order in which the sessions name them; sorting keeps it where rates tie."""
    totals: dict[str, AreaSums] = {}
    for session in sessions:
        for area, sums in session.counted.items():
            _sums_of(totals, area).merge(sums)  # the state stays as it is
    return totals


def _gold(area: str, sums: AreaSums) -> AreaGold:
    rate = per_hour(sums.gold.ratio, sums.seconds.ratio)
    return AreaGold(area, rate, sums.gold.value, sums.seconds.value, sums.entries)


def _danger(area: str, sums: AreaSums) -> AreaDanger:
    rate = per_hour(sums.flees.ratio, sums.seconds.ratio)
    return AreaDanger(area, rate, int(sums.flees.value), sums.seconds.value, sums.entries)


# What each type changes. Each returns whether the data held what the type asks for.


def _visited(session: SessionAreas, data: dict[str, Any]) -> bool:
    visit, complete = _entry(data)
    if visit is None:
        return False
    flees, is_right = number_in(data, "flees")
    _sums_of(session.visited, visit.area).add(visit.gold, visit.seconds, flees)
    return complete and is_right


def _summarized(session: SessionAreas, data: dict[str, Any]) -> bool:
    listed, flees = data.get("areas", []), number_in(data, "flees")
    if not isinstance(listed, list):
        return False
    read = [_entry(entry) for entry in listed]
    entries = [entry for entry, _ in read if entry is not None]
    _share_out(session.recorded, entries, flees[0])
    return flees[1] and all(complete for _, complete in read)


def _share_out(recorded: dict[str, AreaSums], entries: list[_Entry], flees: Number) -> None:
    total = ExactSum()
    for entry in entries:
        total.add(entry.seconds)
    fled, time = flees.as_integer_ratio(), total.ratio
    for entry in entries:
        sums = _sums_of(recorded, entry.area)
        sums.add(entry.gold, entry.seconds, 0)
        if entry.seconds:
            part = entry.seconds.as_integer_ratio()
            sums.flees.add_share(fled[0] * part[0] * time[1], fled[1] * part[1] * time[0])


def _sums_of(areas: dict[str, AreaSums], area: str) -> AreaSums:
    sums = areas.get(area)
    if sums is None:  # and not setdefault, which would make four objects for every visit
        sums = areas[area] = AreaSums()
    return sums


@frozen
class _Entry:
    """Time in one area, and the gold of it."""

    area: str
    gold: Number
    seconds: Number


def _entry(data: Any) -> tuple[_Entry | None, bool]:
    """What the data say of an area, None without its name; and whether nothing was wrong."""
    if not isinstance(data, dict) or not is_text(area := data.get("area")):
        return None, False
    gold, gold_right = number_in(data, "gold")
    seconds, seconds_right = number_in(data, "seconds" if "seconds" in data else "time")
    right = gold_right and seconds_right and seconds >= 0
    return _Entry(area, gold, max(0, seconds)), right


_TAKES: dict[str, Callable[[SessionAreas, dict[str, Any]], bool]] = {
    "area.visited": _visited,
    "session.summarized": _summarized,
}
