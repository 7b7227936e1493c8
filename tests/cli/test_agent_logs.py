"""Real activity logs of agents: imported, counted, summarized, and compared with plain json."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from eventlog import EventLog
from tests.cli.helpers import PROJECT, Outcome, eventlog, sound

LOGS = PROJECT / ".." / "shared" / "data" / "agent-logs"
RENAMES = {
    "task_start": "task.started",
    "task_started": "task.started",
    "task_complete": "task.completed",
    "task_completed": "task.completed",
    "task_done": "task.completed",
}
OPTIONS = [
    "--map", "type=event,event_type",
    "--map", "time=ts,timestamp",
    "--map", "subject=agent,agent_id,bot_id,bee",
    "--map", "data.task=task,task_id",
    "--default", "type=activity.noted",
    *(part for old, new in RENAMES.items() for part in ("--rename", f"{old}={new}")),
]  # fmt: skip

pytestmark = pytest.mark.skipif(
    not LOGS.is_dir(), reason="NOT TESTED: the real agent logs are not beside the project"
)


def import_them(log: Path) -> Outcome:
    return eventlog("import", log, *sorted(LOGS.glob("*.jsonl")), *OPTIONS)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of them, imported once."""
    path = tmp_path_factory.mktemp("agents") / "log"
    assert import_them(path).code == 3
    return path


def first_of(event: dict[str, Any], *names: str) -> Any:
    return next((event[name] for name in names if event.get(name) not in (None, "")), None)


def plain_events() -> tuple[list[dict[str, Any]], list[str]]:
    """What the standard library reads: the events, and the places of the lines that are no JSON."""
    events, bad = [], []
    for path in sorted(LOGS.glob("*.jsonl")):
        lines = path.read_text("utf-8-sig").split("\n")
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                events.append(json.loads(line))
            except ValueError:
                bad.append(f"{path}:{number}")
    return events, bad


def test_each_line_is_imported_or_named_with_its_place_and_the_reason(tmp_path: Path) -> None:
    outcome = import_them(tmp_path / "log")
    events, bad = plain_events()
    assert (len(events), len(bad)) == (1057, 5)
    assert outcome.code == 3
    assert outcome.text == "imported 1,057 events, 5 lines rejected\n"
    named = re.findall(r"^rejected: (.*:\d+): not valid JSON: \S.*$", outcome.err, re.MULTILINE)
    assert named == bad


def test_a_second_import_adds_nothing(log: Path) -> None:
    before = (log / "rejects.jsonl").read_bytes()
    again = import_them(log)
    assert again.code == 3
    assert again.text == "imported 0 events, 1,057 already there, 5 lines rejected\n"
    assert (log / "rejects.jsonl").read_bytes() == before
    assert sound(log) == 1057


def test_the_summary_shows_each_agent_with_its_events(log: Path) -> None:
    events, _ = plain_events()
    expected = Counter(first_of(event, "agent", "agent_id", "bot_id", "bee") for event in events)
    summaries = eventlog("summary", log, "--json").json
    assert {one["subject"]: one["events"] for one in summaries} == expected


def test_the_summary_counts_tasks_and_what_is_incomplete(log: Path) -> None:
    started: Counter[str] = Counter()
    completed: Counter[str] = Counter()
    incomplete: Counter[str] = Counter()
    for event in plain_events()[0]:
        subject = first_of(event, "agent", "agent_id", "bot_id", "bee")
        type_ = first_of(event, "event", "event_type") or "activity.noted"
        kind = RENAMES.get(type_, type_)
        started[subject] += kind == "task.started"
        completed[subject] += kind == "task.completed"
        has_task = isinstance(first_of(event, "task", "task_id"), str)
        incomplete[subject] += kind in RENAMES.values() and not has_task
    summaries = eventlog("summary", log, "--json").json
    assert {one["subject"]: one["tasks_started"] for one in summaries} == dict(started)
    assert {one["subject"]: one["tasks_completed"] for one in summaries} == dict(completed)
    assert {one["subject"]: one["incomplete"] for one in summaries} == dict(incomplete)
    assert sum(incomplete.values()) > 0


def test_the_table_shows_each_agent_once(log: Path) -> None:
    outcome = eventlog("summary", log)
    rows = [line.split()[0] for line in outcome.text.splitlines()[1:]]
    assert rows == [one["subject"] for one in eventlog("summary", log, "--json").json]
    assert "incomplete" in outcome.text.splitlines()[0]
    assert outcome.err == f"{len(rows)} sessions, 1,057 events\n"


def test_the_log_verifies_clean_also_when_sealed(tmp_path: Path) -> None:
    import_them(tmp_path / "log")
    assert sound(tmp_path / "log") == 1057
    assert eventlog("seal", tmp_path / "log").code == 0
    assert sound(tmp_path / "log") == 1057


def test_times_are_kept_as_instants(log: Path) -> None:
    first = plain_events()[0][0]
    with EventLog.open(log, readonly=True) as opened:
        event = next(opened.read())
    assert first["ts"] == "2025-10-23T00:00:00.000000Z"
    assert event.time.isoformat() == "2025-10-23T00:00:00+00:00"
