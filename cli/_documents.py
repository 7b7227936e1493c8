"""Any answer as tables: for projections that have no table of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import Any

import msgspec

from cli._output import write_text
from cli._rows import format_number, shorten
from cli._table import Column, print_table
from cli._text import clean

_NESTED_CHARACTERS = 60


def print_tables(document: Any) -> list[str]:
    """A list as one table; an object as a table per list in it, and a line for all else.

    The names of the columns that a narrow terminal has no room for.
    """
    if isinstance(document, list):
        return _print_list(document)
    left_out: list[str] = []
    for name, value in document.items():
        if isinstance(value, list):
            write_text(f"{clean(name)}\n")
            left_out += _print_list(value)
        else:
            write_text(f"{clean(name)}: {clean(_cell(value))}\n")
    return left_out


def _print_list(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    columns = [
        Column(name, partial(_cell_of, name), is_number=_is_numeric(name, rows)) for name in names
    ]
    return print_table(columns, rows, spare=names[:0:-1])


def _is_numeric(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    values = (row.get(name) for row in rows)
    return all(value is None or type(value) in (int, float) for value in values)


def _cell_of(name: str, row: Mapping[str, Any]) -> str:
    return _cell(row.get(name))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if type(value) in (int, float):
        return format_number(value)
    if isinstance(value, str):
        return value
    return shorten(msgspec.json.encode(value).decode(), _NESTED_CHARACTERS)
