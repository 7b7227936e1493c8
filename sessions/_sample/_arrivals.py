"""When sessions begin: through some weeks, mostly by day."""

from __future__ import annotations

from collections.abc import Iterator

from sessions._sample._draw import Draw, skewed

_HOUR = 3600
_DAYTIME, _NIGHT = 14 * _HOUR, 10 * _HOUR
_NIGHT_SHARE = 0.2  # of the sessions that as many hours of daytime would see
_BUSY_DAY = _DAYTIME + _NIGHT * _NIGHT_SHARE

_LONGEST_GAP = 0.25 * _HOUR
_SPAN = 21 * _BUSY_DAY


def arrivals(draw: Draw, sessions: int) -> Iterator[float]:
    """In order, the seconds after the sample's beginning at which each session begins.

    They come a quarter of an hour apart on average by day, or closer together when that many
    sessions would take more than three weeks.
    """
    gap = min(_LONGEST_GAP, _SPAN / max(sessions, 1))
    busy = 0.0
    for _ in range(sessions):
        busy += skewed(draw, gap)
        yield _clock(busy)


def _clock(busy: float) -> float:
    """Seconds of the clock after which that many seconds of daytime's activity are over."""
    days, rest = divmod(busy, _BUSY_DAY)
    night = max(rest - _DAYTIME, 0.0)
    return days * (_DAYTIME + _NIGHT) + (rest - night) + night / _NIGHT_SHARE
