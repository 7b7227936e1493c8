"""``SessionLifecycleManager``: which directories sessions work in, and which sessions are open."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any


class SessionLifecycleManager:
    """Checks a session's working directory, and knows the sessions that a tracker has open.

    It never changes the working directory of the process, and writes no files.
    """

    def __init__(self) -> None:
        self._directories: dict[str, str | None] = {}

    async def initialize_session(self, working_directory: str | None = None) -> dict[str, Any]:
        """``{"success": True, "project", "working_directory"}``, or ``False`` with an ``error``.

        The directory must exist, and no part of its path may be ``..``. None is the current one.
        """
        try:
            directory = _checked(working_directory)
        except ValueError as error:
            return {"success": False, "error": str(error)}
        return {
            "success": True,
            "project": directory.name,
            "working_directory": str(directory),
        }

    async def end_session(self, working_directory: str | None = None) -> dict[str, Any]:
        """``{"success": True, "summary"}`` with project and time of the end, or an ``error``."""
        reply = await self.initialize_session(working_directory=working_directory)
        if not reply["success"]:
            return reply
        return {
            "success": True,
            "summary": {
                "project": reply["project"],
                "working_directory": reply["working_directory"],
                "session_end_time": datetime.now(UTC).isoformat(),
            },
        }

    def register_session(self, session_id: str, working_directory: str | None = None) -> None:
        """From now on :meth:`has_session` knows it."""
        self._directories[session_id] = working_directory

    def forget_session(self, session_id: str) -> None:
        """It is over; one that is not known stays so."""
        self._directories.pop(session_id, None)

    def has_session(self, session_id: str) -> bool:
        """Whether it is registered."""
        return session_id in self._directories


@lru_cache(maxsize=64)  # what the name says; what is there is looked at each time
def _named(working_directory: str) -> Path:
    path = Path(working_directory)
    if ".." in path.parts:
        raise ValueError(
            f"working directory {working_directory!r} has a part '..': name it in full"
        )
    return path


def _checked(working_directory: str | None) -> Path:
    """The directory, absolute; ValueError when no session can work there."""
    if working_directory is None:
        return Path.cwd()
    path = _named(working_directory)
    try:
        is_directory = path.is_dir()
    except OSError as error:  # too long, no access
        raise ValueError(f"working directory {working_directory!r}: {error.strerror}") from None
    if not is_directory:
        raise ValueError(f"working directory {working_directory!r} is no directory on this host")
    return path.absolute()
