"""How a change of the disk is called: what the program was doing, and to what it was done."""

from __future__ import annotations

from types import FrameType

from eventlog._format import (
    CACHE_NAME,
    IDENTITY_NAME,
    LOCK_NAME,
    MANIFEST_NAME,
    QUARANTINE_NAME,
    SEGMENTS_NAME,
)

_ACTIVITIES = {
    "create_log": "create",
    "recover": "recover",
    "finish_sealing": "clean up",
    "quarantine": "quarantine",
    "_cut": "cut",
    "catch_up": "catch up",
    "append": "append",
    "extend": "append",
    "append_held": "append",
    "_open_next": "rotate",
    "seal_segment": "seal",
    "prune": "prune",
    "_finish": "close",
    "_sync_all": "sync",
}
"""By the function of ``eventlog`` that asked for a change, the innermost one of these."""

_PLACES = {
    "": "parent directory",
    SEGMENTS_NAME: "segments directory",
    QUARANTINE_NAME: "quarantine directory",
    CACHE_NAME: "cache",
    IDENTITY_NAME: "log.json",
    f"{IDENTITY_NAME}.tmp": "temporary log.json",
    MANIFEST_NAME: "manifest",
    LOCK_NAME: "lock file",
}
_ENDINGS = {".tmp": "temporary segment", ".zst": "sealed segment", ".jsonl": "raw segment"}


def activity_of(frame: FrameType | None) -> str:
    """What the program is doing, seen from its stack."""
    outer = ""
    while frame is not None:
        known = _ACTIVITIES.get(frame.f_code.co_name)
        in_log = str(frame.f_globals.get("__name__")).startswith("eventlog.")
        if known is not None and in_log:
            if known != "sync":
                return known
            outer = outer or known
        frame = frame.f_back
    return outer or "other"


def is_background(frame: FrameType | None) -> bool:
    """Whether the sealer's thread asks, seen from its stack."""
    while frame is not None:
        place = frame.f_globals.get("__name__"), frame.f_code.co_name
        if place == ("eventlog._sealer", "_seal"):
            return True
        frame = frame.f_back
    return False


def role_of(path: str) -> str:
    """What a file or directory is to the log; ``path`` begins with the name of the log."""
    if path == ".":
        return "parent directory"
    _, _, inside = path.partition("/")
    if not inside:
        return "log directory"
    if inside in _PLACES:
        return _PLACES[inside]
    if inside.startswith(f"{QUARANTINE_NAME}/"):
        return "quarantined file"
    return next(role for ending, role in _ENDINGS.items() if path.endswith(ending))
