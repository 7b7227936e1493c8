"""Which database the tables are in: a DSN, or DB_* in the environment or in a .env file, or none.

Read when a logger is made, never at import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from eventlog import EventLogError

_DEFAULTS = {
    "DB_USER": ("user", "postgres"),
    "DB_PASSWORD": ("password", ""),
    "DB_HOST": ("host", "localhost"),
    "DB_PORT": ("port", "5432"),
    "DB_NAME": ("dbname", "postgres"),
}
_QUOTES = "\"'"
_LARGEST_PORT = 65535


class SettingError(EventLogError, ValueError):
    """A setting that cannot be meant. The message names it, and never a password."""


def postgres_parameters() -> dict[str, str] | None:
    """libpq's parameters from DB_*; None when none of them is set."""
    given = {**_dotenv(), **_known(os.environ)}
    if not given:
        return None
    parameters = {
        parameter: given.get(name, default) for name, (parameter, default) in _DEFAULTS.items()
    }
    _check_port(parameters["port"])
    if not parameters["password"]:
        del parameters["password"]  # libpq has other places to look for one
    return parameters


def _known(settings: Mapping[str, str]) -> dict[str, str]:
    return {name: settings[name] for name in _DEFAULTS if settings.get(name)}


def _check_port(port: str) -> None:
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= _LARGEST_PORT):
        raise SettingError(f"DB_PORT is {port[:20]!a}: it must be a number from 1 to 65535")


def _dotenv() -> dict[str, str]:
    """DB_* of ``.env`` in the working directory, or in the one above."""
    for directory in (Path.cwd(), Path.cwd().parent):
        try:
            lines = (directory / ".env").read_text().splitlines()
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise SettingError(f"cannot be read: {error}", path=directory / ".env") from None
        return _known(dict(map(_assignment, lines)))
    return {}


def _assignment(line: str) -> tuple[str, str]:
    name, _, value = line.strip().removeprefix("export ").partition("=")
    value = value.strip()
    if value[:1] and value[0] in _QUOTES:
        return name.strip(), value[1:].partition(value[0])[0]
    return name.strip(), value.partition(" #")[0].rstrip()
