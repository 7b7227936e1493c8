"""What the recording calls of each session system take in the caller's thread.

Run it alone: python -m benchmarks.recording_calls [--quick]

One system after the other, as a program uses one of them; the calls of a system take turns, and
each is timed by itself. The second practice logger has a database that does not answer:
PostgreSQL's address is a port of this machine where nobody listens. Calls that also write a file
are shown without a goal; they come every tenth time.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import socket
import sys
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks._machine import describe_machine
from sessions import agent, farming, practice, recovery, tracker
from sessions._shared_log import close_shared_logs

GOAL_MICROSECONDS = 100.0

_FILE = " (a file)"
"""Ends the name of a call that also writes a file."""

_FILES_EVERY = 10

Call = Callable[[int], object]
"""Its argument counts the calls. A float that it gives back is what the call took, in seconds."""


def systems(directory: Path) -> Iterator[dict[str, Call]]:
    """The recording calls of one system by name, then those of the next; each has its own log."""
    refused = f"postgresql://x@127.0.0.1:{_closed_port()}/x"
    begins: list[Callable[[ExitStack], dict[str, Call]]] = [
        lambda stack: _agent(stack, directory / "agent"),
        lambda stack: _farming(directory / "farming"),
        lambda stack: _practice(stack, directory / "practice", None, "SQLite"),
        lambda stack: _practice(stack, directory / "stopped", refused, "PostgreSQL stopped"),
        lambda stack: _recovery(stack, directory / "recovery"),
        lambda stack: _tracker(stack, directory / "shell"),
    ]
    for begin in begins:
        with ExitStack() as stack:
            yield begin(stack)
        close_shared_logs()


def _agent(stack: ExitStack, log: Path) -> dict[str, Call]:
    made = stack.enter_context(agent.SessionLogger("AGENT-1", log_dir=log))
    short = stack.enter_context(agent.SessionLogger("AGENT-2", "short", log_dir=log))
    for number in range(50):
        short.log_file_read(f"src/{number}.py", 1000)
    return {
        "agent: log_task_start": lambda n: made.log_task_start(f"task {n}", {"priority": "P1"}),
        "agent: log_task_complete": lambda n: made.log_task_complete(f"task {n}", 1000 + n),
        "agent: log_file_read": lambda n: made.log_file_read(f"src/{n % 50}.py", 1000 + n),
        "agent: log_file_write": lambda n: made.log_file_write(f"src/{n % 50}.py", 1000 + n, 50),
        "agent: log_tool_call": lambda n: made.log_tool_call("pytest", {"path": "tests"}, n),
        f"agent: save_session of 50 events{_FILE}": lambda n: short.save_session("saved"),
    }


def _farming(log: Path) -> dict[str, Call]:
    hunt = farming.StatisticsTracker("Farmer_", log_dir=log)
    history = farming.SessionLogger("Farmer_", log_dir=log)
    areas = ("Orc Fort", "Dragon Lair", "Covetous")
    for area in areas:
        hunt.enter_area(area)
        hunt.add_kill(area)
        hunt.add_gold(100)
        hunt.use_supply("bandages")
    stats = hunt.get_session_stats()
    return {
        "farming: enter_area": lambda n: hunt.enter_area(areas[n % 3]),
        "farming: add_gold": hunt.add_gold,
        "farming: add_kill": lambda n: hunt.add_kill("orc", 1 + n % 3),
        "farming: add_flee": lambda n: hunt.add_flee("ettin nearby"),
        "farming: use_supply": lambda n: hunt.use_supply("bandages", 2),
        f"farming: save_session{_FILE}": lambda n: history.save_session(stats),
    }


def _practice(stack: ExitStack, log: Path, dsn: str | None, kind: str) -> dict[str, Call]:
    logger = practice.SessionLogger(log_dir=log, dsn=dsn)
    stack.callback(logger.close)
    sessions: list[str] = []
    start = partial(logger.start_session, scale_name="A Minor", strictness=0.7, sensitivity=0.5)
    return {
        f"practice: start_session, {kind}": lambda n: sessions.append(start()),
        f"practice: log_metric, {kind}": _metric(logger, start()),
        f"practice: end_session, {kind}": lambda n: logger.end_session(
            sessions[-1], 0.87, 0.75, 0.8, 45, 4, 42, 3
        ),
    }


def _recovery(stack: ExitStack, log: Path) -> dict[str, Call]:
    engine = recovery.SessionRecoveryEngine(log_dir=log)
    stack.callback(engine.close)
    return {"recovery: save_session_state": lambda n: engine.save_session_state()}


def _metric(logger: practice.SessionLogger, session: str) -> Call:
    detail = {"detected_hz": 220.4, "pitch_class": 9, "in_scale": True, "note_detected": True}

    def call(number: int) -> None:
        logger.log_metric(
            session_id=session, pitch_accuracy=0.85, scale_conformity=0.6, timing_stability=0.72,
            debug_info=detail,
        )  # fmt: skip

    return call


def _tracker(stack: ExitStack, log: Path) -> dict[str, Call]:
    """The events are the caller's, and so is the loop: only the calls in it are timed."""
    shells = stack.enter_context(
        tracker.SessionTracker(tracker.SessionLifecycleManager(), log_dir=log)
    )
    loop = asyncio.new_event_loop()
    stack.callback(loop.close)
    begun = datetime(2026, 1, 1, tzinfo=UTC)
    ids: list[str | None] = []

    async def timed(handle: Callable[[Any], Awaitable[Any]], event: object) -> float:
        start = time.perf_counter()
        result = await handle(event)
        seconds = time.perf_counter() - start
        ids.append(result.session_id)
        return seconds

    def start(number: int) -> float:
        event = tracker.SessionStartEvent(
            event_version="1.0", event_id=uuid.uuid4(), component_name="console",
            shell_type="Shell",
            timestamp=(begun + timedelta(seconds=number)).isoformat().replace("+00:00", "Z"),
            pid=number + 1, user=tracker.UserInfo(username="user", home="/home/user"),
            hostname="host",
            environment=tracker.EnvironmentInfo(
                python_version="3.11", platform="linux", cwd=str(Path.cwd())
            ),
        )  # fmt: skip
        return loop.run_until_complete(timed(shells.handle_session_start, event))

    def end(number: int) -> float:
        event = tracker.SessionEndEvent(
            session_id=str(ids[-1]), timestamp=(begun + timedelta(days=1)).isoformat()
        )
        return loop.run_until_complete(timed(shells.handle_session_end, event))

    return {"tracker: handle_session_start": start, "tracker: handle_session_end": end}


def _closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def measure(directory: Path, rounds: int) -> dict[str, list[float]]:
    """Microseconds of each call, by what was called."""
    taken: dict[str, list[float]] = {}
    for by_name in systems(directory):
        taken |= {name: [] for name in by_name}
        for number in range(rounds):
            for name, call in by_name.items():
                if name.endswith(_FILE) and number % _FILES_EVERY:
                    continue
                begun = time.perf_counter()
                inside = call(number)
                seconds = time.perf_counter() - begun
                taken[name].append((inside if isinstance(inside, float) else seconds) * 1e6)
    return taken


def recording_page(*, quick: bool) -> str:
    """The measured table."""
    rounds = 500 if quick else 5000
    logging.getLogger("sessions").setLevel(logging.CRITICAL)  # the stopped database says so
    before, scratch = Path.cwd(), Path(tempfile.mkdtemp(prefix="eventlog-calls-"))
    os.chdir(scratch)  # the recovery engine keeps its state file below the working directory
    try:
        taken = measure(scratch, rounds)
    finally:
        close_shared_logs()
        os.chdir(before)
        shutil.rmtree(scratch)
    lines = [
        "## One recording call",
        "",
        f"{rounds:,} calls each; microseconds in the caller's thread. The goal is a",
        f"median under {GOAL_MICROSECONDS:g}. Calls that also write a file have none, and come",
        "every tenth time.",
        "",
        "| call | median | 99 % | 99.9 % | goal |",
        "|---|---:|---:|---:|---|",
    ]
    for name, values in taken.items():
        values.sort()
        p99, p999 = values[int(len(values) * 0.99)], values[int(len(values) * 0.999)]
        met = "met" if median(values) < GOAL_MICROSECONDS else "missed"
        verdict = "" if name.endswith(_FILE) else met
        lines.append(f"| {name} | {median(values):.1f} | {p99:.1f} | {p999:.1f} | {verdict} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(f"{describe_machine()}.\n\n{recording_page(quick='--quick' in sys.argv[1:])}")
