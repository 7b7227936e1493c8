"""Where a state comes from: functions that programs replace with their own.

They are looked up in ``sessions.recovery`` at each call, so replacing them there is enough::

    import sessions.recovery as recovery
    recovery.get_current_location = my_location

Until then they answer with made-up values, so that everything can be tried out.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from sessions.recovery._state import SessionState

logger = logging.getLogger("sessions.recovery")


def get_current_location() -> dict[str, Any]:
    """``planet``, ``zone``, and ``coordinates`` as a list of whole numbers."""
    return {"planet": "tatooine", "zone": "mos_eisley", "coordinates": [100, 200]}


def get_current_quest() -> dict[str, Any] | None:
    """``name``, ``step``, ``objectives``; None without a quest."""
    return {"name": "Test Quest", "step": 1, "objectives": ["Test objective"]}


def get_current_xp() -> dict[str, Any]:
    """``level``, ``xp``, ``next_level``: whole numbers."""
    return {"level": 10, "xp": 1500, "next_level": 2000}


def get_equipped_weapon() -> dict[str, Any] | None:
    """``type`` and ``name``; None without a weapon."""
    return {"type": "rifle", "name": "E-11 Blaster Rifle"}


def detect_swg_errors() -> list[str]:
    """The messages in which crashes are looked for."""
    return []


def hook(name: str) -> Callable[[], Any]:
    """The function that has that name in ``sessions.recovery`` now."""
    found: Callable[[], Any] = getattr(sys.modules["sessions.recovery"], name)
    return found


@frozen
class _Part:
    """Some fields of a state: the switch that tracks them, their hook, how to take its answer."""

    switch: str
    default: Callable[[], Any]
    take: Callable[[Any], dict[str, Any]]
    untracked: Mapping[str, Any]


def capture_fields(tracking: Mapping[str, bool], known: SessionState | None) -> dict[str, Any]:
    """The fields that hooks tell of. A switch that is off leaves its fields neutral.

    Where nobody replaced a hook, or it fails, ``known`` has the best answer: made-up values must
    not take the place of real ones. Without ``known`` they do.
    """
    fields: dict[str, Any] = {}
    for part in _PARTS:
        if tracking["enabled"] and tracking[part.switch]:
            fields |= _ask(part, known)
        else:
            fields |= part.untracked
    return fields


def _ask(part: _Part, known: SessionState | None) -> dict[str, Any]:
    ask = hook(part.default.__name__)
    if ask is not part.default:
        try:
            return part.take(ask())
        except Exception as error:  # whatever a program's own function may raise
            instead = "made-up values" if known is None else "the last known values"
            logger.warning("%s failed, %s are used: %r", part.default.__name__, instead, error)
    if known is None:
        return part.take(part.default())
    return {name: getattr(known, name) for name in part.untracked}


def _location(answer: Any) -> dict[str, Any]:
    coordinates = [int(one) for one in answer["coordinates"]]
    return {
        "planet": str(answer["planet"]),
        "zone": str(answer["zone"]),
        "coordinates": coordinates,
    }


def _quest(answer: Any) -> dict[str, Any]:
    if answer is None:
        return {"current_quest": None, "quest_step": 0}
    return {"current_quest": dict(answer), "quest_step": int(answer.get("step", 0))}


def _xp(answer: Any) -> dict[str, Any]:
    return {
        "xp_level": int(answer["level"]),
        "xp_current": int(answer["xp"]),
        "xp_next_level": int(answer["next_level"]),
    }


def _weapon(answer: Any) -> dict[str, Any]:
    return {"equipped_weapon": None if answer is None else dict(answer)}


_PARTS = (
    _Part("track_location", get_current_location, _location,
          {"planet": "", "zone": "", "coordinates": []}),
    _Part("track_quests", get_current_quest, _quest, _quest(None)),
    _Part("track_xp", get_current_xp, _xp, _xp({"level": 0, "xp": 0, "next_level": 0})),
    _Part("track_equipment", get_equipped_weapon, _weapon, _weapon(None)),
)  # fmt: skip
