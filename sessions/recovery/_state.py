"""What is saved of a session, and what is known of a crash."""

from __future__ import annotations

from math import isfinite
from typing import Any

import attrs
import msgspec
from attrs import define

_YEAR_10000 = 253_402_300_800.0


@define
class SessionState:
    """A session at one moment. Times are seconds since 1970, durations are seconds.

    Example::

        from sessions.recovery import SessionRecoveryEngine

        engine = SessionRecoveryEngine()
        engine.save_session_state()
        print(engine.current_state.zone, engine.current_state.task_queue)
    """

    timestamp: float
    planet: str
    zone: str
    coordinates: list[int]
    current_quest: dict[str, Any] | None
    quest_step: int
    xp_level: int
    xp_current: int
    xp_next_level: int
    equipped_weapon: dict[str, Any] | None
    active_modes: list[str]
    task_queue: list[str]
    session_duration: float
    crash_count: int
    last_save_time: float
    recovery_enabled: bool
    auto_restart: bool
    auto_relog: bool


@define
class CrashInfo:
    """One crash. ``error_type`` is the pattern that matched, ``error_message`` the whole message.

    ``timestamp`` is in seconds since 1970. Two crashes of the same content are still two crashes
    in the engine's history; the engine updates both flags on the object that it returned.
    """

    error_type: str
    error_message: str
    timestamp: float
    recovery_attempted: bool
    recovery_successful: bool


def state_data(state: SessionState) -> dict[str, Any]:
    """The fields by name, for the log and for the state file."""
    return {name: getattr(state, name) for name in _FIELDS}


def encode_state(state: SessionState) -> bytes:
    """The state file's content; ``decode_state`` reads it."""
    return msgspec.json.format(msgspec.json.encode(state_data(state)), indent=2) + b"\n"


def decode_state(content: bytes, *, needs_place: bool) -> SessionState:
    """The state in a state file; ValueError with the reason for anything that is none.

    ``needs_place`` refuses an empty planet or zone.
    """
    try:
        state = msgspec.json.decode(content, type=SessionState)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"it holds no session state: {error}") from None
    if not 0 < state.timestamp < _YEAR_10000:
        raise ValueError(f"its timestamp {state.timestamp} is no time")
    if not (isfinite(state.last_save_time) and abs(state.last_save_time) < _YEAR_10000):
        raise ValueError(f"its last_save_time {state.last_save_time} is no time")
    if needs_place and not (state.planet and state.zone):
        raise ValueError("its planet or zone is empty")
    return state


_FIELDS = tuple(field.name for field in attrs.fields(SessionState))
