"""Real activity logs of coding agents, as untidy as they were found."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from eventlog.importing import ImportOptions
from tests.importing.helpers import counts, events, options, rejects, run

LOGS = Path(__file__).parents[2] / "../shared/data/agent-logs"

pytestmark = pytest.mark.skipif(
    not LOGS.is_dir(), reason=f"NOT TESTED: the real activity logs are not at {LOGS}"
)


def as_documented() -> ImportOptions:
    return options(
        [
            "type=event,event_type",
            "time=ts,timestamp",
            "subject=agent,agent_id,bot_id,bee",
            "data.task=task,task_id",
        ],
        ["type=activity.noted"],
        [
            "task_start=task.started",
            "task_started=task.started",
            "task_complete=task.completed",
            "task_completed=task.completed",
            "task_done=task.completed",
        ],
    )


def test_all_that_can_be_read_is_imported_once_and_the_rest_is_kept(tmp_path: Path) -> None:
    files = sorted(LOGS.glob("*.jsonl"))
    assert len(files) == 33
    assert counts(run(tmp_path / "log", *files, with_=as_documented())) == (1057, 0, 5)
    assert counts(run(tmp_path / "log", *files, with_=as_documented())) == (0, 1057, 5)
    assert len(events(tmp_path / "log")) == 1057
    kept = rejects(tmp_path / "log")
    assert [(Path(entry["file"]).name, entry["line"]) for entry in kept] == [
        ("CLAUDE-CODE-001-activity.jsonl", 32),
        ("CLAUDE-CODE-002-activity.jsonl", 22),
        ("CLAUDE-CODE-002-activity.jsonl", 23),
        ("CLAUDE-CODE-004-activity.jsonl", 3),
        ("CLAUDE-CODE-004-activity.jsonl", 16),
    ]
    assert all(entry["reason"] and entry["raw"] for entry in kept)


def test_names_and_defaults_bring_the_types_together(tmp_path: Path) -> None:
    run(tmp_path / "log", *sorted(LOGS.glob("*.jsonl")), with_=as_documented())
    found = events(tmp_path / "log")
    types = Counter(event.type for event in found)
    assert types["activity.noted"] == 25
    assert not {"task_start", "task_started", "task_complete", "task_completed"} & set(types)
    assert all(event.subject for event in found)
