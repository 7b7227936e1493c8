"""Times as the log writes them: UTC, always six fraction digits."""

from __future__ import annotations

from datetime import UTC, datetime

from eventlog._errors import InvalidEventError

TIME_LENGTH = len("2026-02-06T12:34:56.789012Z")
SECOND_NS = 1_000_000_000


def format_time(moment: datetime, name: str = "time") -> str:
    """``2026-02-06T12:34:56.789012Z`` for an aware datetime; InvalidEventError for all else.

    ``name`` is what the caller calls it.
    """
    if not isinstance(moment, datetime):
        raise InvalidEventError(
            f"{name} must be a datetime, not {type(moment).__name__}: "
            "for text there is datetime.fromisoformat"
        )
    if moment.utcoffset() is None:
        raise InvalidEventError(
            f"{name} {moment.isoformat()} has no time zone: give an aware datetime, "
            "for example datetime.now(UTC)"
        )
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        raise InvalidEventError(
            f"{name} {moment.isoformat()} is outside the years 1 to 9999"
        ) from None
    return utc.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_time(text: str) -> datetime:
    """The inverse of :func:`format_time`; ValueError for any other text."""
    if len(text) != TIME_LENGTH or text[-1] != "Z" or text[10] != "T":
        raise ValueError(f"not a time of the log: {text!r}")
    return datetime.fromisoformat(text)


def format_ns(ns: int) -> str:
    """The text of a time in nanoseconds since 1970, as the system clock gives it."""
    begin, text = second_of(ns)
    return f"{text.decode()}{(ns - begin) // 1000:06d}Z"


def second_of(ns: int) -> tuple[int, bytes]:
    """When the second of a time began, in nanoseconds since 1970, and how its text begins.

    Most of a text, and of the work to make it, is the same for all times of a second.
    """
    begin = ns - ns % SECOND_NS
    moment = datetime.fromtimestamp(begin // SECOND_NS, UTC).replace(tzinfo=None)
    return begin, f"{moment.isoformat()}.".encode()
