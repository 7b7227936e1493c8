"""A farming run: area after area, and the run's totals at the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from eventlog import AreaVisited, SessionEnded, SessionStarted, SessionSummarized
from sessions._sample._draw import Draw, Step, between, count, pick, pick_ranked, skewed

SOURCES = tuple(f"farming/Farmer-{number:02d}" for number in range(1, 13))

_REASONS = ("stopped", "stopped", "bag full", "out of supplies", "too dangerous")
_SETTINGS = ("cautious", "steady", "greedy")


class _Area(NamedTuple):
    """What an hour in an area brings on average."""

    name: str
    gold: int
    kills: int
    deaths: float
    flees: float


_AREAS = (
    _Area("Orc Fort", 24_000, 210, 0.3, 3.0),
    _Area("Sunken Crypt", 19_500, 260, 0.2, 1.5),
    _Area("Dragon Lair", 46_000, 60, 1.6, 9.0),
    _Area("Old Mill Road", 8_000, 150, 0.0, 0.2),
    _Area("Spider Caves", 15_500, 320, 0.5, 4.5),
    _Area("Frost Pass", 27_500, 120, 0.7, 5.0),
    _Area("Lich Tower", 38_000, 90, 1.1, 7.5),
    _Area("Salt Marsh", 11_000, 180, 0.1, 0.8),
    _Area("Bandit Camp", 13_500, 240, 0.2, 1.1),
    _Area("Ember Rift", 33_000, 140, 1.3, 6.0),
)


def farming(draw: Draw, seconds: float) -> Iterator[Step]:
    """Visits until the time is up. Every third run knows its areas only from its final record."""
    live = draw() < 0.67
    visits: list[AreaVisited] = []
    waited, spent = 0.0, 0.0
    yield 0.0, SessionStarted({"component": "farming", "mode": pick(draw, _SETTINGS)})
    while spent < seconds or not visits:
        visit = _visit(draw)
        visits.append(visit)
        spent += visit.seconds
        waited += visit.seconds + skewed(draw, 20)
        if live:
            yield waited, visit
            waited = 0.0
    yield waited + skewed(draw, 5), _summary(draw, visits, spent, live)
    yield between(draw, 0.05, 0.5), SessionEnded(pick(draw, _REASONS))


def _visit(draw: Draw) -> AreaVisited:
    area = pick_ranked(draw, _AREAS)
    seconds = 20 + int(skewed(draw, 100))
    hours = seconds / 3600
    return AreaVisited(
        area.name,
        seconds,
        int(area.gold * hours * between(draw, 0.5, 1.5)),
        count(draw, area.kills * hours),
        count(draw, area.deaths * hours),
        count(draw, area.flees * hours),
    )


def _summary(
    draw: Draw, visits: list[AreaVisited], seconds: float, live: bool
) -> SessionSummarized:
    kills = sum(visit.kills for visit in visits)
    return SessionSummarized(
        gold=sum(visit.gold for visit in visits),
        kills=kills,
        deaths=sum(visit.deaths for visit in visits),
        flees=sum(visit.flees for visit in visits),
        duration_seconds=seconds,
        supplies={
            "bandages": count(draw, kills * 0.4),
            "vet_kits": count(draw, kills * 0.02),
            "potions": count(draw, kills * 0.1),
        },
        areas=[] if live else [_area_record(visit) for visit in visits],
    )


def _area_record(visit: AreaVisited) -> dict[str, object]:
    return {"area": visit.area, "gold": visit.gold, "seconds": visit.seconds}
