"""The answers against an independent computation: SQL by DuckDB, over the log's own files."""

from __future__ import annotations

from collections.abc import Iterator
from math import isclose
from pathlib import Path
from typing import Any

import duckdb
import pytest

from eventlog import EventLog
from eventlog.importing import (
    ImportOptions,
    import_files,
    parse_defaults,
    parse_map,
    parse_renames,
)
from projections import (
    Areas,
    PracticeMetrics,
    RecoverySnapshots,
    SessionAnalyses,
    SessionSummaries,
    project,
    to_document,
)
from sessions.sample import write_sample

AGENT_LOGS = Path(__file__).parents[2] / "../shared/data/agent-logs"
TASK_NAMES = ("task_start", "task_started", "task_complete", "task_completed", "task_done")

EVENTS = """
CREATE VIEW events AS
SELECT CAST(sequence AS BIGINT) AS sequence, source, type, subject,
       CAST(time AS TIMESTAMPTZ) AS time, data
FROM read_json($files, format = 'newline_delimited', columns = {
    source: 'VARCHAR', type: 'VARCHAR', subject: 'VARCHAR', time: 'VARCHAR',
    sequence: 'VARCHAR', data: 'JSON'})
"""


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sql") / "demo.eventlog"
    with EventLog.open(path, sync="never", segment_bytes=1 << 20) as log:
        write_sample(log, 400)
    return path


@pytest.fixture(scope="module")
def agents(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not AGENT_LOGS.is_dir():
        pytest.skip(f"the agent logs are not at {AGENT_LOGS}")
    path = tmp_path_factory.mktemp("sql") / "agents.eventlog"
    options = ImportOptions(
        map=parse_map(
            ["type=event,event_type", "time=ts,timestamp", "subject=agent,agent_id,bot_id,bee",
             "data.task=task,task_id"]
        ),
        defaults=parse_defaults(["type=activity.noted"]),
        rename=parse_renames(
            [f"{name}=task.{'started' if 'start' in name else 'completed'}" for name in TASK_NAMES]
        ),
    )  # fmt: skip
    with EventLog.open(path, sync="never", segment_events=300) as log:
        import_files(log, sorted(AGENT_LOGS.glob("*.jsonl")), options)
    return path


@pytest.fixture(params=["demo", "agents"])
def log(request: pytest.FixtureRequest) -> Iterator[EventLog]:
    with EventLog.open(request.getfixturevalue(request.param), readonly=True) as opened:
        yield opened


def query(log: EventLog, sql: str) -> list[dict[str, Any]]:
    """The rows of a query over the view ``events``, read from the segments themselves."""
    files = sorted(str(path) for path in (log.path / "segments").iterdir() if path.stat().st_size)
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        database.execute(EVENTS.replace("$files", str(files)))
        result = database.execute(sql)
        names = [column[0] for column in result.description]
        return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def answer(log: EventLog, projection: Any) -> Any:
    return to_document(project(log, projection))


def same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Equal in every name of ``expected``; floats as far as an inexact sum allows."""
    for name, value in expected.items():
        if isinstance(value, float) and found[name] is not None:
            assert isclose(found[name], value, rel_tol=1e-9), (name, found, expected)
        else:
            assert found[name] == value, (name, found, expected)


def test_the_summaries(log: EventLog) -> None:
    rows = query(
        log,
        """
        SELECT subject,
               arg_min(source, sequence) AS source,
               count(*) AS events,
               strftime(min(time), '%Y-%m-%dT%H:%M:%S.%fZ') AS started,
               (epoch_us(max(time)) - epoch_us(min(time))) // 1000 AS duration_ms,
               count(*) FILTER (type = 'task.started') AS tasks_started,
               count(*) FILTER (type = 'task.completed') AS tasks_completed,
               count(*) FILTER (type = 'file.read') AS files_read,
               count(*) FILTER (type = 'file.written') AS files_written,
               count(*) FILTER (type = 'tool.called') AS tool_calls,
               arg_max(CAST(data->>'notes' AS VARCHAR), sequence)
                   FILTER (type = 'session.annotated') AS notes,
               coalesce(
                   arg_max(CAST(data->>'gold' AS DOUBLE), sequence)
                       FILTER (type = 'session.summarized'),
                   sum(CAST(coalesce(data->>'gold', '0') AS DOUBLE)) FILTER (type = 'area.visited')
               ) AS gold
        FROM events GROUP BY subject ORDER BY min(sequence)
        """,
    )
    found = answer(log, SessionSummaries())
    assert [row["subject"] for row in found] == [row["subject"] for row in rows]
    for one, expected in zip(found, rows, strict=True):
        same(one, expected)
        hours = expected["duration_ms"] / 3_600_000
        same(one, {"velocity": expected["tasks_completed"] / hours if hours else 0.0})


def test_open_tasks_by_replaying_starts_and_completions(log: EventLog) -> None:
    """Per name, a completion takes an open start when there is one: the running minimum tells."""
    rows = query(
        log,
        """
        WITH steps AS (
            SELECT subject, data->>'task' AS task, sequence,
                   CASE type WHEN 'task.started' THEN 1 ELSE -1 END AS step
            FROM events
            WHERE type IN ('task.started', 'task.completed')
                  AND json_type(data, '$.task') = 'VARCHAR'
        ), running AS (
            SELECT *, sum(step) OVER (PARTITION BY subject, task ORDER BY sequence) AS level
            FROM steps
        ), names AS (
            SELECT subject, task, sum(step) AS balance, greatest(0, -min(level)) AS unstarted
            FROM running GROUP BY subject, task
        )
        SELECT subject, CAST(sum(balance + unstarted) AS BIGINT) AS tasks_open,
               CAST(sum(unstarted) AS BIGINT) AS tasks_unstarted
        FROM names GROUP BY subject
        """,
    )
    found = {row["subject"]: row for row in answer(log, SessionSummaries())}
    for expected in rows:
        same(found[expected["subject"]], expected)


def test_the_time_per_task(log: EventLog) -> None:
    """Completions that state their duration; the others are measured from their start."""
    rows = query(
        log,
        """
        SELECT subject, data->>'task' AS task,
               CAST(sum(trunc(CAST(data->>'duration_ms' AS DOUBLE))) AS BIGINT) AS ms,
               count(*) FILTER (coalesce(json_type(data, '$.duration_ms'), 'NULL') = 'NULL') = 0
                   AS all_stated
        FROM events WHERE type = 'task.completed' AND json_type(data, '$.task') = 'VARCHAR'
        GROUP BY subject, task
        """,
    )
    found = {row["subject"]: row["task_breakdown"] for row in answer(log, SessionAnalyses())}
    assert rows
    for row in rows:
        ms = found[row["subject"]][row["task"]]
        assert ms == row["ms"] if row["all_stated"] else ms >= (row["ms"] or 0)


def test_the_best_areas(demo: Path) -> None:
    with EventLog.open(demo, readonly=True) as log:
        rows = query(
            log,
            """
            WITH entries AS (
                SELECT data->>'area' AS area, CAST(data->>'gold' AS DOUBLE) AS gold,
                       CAST(data->>'seconds' AS DOUBLE) AS seconds
                FROM events WHERE type = 'area.visited'
                UNION ALL
                SELECT entry->>'area', CAST(entry->>'gold' AS DOUBLE),
                       CAST(entry->>'seconds' AS DOUBLE)
                FROM (SELECT unnest(CAST(data->'areas' AS JSON[])) AS entry FROM events
                      WHERE type = 'session.summarized')
            )
            SELECT area, sum(coalesce(gold, 0)) AS gold, sum(coalesce(seconds, 0)) AS seconds,
                   count(*) AS sessions,
                   sum(coalesce(gold, 0)) / (sum(coalesce(seconds, 0)) / 3600) AS gold_per_hour
            FROM entries GROUP BY area ORDER BY gold_per_hour DESC
            """,
        )
        found = answer(log, Areas())["best"]
    assert [row["area"] for row in found] == [row["area"] for row in rows]
    for one, expected in zip(found, rows, strict=True):
        same(one, expected)


def test_the_last_saved_states(demo: Path) -> None:
    with EventLog.open(demo, readonly=True) as log:
        rows = query(
            log,
            """
            WITH saved AS (SELECT subject, max(sequence) AS sequence FROM events
                           WHERE type = 'state.saved' GROUP BY subject)
            SELECT saved.subject, saved.sequence,
                   (SELECT count(*) FROM events AS crash
                    WHERE crash.subject = saved.subject AND crash.type = 'crash.detected'
                          AND crash.sequence > saved.sequence) AS crashes
            FROM saved
            """,
        )
        found = {row["subject"]: row for row in answer(log, RecoverySnapshots())}
        assert rows
        for expected in rows:
            same(found[expected["subject"]], expected)


def test_the_means_of_practice_metrics(demo: Path) -> None:
    with EventLog.open(demo, readonly=True) as log:
        rows = query(
            log,
            """
            SELECT subject, avg(CAST(data->>'pitch_accuracy' AS DOUBLE)) AS mean, count(*) AS count
            FROM events WHERE type = 'metric.recorded' AND data->>'pitch_accuracy' IS NOT NULL
            GROUP BY subject
            """,
        )
        found = {row["subject"]: row for row in answer(log, PracticeMetrics())["sessions"]}
        assert rows
        for row in rows:
            metric = found[row["subject"]]["metrics"]["pitch_accuracy"]
            same(metric, {"mean": row["mean"], "count": row["count"]})
