"""Every error this package raises on purpose, under one base.

An error says what happened, where (path, byte offset, sequence) and what to do next.
The command line maps the classes to exit codes in one place; nothing else catches them.
"""

from __future__ import annotations

from pathlib import Path


class EventLogError(Exception):
    """Base of all errors of this package.

    ``path``, ``offset`` (bytes from the start of the file, after decompression when the file
    is a sealed segment) and ``sequence`` are None where they do not apply.
    """

    def __init__(
        self,
        message: str,
        *,
        path: Path | str | None = None,
        offset: int | None = None,
        sequence: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = None if path is None else Path(path)
        self.offset = offset
        self.sequence = sequence

    def __str__(self) -> str:
        place = [
            text
            for text, known in (
                (str(self.path), self.path is not None),
                (f"byte {self.offset}", self.offset is not None),
                (f"sequence {self.sequence}", self.sequence is not None),
            )
            if known
        ]
        return f"{self.message} ({', '.join(place)})" if place else self.message


class LogNotFoundError(EventLogError):
    """There is no log at this path."""


class NotALogError(EventLogError):
    """The path exists, and is no event log."""


class UnsupportedFormatError(EventLogError):
    """The log was written in a format that this version does not know."""


class InvalidEventError(EventLogError, ValueError):
    """The event was refused; nothing was written."""


class DamagedLogError(EventLogError):
    """Bytes of the log are not what was written."""


class PrunedError(EventLogError):
    """What was asked for begins or ends before the oldest event that the log still holds."""


class ConflictError(EventLogError):
    """The log already holds something that contradicts this write."""


class LockTimeoutError(EventLogError):
    """Another writer held the log for longer than the caller wanted to wait."""


class ReadOnlyError(EventLogError):
    """A write was asked of a log that was opened for reading."""


class ClosedLogError(EventLogError):
    """The log was closed before this call."""


class WriterFailedError(EventLogError):
    """An earlier write or fsync failed: this writer takes nothing more. Open the log again."""


class MissingExtraError(EventLogError):
    """This needs a package that is not installed."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} is not installed: pip install 'eventlog[{extra}]'")


class InvalidKeyError(EventLogError, ValueError):
    """This is no key, or not the kind of key that is needed here."""


class InvalidProofError(EventLogError, ValueError):
    """A checkpoint or a proof was refused: it does not show what it should."""
