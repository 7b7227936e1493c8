"""How answers leave: tables for people, JSON for programs. Rich is imported only for tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import attrs
import click
import msgspec

from cli._text import clean


def to_json(value: Any) -> Any:
    """Plain JSON values of an attrs object: times as RFC 3339 text in UTC with microseconds."""
    return attrs.asdict(value, value_serializer=_serialize)


def _serialize(_: object, __: object, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return value


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


def say(message: str) -> None:
    """Text for people, on stderr; its own line ends stay."""
    click.echo("\n".join(clean(line) for line in message.split("\n")), err=True)


def wants_color() -> bool:
    """Whether stdout gets colours: NO_COLOR wins, then FORCE_COLOR, then a terminal does."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stdout.isatty()


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, right: Iterable[str] = ()
) -> None:
    """A table that fits the terminal; on a pipe it takes the width it needs."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    numbers = set(right)
    for name in columns:
        if name in numbers:
            table.add_column(name, justify="right", no_wrap=True)
        else:
            table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(clean(cell)) for cell in row))
    color = wants_color()
    console = Console(
        file=sys.stdout,
        force_terminal=color,
        no_color=not color,
        highlight=False,
        width=None if sys.stdout.isatty() else 200,
    )
    console.print(table)
