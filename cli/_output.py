"""How answers leave: tables for people, JSON for programs. Rich is imported only for tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import click
import msgspec

from cli._text import as_text, clean

if TYPE_CHECKING:
    from rich.table import Table

_ANY_WIDTH = 10_000
_GAP = 2


def to_json(value: Any) -> Any:
    """Plain JSON values of an attrs object: times as RFC 3339 text in UTC with microseconds."""
    return attrs.asdict(value, value_serializer=_serialize)


def _serialize(_: object, __: object, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if isinstance(value, Path):
        value = str(value)
    return as_text(value) if isinstance(value, str) else value


def print_json(value: Any) -> None:
    """One JSON document, indented, exact: nothing in it is cleaned or shortened."""
    write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def print_jsonl(values: Iterable[Any]) -> None:
    """One JSON document a line."""
    for value in values:
        write(msgspec.json.encode(value) + b"\n")


def write(data: bytes) -> None:
    """Bytes to stdout, as they are."""
    sys.stdout.buffer.write(data)


def write_text(text: str) -> None:
    """Text to stdout, with escapes for what its encoding lacks."""
    write(text.encode(sys.stdout.encoding, "backslashreplace"))


def say(message: str) -> None:
    """One line for people, on stderr, after what is on its way to stdout."""
    sys.stdout.flush()
    click.echo(clean(message), err=True)


def wants_color() -> bool:
    """Whether stdout gets colours: NO_COLOR wins, then FORCE_COLOR, then a terminal does."""
    if os.environ.get("NO_COLOR"):
        return False
    is_able = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return bool(os.environ.get("FORCE_COLOR")) or is_able


def print_table(
    columns: Mapping[str, Sequence[str]], *, right: Iterable[str] = (), spare: Iterable[str] = ()
) -> list[str]:
    """A table that fits the terminal; on a pipe it takes the width it needs.

    Where the terminal is too narrow, columns are left out in the order of ``spare``; the names of
    those that were.
    """
    from rich.console import Console

    color = wants_color()
    console = Console(
        file=sys.stdout,
        force_terminal=color,
        no_color=not color,
        highlight=False,
        width=None if sys.stdout.isatty() else _ANY_WIDTH,
    )
    cleaned = {name: [clean(cell) for cell in cells] for name, cells in columns.items()}
    left_out = _leave_out(cleaned, spare, console.width)
    with console.capture() as captured:
        console.print(_table(cleaned, set(right)))
    lines = captured.get().splitlines()
    write_text("".join(f"{line.rstrip()}\n" for line in lines))
    return left_out


def _leave_out(columns: dict[str, list[str]], spare: Iterable[str], width: int) -> list[str]:
    """Take columns away until the others fit."""
    from rich.cells import cell_len

    needed = {name: _GAP + max(map(cell_len, (name, *cells))) for name, cells in columns.items()}
    left_out = []
    for name in spare:
        if sum(needed.values()) - _GAP <= width:
            break
        if needed.pop(name, None) is not None:
            del columns[name]
            left_out.append(name)
    return left_out


def _table(columns: Mapping[str, Sequence[str]], right: set[str]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    for name in columns:
        if name in right:
            table.add_column(name, justify="right", no_wrap=True)
        else:
            table.add_column(name, overflow="fold")
    for row in zip(*columns.values(), strict=True):
        table.add_row(*map(Text, row))
    return table
