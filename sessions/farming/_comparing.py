"""Which records of the file are which sessions of the log, and what people changed by hand.

A record's ``session_id`` is no help: it has whole seconds, and sessions share it. A record is
recognized by all that it holds besides its notes, and where the same stands there twice, by its
place.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from enum import Enum
from typing import Any

from attrs import frozen

from sessions.farming._ledger import Ledger
from sessions.farming._plain import to_plain
from sessions.farming._record import content


class Change(Enum):
    """What happened to a record since the log last saw it."""

    NONE = "none"
    NOTES = "notes"
    CONTENT = "content"
    FOREIGN = "foreign"
    """The log never saw it."""


@frozen
class Found:
    """One record of the file, as it stands there."""

    record: Any
    key: str | None
    change: Change


def compare(records: list[Any], ledger: Ledger) -> list[Found]:
    """For each record of the file, in its order, which session it is."""
    if records == [record for _, record in ledger.published]:  # as mostly, and much faster
        return [Found(record, key, Change.NONE) for key, record in ledger.published]
    sessions = dict(ledger.all)
    found: dict[int, Found] = {}
    for recognize in (content, _moment):
        places = _by(recognize, sessions)
        for place, record in enumerate(records):
            mark = None if place in found else recognize(record)
            if mark is not None and places[mark]:
                key = places[mark].popleft()
                found[place] = Found(record, key, _change(record, sessions.pop(key), recognize))
    return [
        found.get(place, Found(record, None, Change.FOREIGN))
        for place, record in enumerate(records)
    ]


def _moment(record: Any) -> str | None:
    """When the session was, for records that were changed."""
    if not isinstance(record, dict) or not {"session_id", "start_time"} <= record.keys():
        return None
    return content([record["session_id"], record["start_time"]])


def _by(recognize: Callable[[Any], str | None], sessions: dict[str, Any]) -> dict[Any, deque[str]]:
    places: dict[Any, deque[str]] = defaultdict(deque)
    for key, record in sessions.items():
        places[recognize(record)].append(key)
    return places


def _change(record: Any, recorded: Any, recognized: Callable[[Any], str | None]) -> Change:
    if recognized is not content:
        return Change.CONTENT
    if not isinstance(record, dict) or to_plain(record.get("notes"))[0] == recorded.get("notes"):
        return Change.NONE
    return Change.NOTES if isinstance(record.get("notes"), str) else Change.CONTENT
