"""Times as the log writes them: UTC, always six fraction digits."""

from __future__ import annotations

from datetime import UTC, datetime

from eventlog._errors import InvalidEventError

TIME_LENGTH = len("2026-02-06T12:34:56.789012Z")


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


_second_memo: tuple[int, bytes] = (-1, b"")


def format_ns(ns: int) -> str:
    """The text of a time in nanoseconds since 1970, as the system clock gives it."""
    return stamp_ns(ns).decode()


def stamp_ns(ns: int) -> bytes:
    """The same as bytes, which every append needs."""
    global _second_memo  # noqa: PLW0603 - consecutive events mostly share their second
    seconds, rest = divmod(ns, 1_000_000_000)
    known, text = _second_memo
    if known != seconds:
        text = f"{datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None).isoformat()}.".encode()
        _second_memo = (seconds, text)  # replaced whole, so that threads see a matching pair
    return b"%b%06dZ" % (text, rest // 1000)
