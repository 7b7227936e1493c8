"""What one recording call of each session system takes in the caller's thread.

Run it alone: python -m benchmarks.recording_calls [--quick]

Calls of all systems take turns, so that a noisy moment hits all of them; each is timed by itself.
The second practice logger has a database that does not answer: PostgreSQL's address is a port of
this machine where nobody listens.
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
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from benchmarks._machine import describe_machine
from sessions import agent, farming, practice, recovery, tracker
from sessions._shared_log import close_shared_logs

GOAL_MICROSECONDS = 100.0

Call = Callable[[int], object]


@contextmanager
def calls(directory: Path) -> Iterator[dict[str, Call]]:
    """A recording call per system, on one log each; the argument counts the calls."""
    with ExitStack() as stack:
        activity = stack.enter_context(agent.SessionLogger("AGENT-1", log_dir=directory / "agent"))
        hunt = farming.StatisticsTracker("Farmer_", log_dir=directory / "farming")
        hunt.enter_area("Orc Fort")
        engine = recovery.SessionRecoveryEngine(log_dir=directory / "recovery")
        stack.callback(engine.close)
        shells = stack.enter_context(
            tracker.SessionTracker(tracker.SessionLifecycleManager(), log_dir=directory / "shell")
        )
        loop = asyncio.new_event_loop()
        stack.callback(loop.close)
        yield {
            "agent: log_file_read": lambda n: activity.log_file_read(f"src/{n % 50}.py", 1000 + n),
            "farming: add_gold": hunt.add_gold,
            "practice: log_metric, SQLite": _metric(stack, directory / "practice", None),
            "practice: log_metric, PostgreSQL stopped": _metric(
                stack, directory / "stopped", f"postgresql://x@127.0.0.1:{_closed_port()}/x"
            ),
            "recovery: save_session_state": lambda n: engine.save_session_state(),
            "tracker: handle_session_start": _shell_start(loop, shells),
        }


def _metric(stack: ExitStack, log: Path, dsn: str | None) -> Call:
    logger = practice.SessionLogger(log_dir=log, dsn=dsn)
    stack.callback(logger.close)
    session = logger.start_session(scale_name="A Minor", strictness=0.7, sensitivity=0.5)
    detail = {"detected_hz": 220.4, "pitch_class": 9, "in_scale": True, "note_detected": True}

    def call(number: int) -> None:
        logger.log_metric(
            session_id=session, pitch_accuracy=0.85, scale_conformity=0.6, timing_stability=0.72,
            debug_info=detail,
        )  # fmt: skip

    return call


def _shell_start(loop: asyncio.AbstractEventLoop, shells: tracker.SessionTracker) -> Call:
    """The event is the caller's, and so is the loop: only the call in it is timed."""
    begun = datetime(2026, 1, 1, tzinfo=UTC)

    async def timed(event: tracker.SessionStartEvent) -> float:
        start = time.perf_counter()
        await shells.handle_session_start(event)
        return time.perf_counter() - start

    def call(number: int) -> float:
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
        return loop.run_until_complete(timed(event))

    return call


def _closed_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def measure(directory: Path, rounds: int) -> dict[str, list[float]]:
    """Microseconds of each call, by what was called."""
    with calls(directory) as by_name:
        taken: dict[str, list[float]] = {name: [] for name in by_name}
        for number in range(rounds):
            for name, call in by_name.items():
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
        f"{rounds:,} calls each, in turn; microseconds in the caller's thread. The goal is a",
        f"median under {GOAL_MICROSECONDS:g}.",
        "",
        "| call | median | 99 % | 99.9 % | goal |",
        "|---|---:|---:|---:|---|",
    ]
    for name, values in taken.items():
        values.sort()
        p99, p999 = values[int(len(values) * 0.99)], values[int(len(values) * 0.999)]
        verdict = "met" if median(values) < GOAL_MICROSECONDS else "missed"
        lines.append(f"| {name} | {median(values):.1f} | {p99:.1f} | {p999:.1f} | {verdict} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(f"{describe_machine()}.\n\n{recording_page(quick='--quick' in sys.argv[1:])}")
