"""A working agent: tasks within tasks, and the files and tools that they take."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from eventlog import (
    FileRead,
    FileWritten,
    SessionEnded,
    SessionStarted,
    TaskCompleted,
    TaskStarted,
    ToolCalled,
)
from sessions._sample._draw import Draw, Step, between, pick, pick_ranked, skewed

SOURCES = tuple(f"agent/AGENT-{number:03d}" for number in range(1, 25))

_TASKS = (
    "run the tests",
    "fix a failing test",
    "write docs",
    "review a change",
    "read the bug report",
    "refactor the parser",
    "update dependencies",
    "add an endpoint",
    "Übersetzungen prüfen",
    "profile the importer",
    "clean up fixtures",
    "図表を更新する",
    "migrate the schema",
    "trace a slow query",
    "résumer les changements",
)
_PATHS = (
    "src/parser.py",
    "tests/test_parser.py",
    "src/api.py",
    "docs/index.md",
    "src/core/scheduler.py",
    "tests/test_api.py",
    "src/core/store.py",
    "pyproject.toml",
    "docs/Größen.md",
    "migrations/0042_add_index.sql",
    "src/cli.py",
    "scripts/release.sh",
)
_CALLS: tuple[tuple[str, dict[str, object]], ...] = (
    ("grep", {"pattern": "def parse"}),
    ("pytest", {"args": "-q tests"}),
    ("git diff", {"staged": True}),
    ("ruff", {"args": "check src"}),
    ("python", {"script": "scripts/profile.py"}),
    ("git commit", {"message": "Parser: keep the last line"}),
    ("mypy", {"args": "src"}),
    ("http get", {"url": "https://example.org/api/jobs", "timeout": 30}),
)
_PRIORITIES = ("normal", "normal", "high", "low")
_REASONS = ("done", "done", "done", "budget used", "interrupted")

_SECONDS_BETWEEN = 85
_DEEPEST = 2
_NESTED = 0.1  # of a task's steps
_NEVER_COMPLETED = 0.03
_NEVER_STARTED = 0.01


def agent(draw: Draw, seconds: float) -> Iterator[Step]:
    """Task after task until the time is up."""
    host = f"host-{1 + int(draw() * 8):02d}"
    yield 0.0, SessionStarted({"component": "agent", "host": host})
    while seconds > 0:
        for step in _task(draw, 0):
            seconds -= step[0]
            yield step
    yield between(draw, 0.5, 5), SessionEnded(pick(draw, _REASONS))


def _task(draw: Draw, depth: int) -> list[Step]:
    name = pick_ranked(draw, _TASKS)
    inside: list[Step] = []
    for _ in range(2 + int(skewed(draw, 7))):
        if depth < _DEEPEST and draw() < _NESTED:
            inside += _task(draw, depth + 1)
        inside.append((skewed(draw, _SECONDS_BETWEEN), pick(draw, _OPERATIONS)(draw)))
    return _with_ends(draw, name, inside)


def _with_ends(draw: Draw, name: str, inside: list[Step]) -> list[Step]:
    """The steps between the task's start and its completion; seldom one of the two is missing."""
    pause, rest = skewed(draw, 20), skewed(draw, 3)
    elapsed = rest + sum(wait for wait, _ in inside)
    started = (pause, TaskStarted(name, {"priority": pick(draw, _PRIORITIES)}))
    completed = (rest, TaskCompleted(name, int(elapsed * 1000)))
    chance = draw()
    if chance < _NEVER_STARTED:
        return [*inside, completed]
    if chance > 1 - _NEVER_COMPLETED:
        return [started, *inside]
    return [started, *inside, completed]


def _read(draw: Draw) -> FileRead:
    return FileRead(pick_ranked(draw, _PATHS), 200 + int(skewed(draw, 9000)))


def _write(draw: Draw) -> FileWritten:
    lines = 5 + int(skewed(draw, 120))
    return FileWritten(pick_ranked(draw, _PATHS), int(lines * between(draw, 20, 45)), lines)


def _call(draw: Draw) -> ToolCalled:
    tool, params = pick_ranked(draw, _CALLS)
    return ToolCalled(tool, params, 3 + int(skewed(draw, 1800)))


_OPERATIONS: tuple[Callable[[Draw], object], ...] = (
    *(_read, _read, _read, _read),
    *(_call, _call, _call),
    *(_write, _write),
)
