"""Where the time of a session's tasks went: of a saved file, or of a session in a log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eventlog import InvalidEventError
from sessions._shared_log import shared_log
from sessions.agent._json_values import text_of
from sessions.agent._models import SessionAnalysis

if TYPE_CHECKING:
    from eventlog import EventLog

_HOUR_MS = 3_600_000
_KINDS = {"TaskEvent": "task", "FileEvent": "file", "ToolEvent": "tool"}


def analyze(path: Path, session_id: str | None, own: str) -> SessionAnalysis:
    """The analysis of a saved file, or of a session of the log in this directory."""
    if not path.is_dir():
        if session_id is not None and path.exists():
            raise ValueError(f"{path}: session_id chooses in a log, and this is no directory")
        return analyze_file(path)
    with shared_log(path).opened() as log:
        if log is None:
            raise FileNotFoundError(path)  # gone just now
        return analyze_log(log, session_id, own)


# Of a saved file


def analyze_file(path: Path) -> SessionAnalysis:
    """The analysis of a saved session.

    A task takes the time between its start and its end; open ones do not count.

    Errors: FileNotFoundError, json.JSONDecodeError for a line that is no JSON, KeyError for one
    that lacks a field, ValueError for one that is no event; the last three name the line.
    """
    breakdown: dict[str, int] = {}
    files: Counter[str] = Counter()
    tools = 0
    for place, record in _records(path):
        kind = _kind(record)
        if kind == "task":
            _add_task(breakdown, record, place)
        elif kind == "file":
            files[_text_field(record, "operation", place)] += 1
        elif kind == "tool":
            tools += 1
        elif "type" not in record:  # other types are those of other programs
            raise ValueError(f"{place}: neither a task, nor a file, nor a tool")
    return _analysis(breakdown, files, tools)


def _records(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            place = f"{path}, line {number}"
            try:
                record = json.loads(line)
            except json.JSONDecodeError as error:
                raise json.JSONDecodeError(f"{place}: {error.msg}", error.doc, error.pos) from None
            except RecursionError:
                raise ValueError(f"{place}: nests too deep") from None
            if not isinstance(record, dict):
                raise ValueError(f"{place}: an event is a JSON object, this is something else")
            yield place, record


def _kind(record: dict[str, Any]) -> str | None:
    """By the name in ``type``; by its fields where there is none, as in saved files."""
    if "type" in record:
        return _KINDS.get(record["type"]) if isinstance(record["type"], str) else None
    if "operation" in record:
        return "file"
    if "start_time" in record:
        return "task"
    return "tool" if "params" in record or "duration_ms" in record else None


def _add_task(breakdown: dict[str, int], record: dict[str, Any], place: str) -> None:
    end = _field(record, "end_time", place)
    if not end:
        return
    name, start = _field(record, "name", place), _field(record, "start_time", place)
    try:
        name = text_of(name)
    except InvalidEventError as error:
        raise ValueError(f"{place}: 'name' is no name: {error}") from None
    try:
        spent = int((end - start) * 1000)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{place}: the times of a task must be numbers: {error}") from None
    breakdown[name] = breakdown.get(name, 0) + spent


def _field(record: dict[str, Any], name: str, place: str) -> Any:
    if name not in record:
        raise KeyError(f"{place}: no {name!r}")
    return record[name]


def _text_field(record: dict[str, Any], name: str, place: str) -> str:
    value = _field(record, name, place)
    if not isinstance(value, str):
        raise ValueError(f"{place}: {name!r} must be text, not {type(value).__name__}")
    return value


def _analysis(breakdown: dict[str, int], files: Counter[str], tools: int) -> SessionAnalysis:
    total = sum(breakdown.values())
    if total > 0:
        files["read"] += 0  # both are there where rates are
        files["write"] += 0
    rates = {
        "tasks_per_hour": len(breakdown),
        "files_read_per_hour": files["read"],
        "files_written_per_hour": files["write"],
        "tool_calls_per_hour": tools,
    }
    return SessionAnalysis(
        task_breakdown=breakdown,
        bottlenecks=[
            name for name, spent in breakdown.items() if total > 0 and 10 * spent > 3 * total
        ],
        velocity_metrics={
            name: count * _HOUR_MS / total if total > 0 else 0.0 for name, count in rates.items()
        },
        file_operation_stats=dict(files),
    )


# Of a log


def analyze_log(log: EventLog, session_id: str | None, own: str) -> SessionAnalysis:
    """The analysis of one agent session in a log.

    A task takes what its completion reported, else the time between its events.

    ``session_id`` is the session's id or its subject in the log; without one it is ``own`` when
    that subject is in the log, else the only agent session there. ValueError when there is none
    such, or more than one.
    """
    from projections import SessionAnalyses, fold  # recording needs none of it

    subject = _chosen(log, session_id, own)
    projection = SessionAnalyses()
    rows = projection.result(
        fold(projection, log.read(subject=subject, types=projection.types))
    )  # none for a session without tasks, files or tools
    if not rows:
        return _analysis({}, Counter(), 0)
    found = rows[0]
    return SessionAnalysis(
        found.task_breakdown,
        found.bottlenecks,
        found.velocity_metrics,
        found.file_operation_stats,
    )


def _chosen(log: EventLog, session_id: str | None, own: str) -> str:
    sessions = {
        event.subject: event.data.get("session_id")
        for event in log.read(types="session.started")
        if event.subject is not None and event.source.startswith("agent/")
    }
    if session_id is None:
        found = [own] if own in sessions else list(sessions)
    elif session_id in sessions:
        found = [session_id]
    else:
        found = [subject for subject, public in sessions.items() if public == session_id]
    if len(found) == 1:
        return found[0]
    asked = "" if session_id is None else f" with the id {session_id[:60]!r}"
    if not found:
        raise ValueError(f"{log.path}: no agent session{asked} in this log")
    some = ", ".join(repr(subject) for subject in found[-5:])
    raise ValueError(
        f"{log.path}: {len(found)} agent sessions{asked}: choose one by session_id=, "
        f"for example of the last: {some}"
    )
