"""Events on their way out, for ``cat`` and ``tail``."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cli._output import wants_color, write, write_text
from cli._text import clean, format_moment
from eventlog import Event

_DIM, _BOLD, _PLAIN = "\x1b[2m", "\x1b[1m", "\x1b[0m"


def print_events(events: Iterable[Event]) -> None:
    """One event a line, for people: sequence, time, subject, type and data."""
    color = wants_color()
    for event in events:
        write_text(f"{_render(event, color)}\n")


def _render(event: Event, color: bool) -> str:
    moment, kind = format_moment(event.time), clean(event.type)
    if color:
        moment, kind = f"{_DIM}{moment}{_PLAIN}", f"{_BOLD}{kind}{_PLAIN}"
    data = clean(msgspec.json.encode(event.data).decode())
    return f"{event.sequence:>8}  {moment}  {clean(event.subject or '-')}  {kind}  {data}"


def print_lines(lines: Iterable[bytes]) -> None:
    """The lines as they are stored."""
    for line in lines:
        write(line + b"\n")


def print_json_array(lines: Iterable[bytes]) -> None:
    """The lines as one JSON document, written as they come."""
    before = b"["
    for line in lines:
        write(before + b"\n  " + line)
        before = b","
    write(b"[]\n" if before == b"[" else b"\n]\n")
