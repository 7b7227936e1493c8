"""What an agent's session records, keeps and answers. T1 to T8 and T25 are the known traps."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import re
import runpy
import textwrap
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sessions.agent
from eventlog import STANDARD_TYPES, EventLog, InvalidEventError, NotALogError, verify
from projections import SessionAnalyses, SessionSummaries, project
from sessions._shared_log import close_shared_logs
from sessions.agent import (
    FileEvent,
    SessionAnalysis,
    SessionLogger,
    SessionSummary,
    TaskEvent,
    ToolEvent,
)
from sessions.agent._analysis import analyze_file
from tests.cli.helpers import eventlog
from tests.support.processes import ROOT, child, line_of, run

UNMATCHED = "Task complete event logged without corresponding start event: "


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENTLOG_DIR", "log")
    yield
    close_shared_logs()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Unix time as the only element, to be moved by the test."""
    now = [100.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    return now


def recorded(path: Path | str = "log") -> list[tuple[str, dict[str, Any]]]:
    with EventLog.open(path, readonly=True) as log:
        return [(event.type, event.data) for event in log.read()]


def types(path: Path | str = "log") -> list[str]:
    return [type_ for type_, _ in recorded(path)]


def saved(logger: SessionLogger, directory: str = "saved") -> Path:
    logger.save_session(directory)
    return Path(directory, f"{logger.agent_id}_{logger.session_id}.jsonl")


def analyzed(*lines: object) -> SessionAnalysis:
    """The analysis of a file with these lines."""
    path = Path("analyzed.jsonl")
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return SessionLogger("A").analyze_session(path)


def task(name: str, start: float, end: float | None) -> dict[str, Any]:
    return {"name": name, "start_time": start, "end_time": end, "metadata": {}}


# The classes and the logger itself


def test_events_are_values_with_defaults() -> None:
    assert TaskEvent("a", 1.0) == TaskEvent(name="a", start_time=1.0, end_time=None, metadata={})
    assert TaskEvent("a", 1.0).metadata is not TaskEvent("a", 1.0).metadata
    assert FileEvent("p", "read") == FileEvent("p", "read", None, None)
    assert ToolEvent("t", {}, 5) != ToolEvent("t", {}, 6)
    assert vars(SessionSummary(1, 2, 3, 4, 5, 6.0))["velocity"] == 6.0
    assert attrs.asdict(SessionAnalysis({}, [], {}, {}))["bottlenecks"] == []


def test_a_new_logger_has_its_ids_and_no_events(clock: list[float]) -> None:
    logger = SessionLogger(agent_id="AGENT-1", session_id="sprint")
    assert (logger.agent_id, logger.session_id, logger.start_time) == ("AGENT-1", "sprint", 100.0)
    assert logger.events == []


@pytest.mark.parametrize("none", [None, ""])
def test_a_session_without_an_id_gets_one_of_its_own(none: str | None) -> None:
    first, second = SessionLogger("A", none), SessionLogger("A", none)
    assert len(first.session_id) == 36
    assert first.session_id != second.session_id


def test_size_params_and_duration_are_required() -> None:
    logger: Any = SessionLogger("A")
    with pytest.raises(TypeError):
        logger.log_file_write("p")
    with pytest.raises(TypeError):
        logger.log_tool_call("t", {})
    with pytest.raises(TypeError):
        logger.log_task_complete("t")
    assert not Path("log").exists()


def test_importing_configures_and_opens_nothing(tmp_path: Path) -> None:
    program = """
import logging, os, sys
before = set(sys.modules)  # measuring coverage brings some itself
import sessions.agent, sessions.tracker
print(logging.getLogger().handlers, logging.getLogger().level, os.listdir(sys.argv[1]))
print(sorted({"sqlite3", "cattrs", "projections"} & (set(sys.modules) - before)))
"""
    assert run(program, tmp_path) == "[] 30 []\n[]\n"


# Recording


def test_events_come_in_the_order_of_the_calls(clock: list[float]) -> None:
    """T2: a completion edits its start in place, so two of each kind are six events."""
    logger = SessionLogger("A")
    logger.log_task_start("a")
    logger.log_file_read("p", size_bytes=1)
    logger.log_tool_call("t", {"x": 1}, 5)
    clock[0] = 101.5
    logger.log_task_complete("a", 1000, {"done": True})
    logger.log_file_write("q", 2, lines=3)
    logger.log_task_start("b")
    logger.log_tool_call("u", {}, 6)
    logger.log_task_complete("b", duration_ms=1)
    assert logger.events == [
        TaskEvent("a", 100.0, 101.5, {"done": True}),
        FileEvent("p", "read", 1, None),
        ToolEvent("t", {"x": 1}, 5),
        FileEvent("q", "write", 2, 3),
        TaskEvent("b", 101.5, 101.5, {}),
        ToolEvent("u", {}, 6),
    ]


def test_a_completion_ends_the_newest_open_task_of_its_name(clock: list[float]) -> None:
    """T2: of two starts the later one ends first; metadata of the completion wins."""
    logger = SessionLogger("A")
    logger.log_task_start("a", {"n": 1, "kept": 1})
    logger.log_task_start("b")
    logger.log_task_start("a", {"n": 2, "kept": 2})
    clock[0] = 110.0
    logger.log_task_complete("a", 1, {"n": "new"})
    first, _, second = logger.events
    assert first == TaskEvent("a", 100.0, None, {"n": 1, "kept": 1})
    assert second == TaskEvent("a", 100.0, 110.0, {"n": "new", "kept": 2})
    logger.log_task_complete("a", 1)
    assert first.end_time == 110.0
    assert [event.end_time for event in logger.events if isinstance(event, TaskEvent)][1] is None


def test_one_name_started_and_completed_twice_is_two_events() -> None:
    logger = SessionLogger("A")
    for _ in range(2):
        logger.log_task_start("a")
        logger.log_task_complete("a", 1)
    assert len(logger.events) == 2


class Warnings:
    """Stands in for the module's logger, as tests of the original have it."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def warning(self, line: str) -> None:
        """Remember it."""
        self.lines.append(line)


@pytest.mark.parametrize("completed_before", [False, True])
def test_an_unmatched_completion_is_one_warning_and_no_event(
    monkeypatch: pytest.MonkeyPatch, completed_before: bool
) -> None:
    """T3: on the module's ``logger``, as it is at the time of the call."""
    logger, warnings = SessionLogger("A"), Warnings()
    if completed_before:
        logger.log_task_start("a")
        logger.log_task_complete("a", 1)
    before = list(logger.events)
    monkeypatch.setattr(sessions.agent, "logger", warnings)
    logger.log_task_complete("a", 1)
    assert warnings.lines == [UNMATCHED + "a"]
    assert logger.events == before
    assert types()[-1] == "task.completion_unmatched"
    assert logger.get_session_summary().tasks_completed == completed_before


def test_metadata_and_params_are_copied() -> None:
    metadata, params = {"tags": ["x"]}, {"args": ["-q"]}
    logger = SessionLogger("A")
    logger.log_task_start("a", metadata)
    logger.log_tool_call("t", params, 1)
    logger.log_task_complete("a", 1, {"result": "ok"})
    assert metadata == {"tags": ["x"]}
    metadata["tags"].append("y")
    params["args"].append("-x")
    start, tool = logger.events
    assert isinstance(start, TaskEvent)
    assert start.metadata == {"tags": ["x"], "result": "ok"}
    assert tool == ToolEvent("t", {"args": ["-q"]}, 1)


def test_odd_values_that_json_holds_pass() -> None:
    logger: Any = SessionLogger("A")
    logger.log_file_write("p", size_bytes=-1, lines="many")
    logger.log_tool_call("t", None, "long")
    logger.log_task_start(5)
    logger.log_task_complete(5, None)
    file, tool, started = logger.events
    assert (file.size_bytes, file.lines, tool.params, started.name) == (-1, "many", None, 5)


def test_a_session_of_odd_values_can_be_analyzed(clock: list[float]) -> None:
    logger: Any = SessionLogger("A", "s")
    for name in (5, None, ["x"], "5"):
        logger.log_task_start(name)
        clock[0] += 1
        logger.log_task_complete(name, 1000)
    logger.log_file_read(7, size_bytes="some")
    logger.log_file_write(None, "few", lines=True)
    logger.log_tool_call(3, ["x"], "long")
    expected = SessionAnalysis(
        {"5": 2000, "null": 1000, '["x"]': 1000},
        ["5"],
        {
            "tasks_per_hour": 2700.0,
            "files_read_per_hour": 900.0,
            "files_written_per_hour": 900.0,
            "tool_calls_per_hour": 900.0,
        },
        {"read": 1, "write": 1},
    )
    assert logger.analyze_session(saved(logger)) == expected
    assert logger.analyze_session("log") == expected
    with EventLog.open("log", readonly=True) as log:
        (found,) = project(log, SessionAnalyses())
        assert (found.incomplete, found.tasks_open) == (0, 0)
        for event in log.read(types=SessionAnalyses.types):
            STANDARD_TYPES.load(event)
    assert recorded()[-3:-1] == [
        ("file.written", {"path": "null", "size_bytes_given": "few", "lines_given": True}),
        ("tool.called", {"tool": "3", "params_given": ["x"], "duration_ms_given": "long"}),
    ]


def test_a_completion_ends_only_a_task_of_its_very_name() -> None:
    logger: Any = SessionLogger("A")
    logger.log_task_start(5)
    logger.log_task_complete("5", 1)
    assert [event.end_time for event in logger.events] == [None]
    logger.log_task_complete(5, 1)
    assert logger.get_session_summary().tasks_completed == 1


def test_values_with_a_plain_form_are_kept_in_it() -> None:
    logger: Any = SessionLogger("A")
    moment = datetime(2026, 2, 6, tzinfo=UTC)
    logger.log_task_start("a", {"set": {1}, "tuple": (1, 2), "when": moment, "id": UUID(int=1)})
    (started,) = logger.events
    assert started.metadata == {
        "set": [1],
        "tuple": [1, 2],
        "when": "2026-02-06T00:00:00Z",
        "id": str(UUID(int=1)),
    }


# The summary


def test_the_summary_counts_and_divides_by_the_clock(clock: list[float]) -> None:
    """T4: this velocity is completions per hour of the clock."""
    logger = SessionLogger("A")
    for _ in range(2):
        logger.log_task_start("a")
        logger.log_task_complete("a", 5)
    logger.log_task_start("open")
    logger.log_file_read("p")
    logger.log_file_write("p", 1)
    logger.log_tool_call("t", {}, 1)
    clock[0] = 3700.0
    assert logger.get_session_summary() == SessionSummary(3_600_000, 2, 1, 1, 1, 2.0)


@pytest.mark.parametrize(("now", "elapsed"), [(100.0009, 0), (90.0, -10_000)])
def test_no_time_or_less_is_no_velocity(clock: list[float], now: float, elapsed: int) -> None:
    logger = SessionLogger("A")
    logger.log_task_start("a")
    logger.log_task_complete("a", 5)
    clock[0] = now
    summary = logger.get_session_summary()
    assert (summary.total_duration_ms, summary.velocity) == (elapsed, 0.0)


def test_a_session_without_events_has_no_velocity() -> None:
    assert SessionLogger("A").get_session_summary().velocity == 0.0


# The saved file


def test_the_file_has_one_compact_line_per_event(
    clock: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    logger = SessionLogger("A", "s")
    logger.log_task_start("ü", {"priority": "P1"})
    logger.log_file_read("p", 4096)
    logger.log_tool_call("pytest", {"path": "tests/"}, 2500)
    with caplog.at_level(logging.INFO):
        path = saved(logger, "deep/down")
    assert path == Path("deep/down/A_s.jsonl")
    assert path.read_text() == (
        '{"name":"ü","start_time":100.0,"end_time":null,"metadata":{"priority":"P1"}}\n'
        '{"path":"p","operation":"read","size_bytes":4096,"lines":null}\n'
        '{"name":"pytest","params":{"path":"tests/"},"duration_ms":2500}\n'
    )
    assert str(path) in caplog.text
    assert recorded()[-1] == ("session.exported", {"path": str(path.absolute()), "count": 3})


def test_saving_again_replaces_the_file() -> None:
    """T8: neither duplicates, nor events of the log's own."""
    logger = SessionLogger("A", "s")
    logger.log_task_start("a")
    path = saved(logger)
    logger.log_task_complete("a", 1)
    logger.log_task_complete("never started", 1)
    logger.save_session("saved")
    (line,) = path.read_text().splitlines()
    assert json.loads(line)["end_time"] is not None
    assert os.listdir("saved") == ["A_s.jsonl"]


def test_each_save_goes_where_the_process_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T25: a relative directory is looked up by the call; the log stays where it was."""
    logger = SessionLogger("A", "s")
    logger.log_task_start("a")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    logger.save_session("saved")
    assert os.listdir() == ["saved"]
    assert "session.exported" in types(tmp_path / "log")


@pytest.mark.parametrize(
    ("agent_id", "session_id"),
    [
        ("../../evil", "x"),
        ("x", "../../evil"),
        ("/tmp/evil", "/etc/passwd"),  # noqa: S108
        ("..", ".."),
        ("a\\b", "c\x00d\n"),
        ("x" * 10_000, "ü" * 10_000),
    ],
)
def test_no_id_leads_out_of_the_directory(tmp_path: Path, agent_id: str, session_id: str) -> None:
    logger = SessionLogger(agent_id, session_id)
    logger.log_task_start("a")
    before = set(tmp_path.rglob("*"))
    logger.save_session("saved")
    made = {path for path in tmp_path.rglob("*") if path.is_file()} - before
    (file,) = {path for path in made if path.suffix == ".jsonl" and path.parent.name != "segments"}
    assert file.parent == tmp_path / "saved"
    assert recorded()[0][1]["agent_id"] == agent_id
    assert recorded()[0][1]["session_id"] == session_id


def test_ids_that_clean_up_to_the_same_name_keep_their_own_files() -> None:
    for agent_id in ("a/b", "a\\b", "a_b"):
        SessionLogger(agent_id, "s").save_session("saved")
    assert len(os.listdir("saved")) == 3


def test_a_link_in_place_of_the_file_is_replaced_not_followed() -> None:
    Path("saved").mkdir()
    Path("precious").write_text("kept")
    Path("saved/A_s.jsonl").symlink_to(Path("precious").absolute())
    SessionLogger("A", "s").save_session("saved")
    assert Path("precious").read_text() == "kept"
    assert not Path("saved/A_s.jsonl").is_symlink()


def test_a_failed_save_leaves_the_older_file_and_nothing_else() -> None:
    logger = SessionLogger("A", "s")
    logger.log_task_start("a")
    path = saved(logger)
    content = path.read_bytes()
    logger.events.append(ToolEvent("t", {"x": object()}, 1))  # around the logger
    with pytest.raises(InvalidEventError):
        logger.save_session("saved")
    assert path.read_bytes() == content
    assert os.listdir("saved") == [path.name]
    Path("file").write_text("")
    with pytest.raises(OSError, match="file"):
        logger.save_session("file")


# Analysis of a file


def test_a_saved_session_can_be_analyzed(clock: list[float]) -> None:
    """T1: lines as they are saved, without a word about their kind."""
    logger = SessionLogger("A", "s")
    for name, seconds in (("a", 1), ("b", 9)):
        logger.log_task_start(name)
        clock[0] += seconds
        logger.log_task_complete(name, 77)
    logger.log_task_start("open")
    logger.log_file_read("p")
    logger.log_file_write("p", 1)
    logger.log_file_read("q")
    logger.log_tool_call("t", {}, 1)
    assert SessionLogger("other").analyze_session(str(saved(logger))) == SessionAnalysis(
        {"a": 1000, "b": 9000},
        ["b"],
        {
            "tasks_per_hour": 720.0,
            "files_read_per_hour": 720.0,
            "files_written_per_hour": 360.0,
            "tool_calls_per_hour": 360.0,
        },
        {"read": 2, "write": 1},
    )


KINDS = {"start_time": "TaskEvent", "operation": "FileEvent", "params": "ToolEvent"}
NAMES = st.sampled_from("abc")
TIMES = st.integers(1, 10_000).map(lambda number: number / 8)
LINES = st.lists(
    st.one_of(
        st.builds(task, NAMES, TIMES, st.none() | TIMES),
        st.builds(lambda name: {"path": name, "operation": "read", "size_bytes": 1}, NAMES),
        st.builds(lambda name: {"name": name, "params": {}, "duration_ms": 1}, NAMES),
    )
)


@given(LINES)
def test_lines_with_a_type_mean_the_same_as_without(lines: list[dict[str, Any]]) -> None:
    """T1: both forms are read."""
    typed = [
        {"type": next(kind for field, kind in KINDS.items() if field in line), **line}
        for line in lines
    ]
    assert analyzed(*typed) == analyzed(*lines)


def test_the_sample_line_takes_so_many_milliseconds() -> None:
    line = task("write_tests", 1697654400.123, 1697656200.456)
    assert analyzed(line).task_breakdown == {"write_tests": 1_800_333}


def test_rates_count_names_per_hour_of_task_time() -> None:
    """T4: not completions, and not per hour of the clock."""
    analysis = analyzed(task("a", 0, 1), task("a", 1, 3), task("b", 0, 1))
    assert analysis.task_breakdown == {"a": 3000, "b": 1000}
    assert analysis.bottlenecks == ["a"]
    assert analysis.velocity_metrics["tasks_per_hour"] == 1800.0


@pytest.mark.parametrize(("milliseconds", "found"), [(300, ["y"]), (301, ["x", "y"])])
def test_a_bottleneck_takes_more_than_30_percent(milliseconds: int, found: list[str]) -> None:
    """T5: of 1000 in all, 300 is not enough."""
    analysis = analyzed(
        task("x", 0, milliseconds / 1000), task("y", 0, (1000 - milliseconds) / 1000)
    )
    assert analysis.task_breakdown == {"x": milliseconds, "y": 1000 - milliseconds}
    assert analysis.bottlenecks == found


def test_bottlenecks_come_in_the_order_of_the_breakdown() -> None:
    """T5: not by size; a single task is always one."""
    assert analyzed(task("a", 1, 5), task("b", 1, 7)).bottlenecks == ["a", "b"]
    assert analyzed(task("a", 1, 2)).bottlenecks == ["a"]
    assert analyzed(task("slow", 1, 11), task("quick", 1, 1.1)).bottlenecks == ["slow"]


def test_without_task_time_there_are_no_rates_and_only_seen_operations() -> None:
    """T5, T6."""
    write = {"path": "p", "operation": "write"}
    analysis = analyzed(task("a", 5, 5), write, {"name": "t", "params": {}, "duration_ms": 1})
    assert analysis.bottlenecks == []
    assert set(analysis.velocity_metrics.values()) == {0.0}
    assert analysis.file_operation_stats == {"write": 1}


def test_with_task_time_both_operations_are_counted() -> None:
    """T6."""
    assert analyzed(task("a", 1, 2)).file_operation_stats == {"read": 0, "write": 0}


@pytest.mark.parametrize("end", [None, 0])
def test_no_end_or_an_end_at_zero_is_an_open_task(end: float | None) -> None:
    """T7."""
    assert analyzed(task("a", 0, end)).task_breakdown == {}


def test_durations_are_cut_to_milliseconds_and_may_be_negative() -> None:
    """T7: the difference is cut, not the times."""
    assert analyzed(task("a", 1.0006, 1.0018), task("b", 9, 8)).task_breakdown == {
        "a": int((1.0018 - 1.0006) * 1000),
        "b": -1000,
    }


def test_an_empty_file_has_an_empty_analysis() -> None:
    assert analyzed() == SessionAnalysis({}, [], analyzed().velocity_metrics, {})
    assert set(analyzed().velocity_metrics.values()) == {0.0}


def test_lines_of_other_types_are_passed_over_and_a_last_line_needs_no_end() -> None:
    path = Path("f.jsonl")
    path.write_text('{"type": "Other"}\n{"type": 5}\n' + json.dumps(task("a", 1, 2)))
    assert SessionLogger("A").analyze_session(path).task_breakdown == {"a": 1000}


@pytest.mark.parametrize(
    ("line", "error", "message"),
    [
        ("", json.JSONDecodeError, "line 2"),
        ("{", json.JSONDecodeError, "line 2"),
        ("[" * 100_000, ValueError, "nests too deep"),
        ("[]", ValueError, "line 2.*JSON object"),
        ("{}", ValueError, "line 2.*neither a task"),
        ('{"start_time":1,"name":"a"}', KeyError, "line 2.*end_time"),
        ('{"type":"TaskEvent","end_time":1,"name":"a"}', KeyError, "line 2.*start_time"),
        ('{"type":"FileEvent"}', KeyError, "line 2.*operation"),
        ('{"operation":[]}', ValueError, "line 2.*operation"),
        ('{"name":"a","start_time":"x","end_time":2}', ValueError, "line 2.*times"),
        ('{"name":"a","start_time":1,"end_time":NaN}', ValueError, "line 2.*times"),
        ('{"name":NaN,"start_time":1,"end_time":2}', ValueError, "line 2.*name"),
    ],
)
def test_a_file_that_is_no_saved_session_is_refused_with_its_line(
    line: str, error: type[Exception], message: str
) -> None:
    path = Path("f.jsonl")
    path.write_text(f"{json.dumps(task('a', 1, 2))}\n{line}\n")
    with pytest.raises(error, match=message):
        SessionLogger("A").analyze_session(path)


def test_a_missing_file_is_said_to_be_missing() -> None:
    with pytest.raises(FileNotFoundError):
        SessionLogger("A").analyze_session("nowhere.jsonl")


# The log


def test_the_log_holds_what_the_calls_said(clock: list[float]) -> None:
    with SessionLogger("AGENT 7/x", "s") as logger:
        logger.log_task_start("a", {"n": 1})
        logger.log_file_read(Path("p"), 3)
        logger.log_file_write("q", 4, 5)
        logger.log_tool_call("t", {"x": 1}, 6)
        clock[0] = 101.0
        logger.log_task_complete("a", 7, {"m": 2})
    started, *rest = recorded()
    assert started[0] == "session.started"
    assert {"component", "host", "agent_id", "session_id"} == set(started[1])
    assert rest == [
        ("task.started", {"task": "a", "metadata": {"n": 1}, "start_time": 100.0}),
        ("file.read", {"path": "p", "size_bytes": 3}),
        ("file.written", {"path": "q", "size_bytes": 4, "lines": 5}),
        ("tool.called", {"tool": "t", "params": {"x": 1}, "duration_ms": 6}),
        (
            "task.completed",
            {
                "task": "a",
                "duration_ms": 7,
                "metadata": {"m": 2},
                "start_time": 100.0,
                "end_time": 101.0,
            },
        ),
        ("session.ended", {}),
    ]
    with EventLog.open("log", readonly=True) as log:
        first = next(log.read())
        assert (first.subject, first.source) == (logger.subject, "agent/AGENT%207%2Fx")
        assert [type(log.types.load(event)).__name__ for event in log.read()][1:3] == [
            "TaskStarted",
            "FileRead",
        ]


def test_the_ordinary_read_models_and_commands_answer() -> None:
    with SessionLogger("A", "s") as logger:
        logger.log_task_start("a")
        logger.log_task_complete("a", 1500)
        logger.log_task_complete("never started", 9)
    with EventLog.open("log", readonly=True) as log:
        (summary,) = project(log, SessionSummaries())
        (analysis,) = project(log, SessionAnalyses())
    assert (summary.status, summary.tasks_completed, summary.tasks_unstarted) == ("ended", 1, 0)
    assert summary.incomplete == 0
    assert analysis.task_breakdown == {"a": 1500}
    for command in ("summary", "analyze", "areas", "audit", "verify"):
        assert eventlog(command, "log", "--json").code == 0, command
    assert eventlog("trends", "log", "--metric", "velocity").code == 0
    assert eventlog("recover", "log", logger.subject).code == 0


def test_a_session_in_the_log_is_analyzed_by_reported_durations() -> None:
    first, second = SessionLogger("A", "one"), SessionLogger("A", "two")
    for logger, duration in ((first, 100), (second, 900)):
        logger.log_task_start("a")
        logger.log_task_complete("a", duration)
    other = SessionLogger("B")
    assert other.analyze_session("log", session_id="two").task_breakdown == {"a": 900}
    assert other.analyze_session("log", session_id=first.subject).task_breakdown == {"a": 100}
    assert first.analyze_session("log").task_breakdown == {"a": 100}
    with pytest.raises(ValueError, match="2 agent sessions: choose"):
        other.analyze_session("log")
    with pytest.raises(ValueError, match="no agent session with the id 'three'"):
        other.analyze_session("log", session_id="three")


def test_only_agent_sessions_are_looked_at() -> None:
    """One log carries the sessions of all systems."""
    with EventLog.open("log") as log:
        log.append("session.started", {"session_id": "s"}, subject="x", source="shell/console")
        log.append("session.started", {}, subject="y", source="agent/1")
        log.append("task.completed", {"task": "a", "duration_ms": 5}, subject="y")
    logger = SessionLogger("A")
    assert logger.analyze_session("log").task_breakdown == {"a": 5}
    with pytest.raises(ValueError, match="no agent session"):
        logger.analyze_session("log", session_id="x")


def test_a_session_without_tasks_in_the_log_has_an_empty_analysis() -> None:
    with SessionLogger("A") as logger:
        pass
    assert logger.analyze_session("log").task_breakdown == {}


def test_what_is_no_log_is_not_analyzed_as_one() -> None:
    Path("empty").mkdir()
    with pytest.raises(NotALogError):
        SessionLogger("A").analyze_session("empty")
    Path("file.jsonl").write_text("")
    with pytest.raises(ValueError, match="no directory"):
        SessionLogger("A").analyze_session("file.jsonl", session_id="s")


def test_a_logger_that_only_analyzes_leaves_no_log() -> None:
    analyzed(task("a", 1, 2))
    logger = SessionLogger("A")
    logger.get_session_summary()
    logger.close()
    assert not Path("log").exists()


def test_two_sessions_of_one_id_stay_apart() -> None:
    first, second = SessionLogger("A", "s"), SessionLogger("A", "s")
    first.log_task_start("a")
    second.log_task_complete("a", 1)
    with EventLog.open("log", readonly=True) as log:
        assert len(project(log, SessionSummaries())) == 2


def test_threads_share_a_logger() -> None:
    logger = SessionLogger("A")

    def work(name: str) -> None:
        for _ in range(100):
            logger.log_task_start(name)
            logger.log_task_complete(name, 1)

    threads = [threading.Thread(target=work, args=(name,)) for name in "aabb"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logger.get_session_summary().tasks_completed == 400
    assert types().count("task.completed") == 400


# Bad input


@pytest.mark.parametrize(
    "metadata", [{"x": float("nan")}, {"x": object()}, {5: "five"}, {"x": "\ud800"}, {"x": 1 << 70}]
)
def test_what_json_cannot_hold_is_refused_before_anything_is_kept(metadata: Any) -> None:
    logger = SessionLogger("A")
    logger.log_task_start("a")
    for refused in (
        partial(logger.log_task_start, "b", metadata),
        partial(logger.log_task_complete, "a", 1, metadata),
        partial(logger.log_tool_call, "t", metadata, 1),
    ):
        with pytest.raises(InvalidEventError):
            refused()
    assert [event.name for event in logger.events if isinstance(event, TaskEvent)] == ["a"]
    assert len(logger.events) == 1
    logger.log_task_complete("a", 1)  # it is still open
    assert types() == ["session.started", "task.started", "task.completed"]


def test_an_event_that_is_too_large_is_refused() -> None:
    logger = SessionLogger("A")
    with pytest.raises(InvalidEventError):
        logger.log_tool_call("write", {"content": "x" * (1 << 20)}, 1)
    assert logger.events == []


def test_metadata_must_be_a_dict() -> None:
    logger: Any = SessionLogger("A")
    with pytest.raises(TypeError, match="metadata must be a dict, not str"):
        logger.log_task_start("a", "text")
    assert logger.events == []


def test_a_file_name_that_is_no_utf8_is_recorded() -> None:
    logger = SessionLogger("A", "s")
    logger.log_file_read(os.fsdecode(b"caf\xe9"))
    logger.log_file_read(os.fsencode("café"))  # type: ignore[arg-type]
    assert [data["path"] for type_, data in recorded() if type_ == "file.read"] == [
        r"caf\udce9",
        "café",
    ]
    assert len(saved(logger).read_text().splitlines()) == 2


# What is added: tasks as blocks and as functions, and the end of a session


def test_a_block_is_a_task_with_its_duration_and_result() -> None:
    logger = SessionLogger("A")
    with logger.task("a", {"n": 1}) as running:
        assert running.end_time is None
        running.metadata["found"] = 3
    assert running.metadata == {"n": 1, "found": 3, "result": "success"}
    type_, data = recorded()[-1]
    assert (type_, data["metadata"]) == ("task.completed", running.metadata)
    assert data["duration_ms"] >= 0


def test_a_block_that_raises_is_a_failed_task() -> None:
    logger = SessionLogger("A")
    with pytest.raises(ValueError, match="no"), logger.task("a") as running:
        raise ValueError("no \udc80" + "x" * 5000)
    assert running.metadata["result"] == "failed"
    assert running.metadata["error"].startswith(r"no \udc80x")
    assert len(running.metadata["error"]) == 2000
    assert running.metadata["error_type"] == "ValueError"
    assert running.end_time is not None


@pytest.mark.parametrize("decorated", [False, True])
@pytest.mark.parametrize("metadata", [{"when": object()}, {"big": "x" * (1 << 20)}, None])
def test_what_a_block_raises_goes_on_whatever_its_metadata_became(
    caplog: pytest.LogCaptureFixture, metadata: Any, decorated: bool
) -> None:
    logger = SessionLogger("A", "s")

    def work() -> None:
        task = logger.events[-1]
        assert isinstance(task, TaskEvent)
        task.metadata = metadata
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        if decorated:
            logger.log_task("a", {"n": 1})(work)()
        else:
            with logger.task("a", {"n": 1}):
                work()
    (task,) = logger.events
    assert isinstance(task, TaskEvent)
    assert task.end_time is not None
    outcome = {"result": "failed", "error": "3", "error_type": "SystemExit"}
    assert task.metadata == {"n": 1, **outcome}
    assert recorded()[-1][1]["metadata"] == outcome
    assert "Task a: completes without its metadata" in caplog.text
    assert len(saved(logger).read_text().splitlines()) == 1


def test_a_block_that_ends_well_completes_whatever_its_metadata_became() -> None:
    logger = SessionLogger("A")
    with logger.task("a") as task:
        task.metadata["when"] = object()
    assert task.metadata == recorded()[-1][1]["metadata"] == {"result": "success"}


def test_an_exception_without_a_text_goes_on() -> None:
    class MuteError(Exception):
        def __str__(self) -> str:
            raise ZeroDivisionError

    logger = SessionLogger("A")
    with pytest.raises(MuteError), logger.task("a") as task:
        raise MuteError
    assert task.metadata["error"] == "its text could not be made: ZeroDivisionError"


def test_a_block_may_give_its_task_another_name() -> None:
    logger = SessionLogger("A")
    with logger.task("a") as task:
        task.name = "b"
    assert recorded()[-1][1]["task"] == "b"


def test_blocks_of_one_name_may_overlap() -> None:
    logger = SessionLogger("A")
    first, second = logger.task("a"), logger.task("a")
    one, two = first.__enter__(), second.__enter__()
    first.__exit__(None, None, None)
    assert (one.end_time is None, two.end_time is None) == (False, True)
    logger.log_task_complete("a", 1)
    assert two.end_time is not None
    second.__exit__(None, None, None)  # completed before: not once more
    assert types().count("task.completed") == 2


def test_a_function_can_be_a_task() -> None:
    logger = SessionLogger("A")

    @logger.log_task("named", {"n": 1})
    def double(x: int) -> int:
        return 2 * x

    @logger.log_task()
    async def fail() -> None:
        await asyncio.sleep(0)
        raise OSError("disk")

    assert double(4) == 8
    assert double.__name__ == "double"
    with pytest.raises(OSError, match="disk"):
        asyncio.run(fail())
    results = [(one.name, one.metadata["result"]) for one in logger.events]  # type: ignore[union-attr]
    assert results == [("named", "success"), ("fail", "failed")]


def test_async_tasks_run_side_by_side() -> None:
    logger = SessionLogger("A")

    async def both() -> None:
        inside = asyncio.Barrier(2)

        @logger.log_task("a")
        async def wait(number: int) -> None:
            await inside.wait()

        await asyncio.gather(wait(1), wait(2))

    asyncio.run(both())
    assert logger.get_session_summary().tasks_completed == 2


def test_a_generator_is_no_task() -> None:
    def numbers() -> Iterator[int]:
        yield 1

    with pytest.raises(TypeError, match="generator"):
        SessionLogger("A").log_task("a")(numbers)


def test_a_session_ends_once() -> None:
    logger = SessionLogger("A")
    logger.end_session()  # nothing to end
    logger.log_task_start("a")
    logger.end_session("budget used")
    logger.close()
    assert recorded()[-1] == ("session.ended", {"reason": "budget used"})
    assert types().count("session.ended") == 1


def test_a_session_that_has_begun_does_not_begin_again() -> None:
    logger = SessionLogger("A")
    logger.log_task_start("a")
    with logger:
        logger.log_task_complete("a", 1)
    assert types() == ["session.started", "task.started", "task.completed", "session.ended"]


def test_a_session_that_raises_ends_with_the_reason() -> None:
    with pytest.raises(KeyError), SessionLogger("A"):
        raise KeyError("x")
    assert recorded()[-1] == ("session.ended", {"reason": "KeyError"})


def test_closing_lets_other_processes_write() -> None:
    logger = SessionLogger("A")
    logger.log_task_start("a")
    logger.close()
    with EventLog.open("log", lock_timeout=0) as log:
        log.append("other", {})
    logger.log_task_complete("a", 1)
    assert types()[-2:] == ["other", "task.completed"]


# As users run it


def test_the_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "agent.py"), run_name="__main__")
    assert "as reported: integrate the health check, 120 min" in capsys.readouterr().out
    block = textwrap.dedent((SessionLogger.__doc__ or "").split("Example::\n")[1])
    exec(compile(block, "docstring", "exec"), {})  # noqa: S102
    assert len(list(Path("saved").iterdir())) == 1


WORK = """
import sys
from sessions.agent import SessionLogger
logger = SessionLogger("A", "s", log_dir=sys.argv[1])
number = 0
while True:
    logger.log_task_start("work", {"number": number})
    logger.log_file_write("out.txt", 10, lines=1)
    logger.log_tool_call("pytest", {"n": number}, 5)
    logger.log_task_complete("work", 1)
    logger.save_session(sys.argv[2])
    number += 1
    print(number, flush=True)
"""


def test_a_killed_process_loses_no_event(tmp_path: Path) -> None:
    chance = random.Random(8)
    done = 0
    for _ in range(4):
        with child(WORK, tmp_path / "log", tmp_path / "saved") as process:
            for _ in range(chance.randrange(1, 60)):
                last = int(line_of(process))
            process.kill()
            process.wait()
        done += last
    assert types().count("task.completed") >= done
    assert types().count("tool.called") >= types().count("task.completed")
    assert verify(tmp_path / "log").ok
    assert analyze_file(tmp_path / "saved" / "A_s.jsonl").file_operation_stats["write"] >= last
    with EventLog.open("log", readonly=True) as log:
        assert len(project(log, SessionSummaries())) == 4


def test_a_process_that_just_ends_leaves_a_whole_log(tmp_path: Path) -> None:
    program = "import sys; from sessions.agent import SessionLogger as Logger\n"
    run(program + "Logger('A', log_dir=sys.argv[1]).log_task_start('a')", tmp_path / "log")
    assert types() == ["session.started", "task.started"]
    assert verify(tmp_path / "log").ok


def test_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVENTLOG_DIR")
    page = (ROOT / "docs" / "sessions" / "agent.md").read_text()
    for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL):
        exec(compile(block, "agent.md", "exec"), {})  # noqa: S102
    assert Path("saved/AGENT-007_sprint-1.jsonl").exists()
