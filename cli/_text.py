"""Text from events on its way to a terminal."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from pathlib import Path
from shlex import quote

# C0, DEL and C1 could move the cursor or retitle the window; the bidirectional controls, the
# separators and the zero-width marks could make a line read as something that it is not.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)


def clean(text: str) -> str:
    """``text`` without characters that do something to a terminal; each becomes U+FFFD."""
    return _UNSAFE.sub("\ufffd", text)


def as_text(name: str) -> str:
    """A file's name as JSON can hold it: bytes that are no text become escapes."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def quoted(path: Path) -> str:
    """A path as a shell takes it, for commands that we suggest."""
    return clean(quote(str(path)))


def format_moment(moment: datetime | None) -> str:
    """A time for people: UTC, to the second."""
    return "" if moment is None else moment.replace(tzinfo=None).isoformat(" ", "seconds")


def format_duration(milliseconds: float | None) -> str:
    """A duration for people: ``1h 02m``, ``3m 20s``, ``4.2s``, ``80ms``."""
    if milliseconds is None:
        return ""
    # Cut off, not rounded: 59.96 s are neither "60.0s" nor a minute.
    tenths = int(milliseconds / 100)
    if milliseconds < 1000:
        return f"{int(milliseconds)}ms"
    if tenths < 600:
        return f"{tenths / 10}s"
    minutes, seconds = divmod(tenths // 10, 60)
    if minutes < 60:
        return f"{minutes}m {seconds:02d}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h {minutes:02d}m"


def format_bytes(size: int) -> str:
    """A size for people, with decimal units."""
    value = float(size)
    for unit in ("B", "kB", "MB", "GB"):
        if round(value, 1) < 1000 or unit == "GB":
            return f"{size} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("unreachable")


@cache
def plural(word: str) -> str:
    """The plural of a word of ours."""
    return f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"


def count(number: int, word: str) -> str:
    """``1 event``, ``2,000 events``."""
    return f"{number:,} {word if number == 1 else plural(word)}"
