"""Numbers and texts as they stand in tables, and the line below one."""

from __future__ import annotations

from collections.abc import Sequence

from cli._output import say

_TOO_LONG = 10**15  # to be written out
_NAMES_SHOWN = 5


def say_what(*parts: str, left_out: Sequence[str] = ()) -> None:
    """A line about a table, with the columns that it has no room for."""
    named = ", ".join(left_out[:_NAMES_SHOWN])
    more = len(left_out) - _NAMES_SHOWN
    room = f"no room for {named}{f' and {more} more' if more > 0 else ''}" if left_out else ""
    say("; ".join(filter(None, [*parts, room])))


def unless_zero(number: int) -> str:
    """The number; nothing for 0, so that a table shows what is there."""
    return f"{number:,}" if number else ""


def format_number(value: float | None, decimals: int = 1) -> str:
    """A number of any size for people: ``30,000.0``, ``12``, ``1.8e+308``."""
    if value is None:
        return ""
    if abs(value) >= _TOO_LONG:
        return f"{value:.4g}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{decimals}f}"


def format_numbers(values: Sequence[float | None]) -> list[str]:
    """Numbers to stand in one column: small ones need more decimals than large ones."""
    greatest = max((abs(value) for value in values if value is not None), default=0)
    return [format_number(value, 1 if greatest >= 100 else 3) for value in values]


def milliseconds_of(seconds: float) -> float:
    """For format_duration, which takes no number that is beyond all floats."""
    return min(seconds, _TOO_LONG) * 1000


def shorten(text: str, characters: int = 40) -> str:
    """At most so many characters."""
    return text if len(text) <= characters else f"{text[: characters - 1]}\u2026"
