"""``StatisticsTracker``: what happens in a session of a farming bot, counted and recorded live."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any

from sessions._guards import Guard
from sessions._shared_log import shared_log
from sessions._texts import source_of
from sessions.farming._ledger import SYSTEM
from sessions.farming._saving import new_key, started
from sessions.farming._tally import Tally, Visit, check_count, check_number, check_text, per_hour

_SUPPLIES = ("bandages", "vet_kits", "potions")


class StatisticsTracker:
    """Counts one session of a farming bot, from the moment it is made, and records it live.

    Every call is an event in the log when it returns, so a killed bot loses nothing; leaving an
    area records the visit as a whole. ``log_dir`` as for :class:`SessionLogger`. Threads may share
    a tracker.

    Errors of the calls: TypeError for values of the wrong type, ValueError for counts below 0 and
    for numbers that are not finite; nothing is counted or recorded then.

    Example::

        with StatisticsTracker("Farmer_") as tracker:
            tracker.enter_area("Orc Fort")
            tracker.add_kill("orc")
            tracker.add_gold(120)
            tracker.use_supply("bandages", 2)
            tracker.get_session_stats()["total_kills"]  # 1
    """

    def __init__(self, key_prefix: Any = "", *, log_dir: str | Path | None = None) -> None:
        self._lock = Guard()
        self._log = shared_log(log_dir)
        self._source = source_of(SYSTEM, str(key_prefix))
        self._key = new_key(datetime.now().strftime("%Y-%m-%d_%H-%M-%S"))
        self._began = monotonic()
        self._ended: float | None = None
        self._visit: Visit | None = None
        self._totals = Tally()
        self._areas: dict[str, Tally] = {}
        self._flees: dict[str, int] = {}
        self._enemies: dict[str, int] = {}
        self._supplies: dict[str, int] = dict.fromkeys(_SUPPLIES, 0)
        self._record("session.started", started(key_prefix))

    # What happens

    def enter_area(self, area: str) -> None:
        """The bot is in this area from now on, and has left the one before."""
        check_text("area", area)
        with self._lock:
            self.leave_area()
            self._record("area.entered", {"area": area})
            self._visit = Visit(area, monotonic())
            self._areas.setdefault(area, Tally())

    def leave_area(self) -> None:
        """The bot is in no area any more. Nothing happens when it was in none."""
        with self._lock:
            visit = self._visit
            if visit is None:
                return
            tally = self._so_far(visit)
            self._record("area.visited", {"area": visit.area, **tally.visited()})
            self._areas[visit.area].add(tally)
            self._visit = None

    def add_gold(self, gold: float) -> None:
        """Gold was gained, or lost when it is below 0."""
        check_number("gold", gold)
        with self._lock:
            self._record_here("gold.gained", {"gold": gold})
            for tally in self._tallies():
                tally.gold += gold

    def add_kill(self, enemy: str = "Unknown", count: int = 1) -> None:
        """Enemies of one kind were killed."""
        check_text("enemy", enemy)
        check_count(count)
        with self._lock:
            self._record_here("enemy.killed", {"enemy": enemy, "count": count})
            self._enemies[enemy] = self._enemies.get(enemy, 0) + count
            for tally in self._tallies():
                tally.kills += count

    def add_player_death(self) -> None:
        """The player died."""
        with self._lock:
            self._record_here("player.died", {})
            for tally in self._tallies():
                tally.player_deaths += 1

    def add_pet_death(self, pet: str | None = None) -> None:
        """A pet died."""
        if pet is not None:
            check_text("pet", pet)
        with self._lock:
            self._record_here("pet.died", {} if pet is None else {"pet": pet})
            for tally in self._tallies():
                tally.pet_deaths += 1

    def add_flee(self, reason: str = "Unknown") -> None:
        """The bot fled."""
        check_text("reason", reason)
        with self._lock:
            self._record_here("danger.fled", {"reason": reason})
            self._flees[reason] = self._flees.get(reason, 0) + 1
            for tally in self._tallies():
                tally.flees += 1

    def use_supply(self, supply: str, count: int = 1) -> None:
        """Some of a supply was used: ``bandages``, ``vet_kits``, ``potions``, or any other."""
        check_text("supply", supply)
        check_count(count)
        with self._lock:
            self._record_here("supply.used", {"supply": supply, "count": count})
            self._supplies[supply] = self._supplies.get(supply, 0) + count

    def close(self, reason: str = "stopped") -> None:
        """The session is over: its clock stands still. Closing again changes nothing."""
        check_text("reason", reason)
        with self._lock:
            if self._ended is None:
                self.leave_area()
                self._record("session.ended", {"reason": reason})
                self._ended = monotonic()

    def __enter__(self) -> StatisticsTracker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What came of it

    def get_session_stats(self) -> dict[str, Any]:
        """The session so far, as :meth:`SessionLogger.save_session` takes it."""
        with self._lock:
            totals, seconds = self._totals, self._seconds()
            return {
                "session_key": self._key,
                "session_duration": seconds,
                "gold_collected": totals.gold,
                "gold_per_hour": per_hour(totals.gold, seconds),
                "total_kills": totals.kills,
                "player_deaths": totals.player_deaths,
                "pet_deaths": totals.pet_deaths,
                "total_flees": totals.flees,
                "flee_events": dict(self._flees),
                "supplies_used": dict(self._supplies),
                "area_performance": self.get_area_performance(),
                "enemy_breakdown": self.get_enemy_breakdown(),
            }

    def get_area_performance(self) -> list[dict[str, Any]]:
        """One entry per area, in the order they were first entered, the current visit included.

        Each with ``area``, ``time_in_area`` (seconds), ``gold_from_area``, ``gold_per_hour``,
        ``kills``, ``deaths`` (player and pets) and ``flees``.
        """
        with self._lock:
            return [self._total(area).performance(area) for area in self._areas]

    def get_enemy_breakdown(self) -> list[dict[str, Any]]:
        """One entry per kind of enemy with ``enemy`` and ``kills``, the most killed first."""
        with self._lock:
            kills = sorted(self._enemies.items(), key=lambda one: -one[1])
        return [{"enemy": enemy, "kills": count} for enemy, count in kills]

    def _total(self, area: str) -> Tally:
        total = Tally()
        total.add(self._areas[area])
        if self._visit is not None and self._visit.area == area:
            total.add(self._so_far(self._visit))
        return total

    def _so_far(self, visit: Visit) -> Tally:
        visit.tally.seconds = monotonic() - visit.entered
        return visit.tally

    def _seconds(self) -> float:
        return (monotonic() if self._ended is None else self._ended) - self._began

    def _tallies(self) -> list[Tally]:
        """Where something that happens now counts."""
        return [self._totals] if self._visit is None else [self._totals, self._visit.tally]

    def _record_here(self, type_: str, data: dict[str, Any]) -> None:
        self._record(type_, data if self._visit is None else {**data, "area": self._visit.area})

    def _record(self, type_: str, data: Mapping[str, Any]) -> None:
        self._log.record(type_, data, subject=self._key, source=self._source)
