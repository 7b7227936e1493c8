"""One session's record: how it comes from the statistics, and what the log's readers see of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from projections._values import is_number
from sessions.farming._plain import fits, to_plain

_COUNTS = (
    ("gold", "total_gold"), ("kills", "kills"), ("deaths", "deaths"), ("flees", "flee_events"),
)  # fmt: skip


def make_record(stats: Mapping[str, Any], end: float) -> dict[str, Any]:
    """The record of a session that ends at ``end`` (seconds since the epoch), in the file's order.

    Errors: TypeError or KeyError for statistics of the wrong shape, ValueError for a number that
    JSON has not.
    """
    duration, gold = stats.get("session_duration", 0), stats.get("gold_collected", 0)
    _check_numbers([("session_duration", duration), ("gold_collected", gold)])
    start = end - duration
    hours = duration / 3600.0
    record = {
        "session_id": _local(start),
        "start_time": start,
        "end_time": end,
        "duration_minutes": duration / 60.0,
        "total_gold": gold,
        "gold_per_hour": gold / hours if hours > 0 else 0,
        "kills": stats.get("total_kills", 0),
        "deaths": stats.get("player_deaths", 0) + stats.get("pet_deaths", 0),
        "flee_events": stats.get("total_flees", 0),
        "supplies_used": stats.get("supplies_used", {}),
        "areas_farmed": [_area(entry) for entry in stats.get("area_performance", [])],
        "enemy_breakdown": stats.get("enemy_breakdown", {}),
        "notes": "",
    }
    numbers = list(record.items())
    for area in record["areas_farmed"]:
        numbers += [(f"{name} of area {area['area']!r}", area[name]) for name in ("gold", "time")]
    _check_numbers(numbers)
    return record


def _local(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d_%H-%M-%S")
    except (ValueError, OverflowError, OSError):
        raise ValueError(
            "session_duration is no length of a session: it would begin before the year 1, or "
            "after 9999"
        ) from None


def _area(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "area": entry["area"],
        "gold": entry.get("gold_from_area", 0),
        "time": entry.get("time_in_area", 0),
    }


def _check_numbers(numbers: Iterable[tuple[str, object]]) -> None:
    for name, value in numbers:
        if not fits(value):
            raise ValueError(
                f"{name} is no number that can be stored: give finite numbers of at most 64 bits"
            )


def summary_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The standard data of session.summarized: what every reader of the log understands."""
    data = {name: record[own] for name, own in _COUNTS if is_number(record.get(own))}
    if is_number(minutes := record.get("duration_minutes")):
        data["duration_seconds"] = minutes * 60
    if isinstance(supplies := record.get("supplies_used"), dict):
        data["supplies"] = supplies
    if isinstance(areas := record.get("areas_farmed"), list):
        data["areas"] = [
            {
                "area": area.get("area", "Unknown"),
                "gold": area.get("gold", 0),
                "seconds": area.get("time", 0),
            }
            for area in areas
            if isinstance(area, dict)
        ]
    return data


def moment(seconds: object) -> datetime | None:
    """A time since the epoch; None for what is none."""
    if not is_number(seconds):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def content(record: Any) -> str:
    """All that a record holds besides its notes, to tell it from others."""
    plain = to_plain(record)[0]
    if isinstance(plain, dict):
        plain.pop("notes", None)
    return json.dumps(plain, sort_keys=True)
