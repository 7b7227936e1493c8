"""What can go wrong with an export, besides the log itself."""

from __future__ import annotations

from eventlog import EventLogError


class ExportError(EventLogError):
    """The export could not be written; what was there before is unchanged."""


class ExportOptionError(ExportError, ValueError):
    """What was asked for does not exist or does not go together."""


class MissingExtraError(ExportError):
    """The format needs a package that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed: pip install 'eventlog[{extra}]'")
