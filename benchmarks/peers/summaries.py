"""The session summaries as a short program computes them: a line decoded, a dict per session."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from math import fsum
from pathlib import Path
from typing import Any

from benchmarks.peers.lines import Library, decoded

Session = dict[str, Any]
_HOUR_MS = 3_600_000


def session_summaries(segments: Path, library: Library = "json") -> list[Session]:
    """One summary per session, in order of first event, with the keys of ours."""
    sessions: dict[str, Session] = {}
    for event in decoded(segments, library):
        session = sessions.get(event["subject"])
        if session is None:
            session = sessions[event["subject"]] = _first(event)
        _count(session, event)
    return [_summary(subject, session) for subject, session in sessions.items()]


def _first(event: dict[str, Any]) -> Session:
    return {
        "source": event["source"], "status": "open", "started": event["time"],
        "last": event["time"], "ended": None, "events": 0, "tasks_started": 0,
        "tasks_completed": 0, "open": {}, "tasks_unstarted": 0, "files_read": 0,
        "files_written": 0, "tool_calls": 0, "area_gold": None, "stated_gold": None,
        "notes": None, "metrics": {},
    }  # fmt: skip


def _count(session: Session, event: dict[str, Any]) -> None:
    session["events"] += 1
    time = event["time"]  # all of one shape, so that their order is that of the texts
    if time > session["last"]:
        session["last"] = time
    elif time < session["started"]:
        session["started"] = time
    take = _TAKES.get(event["type"])
    if take is not None:
        take(session, event["data"], time)


def _decide(session: Session, status: str, ended: str | None) -> None:
    session["status"], session["ended"] = status, ended


def _counts(name: str) -> Callable[[Session, dict[str, Any], str], None]:
    def count(session: Session, data: dict[str, Any], time: str) -> None:
        session[name] += 1

    return count


def _task_started(session: Session, data: dict[str, Any], time: str) -> None:
    session["tasks_started"] += 1
    task = data["task"]
    session["open"][task] = session["open"].get(task, 0) + 1


def _task_completed(session: Session, data: dict[str, Any], time: str) -> None:
    session["tasks_completed"] += 1
    task = data["task"]
    if session["open"].get(task):
        session["open"][task] -= 1
    else:
        session["tasks_unstarted"] += 1


def _area_visited(session: Session, data: dict[str, Any], time: str) -> None:
    session["area_gold"] = (session["area_gold"] or 0) + data.get("gold", 0)


def _summarized(session: Session, data: dict[str, Any], time: str) -> None:
    _decide(session, "ended", time)
    if data.get("notes"):
        session["notes"] = data["notes"]
    session["stated_gold"] = data["gold"]


def _annotated(session: Session, data: dict[str, Any], time: str) -> None:
    session["notes"] = data["notes"]


def _metric_recorded(session: Session, data: dict[str, Any], time: str) -> None:
    for name, value in data.items():
        if type(value) in {int, float}:
            session["metrics"].setdefault(name, []).append(value)


_TAKES: dict[str, Callable[[Session, dict[str, Any], str], None]] = {
    "session.started": lambda session, data, time: _decide(session, "open", None),
    "session.ended": lambda session, data, time: _decide(session, "ended", time),
    "session.summarized": _summarized,
    "session.annotated": _annotated,
    "task.started": _task_started,
    "task.completed": _task_completed,
    "file.read": _counts("files_read"),
    "file.written": _counts("files_written"),
    "tool.called": _counts("tool_calls"),
    "area.visited": _area_visited,
    "metric.recorded": _metric_recorded,
    "crash.detected": lambda session, data, time: _decide(session, "crashed", None),
    "recovery.completed": lambda session, data, time: _decide(session, "open", None),
}


def _summary(subject: str, session: Session) -> Session:
    started, last = map(datetime.fromisoformat, (session["started"], session["last"]))
    duration_ms = int((last - started).total_seconds() * 1_000_000 + 0.5) // 1000
    completed, gold = session["tasks_completed"], session["stated_gold"]
    return {
        "subject": subject,
        "source": session["source"],
        "status": session["status"],
        "started": session["started"],
        "ended": session["ended"],
        "duration_ms": duration_ms,
        "events": session["events"],
        "tasks_started": session["tasks_started"],
        "tasks_completed": completed,
        "tasks_open": sum(session["open"].values()),
        "files_read": session["files_read"],
        "files_written": session["files_written"],
        "tool_calls": session["tool_calls"],
        "velocity": completed * _HOUR_MS / duration_ms if duration_ms else 0.0,
        "gold": session["area_gold"] if gold is None else gold,
        "notes": session["notes"],
        "tasks_unstarted": session["tasks_unstarted"],
        "metrics": {name: fsum(all_) / len(all_) for name, all_ in session["metrics"].items()},
        "incomplete": 0,
    }
