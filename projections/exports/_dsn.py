"""Where a PostgreSQL database is, and how its password stays out of every message."""

from __future__ import annotations

import os
import re
from urllib.parse import quote, unquote

from attrs import field, frozen

from projections.exports._errors import ExportOptionError

_SECRETS = ("password", "sslpassword", "oauth_client_secret")
_AUTHORITY = re.compile(r"postgres(?:ql)?://(?P<user>[^:]*):(?P<password>.*)@", re.DOTALL)
_HIDDEN = "****"
_CONNECT_SECONDS = "10"


@frozen
class Dsn:
    """A parsed DSN. Its repr shows nothing of it."""

    parameters: dict[str, str] = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> Dsn:
        """From a URI or from ``key=value`` pairs; libpq's own environment fills what is missing.

        ExportOptionError, without any part of the text, when it is neither.
        """
        from psycopg import Error
        from psycopg.conninfo import conninfo_to_dict

        if "\0" in text:  # libpq would read up to there
            raise _unreadable()
        try:
            parsed = {name: str(value) for name, value in conninfo_to_dict(text).items()}
        except (Error, ValueError):
            raise _unreadable() from None
        _check_password(text, parsed)
        return cls({**_patience(), **parsed})

    def mask(self, message: str) -> str:
        """The message on one line, without the secrets of this DSN."""
        for name in _SECRETS:
            secret = self.parameters.get(name)
            if secret:
                for form in (secret, quote(secret, safe="")):
                    message = message.replace(form, _HIDDEN)
        return " ".join(message.split())


def _check_password(text: str, parsed: dict[str, str]) -> None:
    """A password with an @ or a / of its own would end up as a host's name, and in a message."""
    found = _AUTHORITY.match(text)
    if found is not None and unquote(found["password"]) != parsed.get("password", ""):
        raise _unreadable()


def _patience() -> dict[str, str]:
    """How long to wait for a server that does not answer, where nobody says it."""
    return {} if "PGCONNECT_TIMEOUT" in os.environ else {"connect_timeout": _CONNECT_SECONDS}


def _unreadable() -> ExportOptionError:
    return ExportOptionError(
        "the DSN cannot be read: write it like postgresql://user@host/database or like"
        " 'host=... dbname=...'; in a URI, write the @ : / of a password as %40 %3A %2F"
    )
