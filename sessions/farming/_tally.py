"""What a tracker counts with, and what it accepts."""

from __future__ import annotations

from typing import Any

from attrs import Factory, define

from sessions._texts import plain_text
from sessions.farming._plain import fits

_LONGEST_NAME = 10_000


@define
class Tally:
    """What came of some time: a visit, all visits to an area, or a session."""

    seconds: float = 0.0
    gold: float = 0
    kills: int = 0
    player_deaths: int = 0
    pet_deaths: int = 0
    flees: int = 0

    @property
    def deaths(self) -> int:
        """Of the player and of pets."""
        return self.player_deaths + self.pet_deaths

    def add(self, visit: Tally) -> None:
        """Some more time."""
        self.seconds += visit.seconds
        self.gold += visit.gold
        self.kills += visit.kills
        self.player_deaths += visit.player_deaths
        self.pet_deaths += visit.pet_deaths
        self.flees += visit.flees

    def visited(self) -> dict[str, Any]:
        """As area.visited has it."""
        return {
            "seconds": self.seconds,
            "gold": self.gold,
            "kills": self.kills,
            "deaths": self.deaths,
            "flees": self.flees,
        }

    def performance(self, area: str) -> dict[str, Any]:
        """As the statistics have it."""
        return {
            "area": area,
            "time_in_area": self.seconds,
            "gold_from_area": self.gold,
            "gold_per_hour": per_hour(self.gold, self.seconds),
            "kills": self.kills,
            "deaths": self.deaths,
            "flees": self.flees,
        }


@define
class Visit:
    """A stay in an area that is not over; ``entered`` is a monotonic time."""

    area: str
    entered: float
    tally: Tally = Factory(Tally)


def per_hour(gold: float, seconds: float) -> float:
    """A rate; 0 when no time went by."""
    return gold / (seconds / 3600.0) if seconds > 0 else 0


def check_text(name: str, value: object) -> None:
    """TypeError or ValueError for what is no name."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, not {type(value).__name__}")
    if len(value) > _LONGEST_NAME or plain_text(value) is not value:
        raise ValueError(
            f"{name} must be text without lone surrogates, of at most {_LONGEST_NAME} characters"
        )


def check_number(name: str, value: object) -> None:
    """TypeError or ValueError for what is no number that the log can hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name} must be a number, not {type(value).__name__}")
    if not fits(value):
        raise ValueError(f"{name} must be a finite number of at most 64 bits")


def check_count(count: object) -> None:
    """TypeError or ValueError for what is no count."""
    check_number("count", count)
    if not isinstance(count, int):
        raise TypeError(f"count must be an integer, not {type(count).__name__}")
    if count < 0:
        raise ValueError(f"count is {count}: it must not be below 0")
