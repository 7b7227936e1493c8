"""Times as people and programs write them, read into UTC.

Text is RFC 3339 or its relatives: ``T`` or a space, any number of fraction digits, a decimal
comma, ``Z``, ``+hh:mm``, ``+hhmm``, ``+hh`` or no zone (then the zone of the import applies), or a
date alone, which means midnight. A local time that the clocks showed twice is the first of the
two; one that they skipped is read with the offset before the change.

Numbers, also as text, count from the Unix epoch. Their size tells the unit: below 1e11 seconds
(until the year 5138), below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds.

An event's time has microseconds. Where that loses something (more digits, a leap second), the
original text is handed back beside the time.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from decimal import ROUND_FLOOR, Decimal, localcontext
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from eventlog.importing._bad_line import BadLineError, quoted
from eventlog.importing._errors import ImportOptionError

Moment = tuple[datetime, str | None]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = ((Decimal("1e11"), 6), (Decimal("1e14"), 3), (Decimal("1e17"), 0))
_NUMBER = re.compile(r"[+-]?[0-9]{1,30}(\.[0-9]{1,30})?")
_TEXT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,400}))?)?"
    r" ?([Zz]|[+-][0-9]{2}(?::?[0-9]{2})?)?)?"
)


def zone_named(name: str) -> tzinfo:
    """The time zone called ``name`` in the IANA database; ImportOptionError for no such zone."""
    if name.upper() in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ImportOptionError(
            f"no time zone is called {quoted(name)}; use a name like Europe/Berlin"
        ) from None


def time_reader(zone: tzinfo) -> Callable[[object], Moment]:
    """A function that reads times; ``zone`` is that of times without one."""

    def read(value: object) -> Moment:
        if type(value) is str:
            return _canonical(value) or _from_text(value.strip(), zone)
        if type(value) is int or type(value) is float:
            return _from_number(repr(value))
        raise BadLineError("the time is neither a text nor a number")

    return read


def _canonical(text: str) -> Moment | None:
    """The shape that most logs use, read by the standard library alone, because it is fast."""
    if text[-1:] != "Z" or not (len(text) == 20 or 22 <= len(text) <= 27):
        return None
    if text[4] != "-" or text[7] != "-" or text[10] != "T" or text[19] not in "Z.":
        return None
    try:
        return datetime.fromisoformat(text), None
    except ValueError:
        return None


def _from_text(text: str, zone: tzinfo) -> Moment:
    if _NUMBER.fullmatch(text):
        return _from_number(text)
    found = _TEXT.fullmatch(text)
    if found is None:
        raise _no_time(text)
    date, clock, seconds, digits, offset = found.groups()
    fraction = (digits or "")[:6].ljust(6, "0")
    cut = bool((digits or "")[6:].strip("0"))
    if seconds == "60":
        seconds, fraction, cut = "59", "999999", True
    try:
        local = datetime.fromisoformat(f"{date}T{clock or '00:00'}:{seconds or '00'}.{fraction}")
        moment = local.replace(tzinfo=_zone(offset) or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise _no_time(text) from None
    return moment, text if cut else None


def _zone(offset: str | None) -> tzinfo | None:
    if offset is None or offset in "Zz":
        return UTC if offset else None
    minutes = int(offset[-2:]) if len(offset) > 3 else 0
    if minutes > 59:
        raise ValueError(offset)
    shift = timedelta(hours=int(offset[1:3]), minutes=minutes)
    return timezone(-shift if offset[0] == "-" else shift)


def _from_number(text: str) -> Moment:
    number = Decimal(text)
    power = next((power for below, power in _UNITS if abs(number) < below), -3)
    with localcontext(prec=80):
        exact = number.scaleb(power)
        micros = exact.to_integral_value(ROUND_FLOOR)
    try:
        moment = _EPOCH + timedelta(microseconds=int(micros))
    except OverflowError:
        raise _no_time(text) from None
    return moment, text if exact != micros else None


def _no_time(text: str) -> BadLineError:
    return BadLineError(f"no time that can be read: {quoted(text)}")
