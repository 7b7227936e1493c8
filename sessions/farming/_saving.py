"""A finished session as events: what every reader of the log understands, and the record itself."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time as clock
from collections.abc import Mapping
from typing import Any

from eventlog import InvalidEventError
from eventlog._values import encode_data
from sessions._texts import session_key
from sessions.farming._history import History
from sessions.farming._plain import to_plain
from sessions.farming._record import make_record, moment, summary_of

logger = logging.getLogger("sessions.farming")

_MOST_BYTES = 1_000_000  # the log takes 1 MiB a line, and the envelope needs some of it

# Statistics hold keys of the bot's own, too. They are kept for audits, but never at the cost of
# the session: beyond this many characters they stay out.
_MOST_STATS = 200_000

_TRACKED = re.compile(r"[^\x00-\x1f\x7f-\x9f]{1,200}~[0-9a-f]{12}")

_saved: set[str] = set()  # the sessions that trackers of this process began, and that were saved


def new_key(public_id: str) -> str:
    """A subject of its own for a session."""
    return session_key(public_id, secrets.token_hex(6))


def started(key_prefix: object) -> dict[str, Any]:
    """The data of session.started."""
    return {"component": "farming", "key_prefix": to_plain(key_prefix)[0]}


def save(
    history: History, key_prefix: object, stats: Mapping[str, Any], file: str
) -> tuple[str, dict[str, Any]]:
    """Record the session that ends now; its key and its record.

    Errors as for :meth:`SessionLogger.save_session`, before anything is recorded.
    """
    record, replaced = to_plain(make_record(stats, clock.time()))
    if replaced:
        places = ", ".join(place.removeprefix(".") for place in replaced[:5])
        logger.error("JSON cannot hold some statistics, stored as text: %s", places)
    data = {**summary_of(record), "file": file, "record": record, "stats": _raw(stats)}
    _check_size(data)
    key = _tracked_key(stats)
    if key is None:
        key = new_key(record["session_id"])
        history.record("session.started", key, started(key_prefix), moment(record["start_time"]))
    history.record("session.summarized", key, data, moment(record["end_time"]))
    return key, record


def _tracked_key(stats: Mapping[str, Any]) -> str | None:
    """The tracker's, once: a second save of its session is a second record."""
    key = stats.get("session_key")
    if not isinstance(key, str) or not _TRACKED.fullmatch(key) or key in _saved:
        return None
    _saved.add(key)
    return key


def _raw(stats: Mapping[str, Any]) -> Any:
    plain = to_plain(dict(stats))[0]
    characters = len(json.dumps(plain))
    return plain if characters <= _MOST_STATS else {"left_out_characters": characters}


def _check_size(data: Mapping[str, Any]) -> None:
    size = len(encode_data(data))
    if size > _MOST_BYTES:
        raise InvalidEventError(
            f"the session takes {size} bytes, and {_MOST_BYTES} is the most: give a shorter "
            "enemy_breakdown, area_performance or supplies_used"
        )
