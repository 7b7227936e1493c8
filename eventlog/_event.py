"""An event as the log stores it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, field


class Event(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    repr_omit_defaults=True,
    gc=False,  # nothing in a line refers back to its event, and looking costs a third of reading
):
    """One fact, and where it stands in the log.

    The decoder fills the fields straight from a line, which is why this is a ``msgspec.Struct``
    and no attrs class (docs/decisions/0002). Equality compares all fields.
    """

    id: str
    source: str
    type: str
    time: Annotated[datetime, Meta(tz=True)]
    """When it happened (UTC). Order is by ``sequence``, never by time."""
    subject: str | None = None
    """The stream, here the session."""
    data: dict[str, Any]
    schemaversion: int = 1
    """Version of ``data``'s shape, after upcasting."""
    extensions: Mapping[str, str | int | bool] = field(name="-extensions", default_factory=dict)
    """Further CloudEvents attributes, such as ``traceparent``."""

    digits: Annotated[str, Meta(min_length=19, max_length=19)] = field(name="sequence")
    """The sequence as the line states it, 19 digits."""
    commit: int | None = None
    """On the last event of a batch: how many events the batch holds."""
    crc32: str = ""
    specversion: str = "1.0"

    @property
    def sequence(self) -> int:
        """Place in the log: gapless, from 1."""
        return int(self.digits)
