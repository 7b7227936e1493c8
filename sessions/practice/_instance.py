"""The process's one logger."""

from __future__ import annotations

from threading import Lock

from sessions.practice._logger import SessionLogger

_instance: SessionLogger | None = None
_making = Lock()


def get_session_logger() -> SessionLogger:
    """The process's one logger, made by the first call with what the environment says then."""
    global _instance  # noqa: PLW0603 - that is what it is
    with _making:
        if _instance is None or _instance.closed:
            _instance = SessionLogger()
        return _instance


def initialize_session_logger() -> SessionLogger:
    """The same as :func:`get_session_logger`, for programs that want it made at their start."""
    return get_session_logger()


def close() -> None:
    """Close the process's one logger, if there is one. The next call makes another."""
    if _instance is not None:
        _instance.close()
