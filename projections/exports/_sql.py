"""Names in SQL. Values never stand in a statement: they are parameters."""

from __future__ import annotations

from projections.exports._errors import ExportOptionError

_LONGEST = 63
"""Bytes of a name that PostgreSQL keeps; it cuts longer ones without a word."""

_REFUSED = frozenset("\0?")
"""Databases take no NUL; and in our statements a ? is a parameter, wherever it stands."""


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever it holds; ExportOptionError for one that cannot be one."""
    if not name or len(name.encode()) > _LONGEST or not _REFUSED.isdisjoint(name):
        raise ExportOptionError(
            f"{name!a} is no name for a table or column: 1 to 63 bytes, without NUL and ?"
        )
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def names(columns: tuple[str, ...]) -> str:
    """Several names, between commas."""
    return ", ".join(map(quoted, columns))
