"""What the records tell. They may be anybody's, so every field may be missing, or be no number."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from attrs import define

from projections._values import Number, is_number

Record = dict[str, Any]

_COLUMNS = (
    "session_id", "duration_minutes", "total_gold", "gold_per_hour", "kills", "deaths",
    "flee_events", "bandages_used", "vet_kits_used", "potions_used", "notes",
)  # fmt: skip


def metric(record: Record, name: str) -> Any:
    """One value of one session."""
    if name == "avg_session_length":
        return record.get("duration_minutes", 0)
    if name == "deaths_per_hour":
        hours = _number(record, "duration_minutes") / 60.0
        return _number(record, "deaths") / hours if hours > 0 else 0
    return record.get(name, 0)


@define
class _Sums:
    gold: Number = 0
    flees: Number = 0
    seconds: Number = 0
    entries: int = 0


def best_areas(newest_first: Iterable[Record]) -> list[Record]:
    """Areas by gold per hour, the best first; where rates tie, the most recently seen first."""
    totals: dict[str, _Sums] = {}
    for record in newest_first:
        for area in _areas(record):
            sums = totals.setdefault(_name(area), _Sums())
            sums.gold += _number(area, "gold")
            sums.seconds += _number(area, "time")
            sums.entries += 1
    rows = [
        {
            "area": name,
            "avg_gold_per_hour": _per_hour(sums.gold, sums.seconds),
            "sessions": sums.entries,
            "total_gold": sums.gold,
            "total_time_minutes": sums.seconds / 60.0,
        }
        for name, sums in totals.items()
    ]
    return sorted(rows, key=lambda row: row["avg_gold_per_hour"], reverse=True)


def dangerous_areas(newest_first: Iterable[Record]) -> list[Record]:
    """Areas by flees per hour, the worst first.

    A session states only how often one fled in all of it. Each area gets its share by time.
    """
    totals: dict[str, _Sums] = {}
    for record in newest_first:
        areas = _areas(record)
        seconds = sum(_number(area, "time") for area in areas)
        for area in areas:
            sums = totals.setdefault(_name(area), _Sums())
            if seconds > 0:
                sums.flees += _number(record, "flee_events") * (_number(area, "time") / seconds)
            sums.seconds += _number(area, "time")
            sums.entries += 1
    rows = [
        {
            "area": name,
            "flee_rate": _per_hour(sums.flees, sums.seconds),
            "total_flees": int(sums.flees),
            "visits": sums.entries,
            "total_time_hours": sums.seconds / 3600.0,
        }
        for name, sums in totals.items()
    ]
    return sorted(rows, key=lambda row: row["flee_rate"], reverse=True)


_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_table(oldest_first: Sequence[Record]) -> str:
    """The sessions as CSV. Errors for records whose values have the wrong types."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(_COLUMNS)
    for record in oldest_first:
        supplies = record.get("supplies_used", {})
        writer.writerow(
            _guarded(cell)
            for cell in (
                record.get("session_id", ""),
                round(record.get("duration_minutes", 0), 2),
                record.get("total_gold", 0),
                round(record.get("gold_per_hour", 0), 2),
                record.get("kills", 0),
                record.get("deaths", 0),
                record.get("flee_events", 0),
                supplies.get("bandages", 0),
                supplies.get("vet_kits", 0),
                supplies.get("potions", 0),
                record.get("notes", ""),
            )
        )
    return text.getvalue()


def _guarded(cell: Any) -> Any:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in _FORMULA_STARTS else cell


def _per_hour(amount: Number, seconds: Number) -> Number:
    hours = seconds / 3600.0
    return amount / hours if hours > 0 else 0


def _areas(record: Record) -> list[Record]:
    listed = record.get("areas_farmed")
    return [area for area in listed if isinstance(area, dict)] if isinstance(listed, list) else []


def _name(area: Record) -> str:
    return str(area.get("area", "Unknown"))


def _number(values: Record, name: str) -> Number:
    value = values.get(name)
    return value if is_number(value) else 0
