"""What can go wrong with a projection itself."""

from __future__ import annotations

from typing import Any

from eventlog import Event, EventLogError
from projections._protocol import Projection


class ProjectionError(EventLogError):
    """A projection broke a promise, or raised; the message names it, and says what to change.

    ``sequence`` is that of the event it was given, when there was one.
    """


def apply_failed(
    projection: Projection[Any, Any], event: Event, error: Exception
) -> ProjectionError:
    """The error for an event that ``apply`` raised on."""
    return ProjectionError(
        f"projection {projection.name!r} failed on an event of type {event.type!r}: "
        f"{type(error).__name__}: {error}. Count data that it cannot use as incomplete instead",
        sequence=event.sequence,
    )
