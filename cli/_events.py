"""Events on their way out, for ``cat`` and ``tail``."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cli._forms import Form
from cli._output import say, write
from cli._rows import say_what
from cli._table import Column, Stream
from cli._text import format_moment
from eventlog import Event

_DIM, _BOLD = "\x1b[2m", "\x1b[1m"
_COLUMNS: tuple[Column[Event], ...] = (
    Column("sequence", lambda event: f"{event.sequence}", is_number=True),
    Column("time", lambda event: format_moment(event.time), width=19, style=_DIM),
    Column("subject", lambda event: event.subject or "-", width=13),
    Column("type", lambda event: event.type, width=18, least=15, style=_BOLD),
    Column("data", lambda event: msgspec.json.encode(event.data).decode(), width=30, least=30),
)


def print_events(pairs: Iterable[tuple[bytes, Event]], form: Form) -> None:
    """Each event as it comes: its line as it is stored, or a row for people."""
    if form is Form.JSON:
        print_json_array(line for line, _ in pairs)
    elif form is Form.JSONL:
        print_lines(line for line, _ in pairs)
    else:
        _print_table(event for _, event in pairs)


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


def _print_table(events: Iterable[Event]) -> None:
    table = Stream(_COLUMNS, spare=("time", "subject"))
    for event in events:
        table.write(event)
    if not table.rows:
        say("no events: the log holds no matching ones")
    elif table.left_out:
        say_what(left_out=table.left_out)
