"""Text in the cells of a terminal, some of whose characters take two of them or none."""

from __future__ import annotations

import sys

from cli._text import clean


def as_shown(text: str) -> str:
    """The text as it will stand there: cleaned, with escapes for what the encoding lacks."""
    if text.isascii():
        return clean(text)
    encoding = sys.stdout.encoding
    return clean(text).encode(encoding, "backslashreplace").decode(encoding)


def width_of(text: str) -> int:
    """How many cells it takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def padded(text: str, width: int, *, at_left: bool = False) -> str:
    """With blanks on one side, so that it takes so many cells; as it is when it takes more."""
    if text.isascii():
        return text.rjust(width) if at_left else text.ljust(width)
    blanks = " " * (width - width_of(text))
    return blanks + text if at_left else text + blanks


def cut(text: str, width: int) -> str:
    """At most so many cells, with a mark where something is missing."""
    if width_of(text) <= width:
        return text
    mark = as_shown("…")
    if width <= len(mark):
        return mark[: max(0, width)]
    from rich.cells import set_cell_size

    return set_cell_size(text, width - len(mark)) + mark
