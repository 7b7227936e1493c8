"""Timestamps of events: ISO 8601, with date, ``T`` and a time to the second."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_TIMESTAMP = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})T(?P<hours>[0-9]{2}):(?P<minutes>[0-9]{2})"
    r":(?P<seconds>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?(?:Z|(?P<offset>[+-][0-9]{2}:[0-9]{2}))?"
)
_LEAP_SECOND = 60


@lru_cache(maxsize=64)  # each is asked for when it is checked, and again when it is used
def moment_of(timestamp: str) -> datetime:
    """When it was, in UTC to the microsecond; without a zone it is taken for UTC.

    Second 60, a leap second, is the first of the next minute. ValueError says what is wrong.
    """
    found = _TIMESTAMP.fullmatch(timestamp)
    if found is None:
        raise ValueError(
            "expected for example 2026-02-06T12:34:56.789Z"
            if "T" in timestamp
            else "missing time component: expected for example 2026-02-06T12:34:56.789Z"
        )
    seconds = int(found["seconds"])
    leap = 1 if seconds == _LEAP_SECOND else 0
    moment = datetime.fromisoformat(found["date"]).replace(
        hour=int(found["hours"]),
        minute=int(found["minutes"]),
        second=seconds - leap,
        microsecond=int((found["fraction"] or "0")[:6].ljust(6, "0")),
        tzinfo=_zone(found["offset"]),
    )
    try:
        return moment.astimezone(UTC) + timedelta(seconds=leap)
    except OverflowError:
        raise ValueError("outside of the years 1 to 9999 in UTC") from None


def _zone(offset: str | None) -> timezone:
    if offset is None:
        return UTC
    hours, minutes = int(offset[1:3]), int(offset[4:6])
    if hours > 23 or minutes > 59:
        raise ValueError(f"there is no offset {offset}")
    behind = timedelta(hours=hours, minutes=minutes)
    return timezone(-behind if offset[0] == "-" else behind)


def written_digits(timestamp: str) -> str:
    """``20260206-123456``: date and time as they are written, whatever the zone."""
    digits = timestamp.replace("-", "").replace(":", "")
    return f"{digits[:8]}-{digits[9:15]}"
