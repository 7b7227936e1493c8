"""The one way a line is refused while it is read."""

from __future__ import annotations


class BadLineError(ValueError):
    """This line cannot become an event; ``reason`` says why, in words for people."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def quoted(text: str, limit: int = 60) -> str:
    """``text`` for use inside a reason: quoted, escaped, and cut when it is long."""
    shown = text if len(text) <= limit else text[:limit] + "..."
    return ascii(shown) if not shown.isprintable() else f"'{shown}'"
