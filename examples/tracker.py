"""Shell sessions of several components, tracked by their events.

Run it: python examples/tracker.py
"""

import asyncio
import logging
import os
import platform
import socket
import sys
import tempfile
import uuid
from datetime import UTC, datetime
from pathlib import Path

from sessions.tracker import (
    EnvironmentInfo,
    SessionEndEvent,
    SessionLifecycleManager,
    SessionStartEvent,
    SessionTracker,
    UserInfo,
)


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


def started(component: str, cwd: Path) -> SessionStartEvent:
    """What a shell sends when it starts."""
    return SessionStartEvent(
        event_version="1.0",
        event_id=uuid.uuid4(),
        component_name=component,
        shell_type="AdminShell",
        timestamp=now(),
        pid=os.getpid(),
        user=UserInfo(username=os.getenv("USER", "unknown"), home=str(Path.home())),
        hostname=socket.gethostname(),
        environment=EnvironmentInfo(
            python_version=platform.python_version(), platform=platform.platform(), cwd=str(cwd)
        ),
        metadata={"ticket": "OPS-17"},
    )


async def track(tracker: SessionTracker, cwd: Path) -> None:
    event = started("db-console", cwd)
    first = await tracker.handle_session_start(event)
    again = await tracker.handle_session_start(event)  # a retry is answered, not repeated
    print(first.status, first == again)

    if first.session_id is not None:
        end = SessionEndEvent(
            session_id=first.session_id, timestamp=now(), metadata={"exit_reason": "logout"}
        )
        print((await tracker.handle_session_end(end)).status)

    unknown = SessionEndEvent(session_id="db-console-20260101-000000", timestamp=now())
    print((await tracker.handle_session_end(unknown)).status)

    refused = await tracker.handle_session_start(started("deploy-shell", cwd / "missing"))
    print(refused.status, refused.session_id)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stdout, format="log: %(message)s")
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        with SessionTracker(SessionLifecycleManager(), log_dir=directory / "log") as tracker:
            asyncio.run(track(tracker, directory))
