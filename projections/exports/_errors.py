"""What can go wrong with an export, besides the log itself."""

from __future__ import annotations

import eventlog
from eventlog import EventLogError


class ExportError(EventLogError):
    """The export could not be written; what was there before is unchanged."""


class ExportOptionError(ExportError, ValueError):
    """What was asked for does not exist or does not go together."""


class MissingExtraError(ExportError, eventlog.MissingExtraError):
    """The format needs a package that is not installed."""
