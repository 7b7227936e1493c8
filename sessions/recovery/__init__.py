"""Session recovery: saves what a session needs to go on, notices crashes, and goes on.

Start with :class:`SessionRecoveryEngine`. The functions ``get_current_location``,
``get_current_quest``, ``get_current_xp``, ``get_equipped_weapon`` and ``detect_swg_errors`` say
what a state holds and which messages there are: a program puts its own in their place, here.
"""

import time as time  # the simulated actions wait with time.sleep, which tests replace here

from sessions.recovery._actions import CommandAction
from sessions.recovery._engine import SessionRecoveryEngine, logger
from sessions.recovery._hooks import (
    detect_swg_errors,
    get_current_location,
    get_current_quest,
    get_current_xp,
    get_equipped_weapon,
)
from sessions.recovery._messages import FileMessages
from sessions.recovery._state import CrashInfo, SessionState
from sessions.recovery._supervisor import Supervisor

__all__ = [
    "CommandAction",
    "CrashInfo",
    "FileMessages",
    "SessionRecoveryEngine",
    "SessionState",
    "Supervisor",
    "detect_swg_errors",
    "get_current_location",
    "get_current_quest",
    "get_current_xp",
    "get_equipped_weapon",
    "logger",
]
