"""How answers leave: text for people, JSON for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from shutil import get_terminal_size
from typing import Any

import attrs
import click
import msgspec

from cli._text import as_text, clean


def to_json(value: Any) -> Any:
    """Plain JSON values of an attrs object: times as RFC 3339 text in UTC with microseconds."""
    return attrs.asdict(value, value_serializer=_serialize)


def _serialize(_: object, __: object, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    if isinstance(value, Path):
        value = str(value)
    return as_text(value) if isinstance(value, str) else value


def terminal_width() -> int | None:
    """How many characters a line on stdout may have; None where it may have any number."""
    return get_terminal_size().columns if sys.stdout.isatty() else None


def print_json(value: Any) -> None:
    """One JSON document, indented, exact: nothing in it is cleaned or shortened."""
    write(msgspec.json.format(msgspec.json.encode(value), indent=2) + b"\n")


def print_json_list(values: Iterable[Any]) -> None:
    """The same of a list, written as its elements come."""
    before = b"[\n  "
    for value in values:
        element = msgspec.json.format(msgspec.json.encode(value), indent=2)
        write(before + element.replace(b"\n", b"\n  "))  # those in a text are escaped
        before = b",\n  "
    write(b"[]\n" if before.startswith(b"[") else b"\n]\n")


def print_jsonl(values: Iterable[Any]) -> None:
    """One JSON document a line."""
    for value in values:
        write(msgspec.json.encode(value) + b"\n")


def write(data: bytes) -> None:
    """Bytes to stdout, as they are; to a terminal at once."""
    sys.stdout.buffer.write(data)
    if sys.stdout.line_buffering:
        sys.stdout.flush()


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
