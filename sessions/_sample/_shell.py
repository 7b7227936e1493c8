"""An administrator's console: a login, commands, and the reason why it ended."""

from __future__ import annotations

from collections.abc import Iterator

from eventlog import SessionEnded, SessionStarted, ToolCalled
from sessions._sample._draw import Draw, Step, pick, pick_ranked, skewed

SOURCES = tuple(f"shell/console-{number:02d}" for number in range(1, 17))

_COMPONENTS = ("admin-shell", "db-console", "deploy-shell")
_USERS = ("ops", "deploy", "backup", "dba")
_COMMANDS = (
    ("systemctl", "status worker"),
    ("journalctl", "--since today"),
    ("ls", "/srv/app"),
    ("tail", "-n 200 worker.log"),
    ("df", "-h"),
    ("psql", "-c 'select count(*) from jobs'"),
    ("git", "pull --ff-only"),
    ("systemctl", "restart worker"),
    ("rsync", "-a /srv/app/Änderungen backup:"),
    ("kill", "-TERM 4711"),
    ("tar", "-czf app.tgz /srv/app"),
)
_REASONS = ("exit", "exit", "logout", "timeout", "connection lost")
_SECONDS_BETWEEN = 75


def shell(draw: Draw, seconds: float) -> Iterator[Step]:
    """Commands until the time is up."""
    yield 0.0, _started(draw)
    while seconds > 0:
        wait = skewed(draw, _SECONDS_BETWEEN)
        seconds -= wait
        yield wait, _command(draw)
    yield skewed(draw, 30), SessionEnded(pick(draw, _REASONS))


def _started(draw: Draw) -> SessionStarted:
    return SessionStarted(
        {
            "host": f"host-{1 + int(draw() * 16):02d}",
            "user": pick_ranked(draw, _USERS),
            "component": pick_ranked(draw, _COMPONENTS),
            "pid": 300 + int(draw() * 60_000),
        }
    )


def _command(draw: Draw) -> ToolCalled:
    tool, arguments = pick_ranked(draw, _COMMANDS)
    return ToolCalled(tool, {"args": arguments}, 1 + int(skewed(draw, 400)))
