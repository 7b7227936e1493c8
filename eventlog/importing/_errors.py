"""What stops an import altogether, unlike a bad line, which never does."""

from __future__ import annotations

from eventlog._errors import EventLogError


class ImportOptionError(EventLogError, ValueError):
    """An option of the import makes no sense; nothing was read."""


class ImportInputError(EventLogError):
    """An input cannot be imported at all; nothing of it was written."""
