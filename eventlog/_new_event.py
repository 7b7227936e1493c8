"""An event that is about to be appended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct


class NewEvent(Struct, frozen=True):
    """What :meth:`EventLog.extend` takes, one per event.

    ``event`` is an instance of a registered event class, or a type name with ``data`` beside it.
    ``time`` is when it happened (an aware datetime); None means now, one moment for all of the
    batch. ``id`` makes a retry idempotent: the same ``source`` and ``id`` are stored once.
    ``extensions`` are further CloudEvents attributes, such as ``traceparent``.

    A Struct, as :class:`Event` is: a frozen attrs class takes nine times as long to make
    (docs/decisions/0002).
    """

    event: object
    data: Mapping[str, Any] | None = None
    subject: str | None = None
    source: str | None = None
    id: str | None = None
    time: datetime | None = None
    extensions: Mapping[str, str | int | bool] | None = None
