"""All five systems record into one log at the same time, and each sees its own."""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from eventlog import EventLog, verify
from sessions import agent, farming, practice, recovery, tracker
from sessions._shared_log import close_shared_logs
from tests.cli.helpers import eventlog

CALLS = 10_000

pytestmark = pytest.mark.usefixtures("own_directory")


@pytest.fixture
def own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENTLOG_DIR", str(tmp_path / "log"))
    for name in [name for name in os.environ if name.startswith("DB_")]:
        monkeypatch.delenv(name)
    yield
    close_shared_logs()


def record_agent() -> None:
    logger = agent.SessionLogger("AGENT-1", "together")
    for number in range(CALLS // 2):
        logger.log_task_start(f"task {number % 7}")
        logger.log_task_complete(f"task {number % 7}", duration_ms=3)
    assert logger.get_session_summary().tasks_completed == CALLS // 2
    logger.close()


def record_farming() -> None:
    statistics = farming.StatisticsTracker("Farmer_")
    statistics.enter_area("Orc Fort")
    for _ in range(CALLS - 3):
        statistics.add_gold(1)
    with farming.SessionLogger("Farmer_") as history:
        history.save_session(statistics.get_session_stats())
        assert [one["total_gold"] for one in history.load_sessions()] == [CALLS - 3]


def record_practice() -> None:
    logger = practice.SessionLogger()
    session = logger.start_session(scale_name="A", strictness=0.5, sensitivity=0.5, user_id="u-1")
    for _ in range(CALLS - 2):
        logger.log_metric(
            session_id=session, pitch_accuracy=0.5, scale_conformity=0.5, timing_stability=0.5
        )
    logger.end_session(session, 0.5, 0.5, 0.5, 1, 1, 1, 0)
    assert [one["session_id"] for one in logger.get_user_sessions("u-1")] == [session]
    logger.close()


def record_recovery() -> None:
    engine = recovery.SessionRecoveryEngine()
    for _ in range(CALLS):
        assert engine.save_session_state()
    state = engine.load_session_state()
    assert state is not None
    assert state.planet == "tatooine"
    engine.close()


def record_tracker() -> None:
    async def work(shells: tracker.SessionTracker) -> None:
        for number in range(CALLS // 2):
            start = await shells.handle_session_start(shell_started(number))
            assert start.session_id is not None, start.error
            end = tracker.SessionEndEvent(session_id=start.session_id, timestamp=shell_time(number))
            assert (await shells.handle_session_end(end)).status == "ended"

    with tracker.SessionTracker(tracker.SessionLifecycleManager()) as shells:
        asyncio.run(work(shells))


def shell_time(number: int) -> str:
    return f"2026-01-{1 + number // 3600:02}T00:{number // 60 % 60:02}:{number % 60:02}Z"


def shell_started(number: int) -> tracker.SessionStartEvent:
    return tracker.SessionStartEvent(
        event_version="1.0", event_id=uuid.uuid4(), component_name="console", shell_type="Shell",
        timestamp=shell_time(number), pid=number + 1,
        user=tracker.UserInfo(username="user", home="/home/user"), hostname="host",
        environment=tracker.EnvironmentInfo(
            python_version="3.11", platform="linux", cwd=str(Path.cwd())
        ),
    )  # fmt: skip


SYSTEMS: dict[str, Callable[[], None]] = {
    "agent": record_agent,
    "farming": record_farming,
    "practice": record_practice,
    "recovery": record_recovery,
    "shell": record_tracker,
}


def test_ten_thousand_calls_each_lose_nothing_and_see_their_own(tmp_path: Path) -> None:
    failures: dict[str, BaseException] = {}

    def guarded(name: str) -> None:
        try:
            SYSTEMS[name]()
        except BaseException as error:
            failures[name] = error

    threads = [Thread(target=guarded, args=(name,)) for name in SYSTEMS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == {}
    close_shared_logs()

    report = verify(tmp_path / "log")
    assert report.ok, report.faults[:3]
    found = Counter[tuple[str, str]]()
    with EventLog.open(tmp_path / "log", readonly=True) as log:
        for event in log.read():
            found[event.source.split("/")[0], event.type] += 1
    assert found["agent", "task.started"] == found["agent", "task.completed"] == CALLS // 2
    assert found["practice", "metric.recorded"] == CALLS - 2
    assert found["recovery", "state.saved"] == CALLS
    assert found["shell", "session.started"] == found["shell", "session.ended"] == CALLS // 2

    summaries = json.loads(eventlog("summary", tmp_path / "log", "--json").text)
    by_system = Counter(one["source"].split("/")[0] for one in summaries)
    assert set(by_system) == set(SYSTEMS)
    assert by_system["shell"] == CALLS // 2
    assert sum(one["gold"] or 0 for one in summaries) == CALLS - 3
