"""The file of a saved session: one JSON object per event, written whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from secrets import token_hex
from typing import Any

from eventlog._values import encode_data
from sessions._texts import digest
from sessions.agent._models import FileEvent, SessionEvent, TaskEvent

_NO_FILE_NAME = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_NAME = 240  # bytes; file systems take 255


def saved_name(agent_id: str, session_id: str) -> str:
    """``{agent_id}_{session_id}.jsonl``; ids that are no file name are cleaned and get a hash.

    So no id leads out of the directory, and a cleaned name is not another session's.
    """
    stem = f"{agent_id}_{session_id}"
    clean = _NO_FILE_NAME.sub("_", stem)
    if clean != stem or len(clean.encode()) > _LONGEST_NAME:
        clean = f"{clean.encode()[: _LONGEST_NAME - 20].decode(errors='ignore')}~{digest(stem)}"
    return f"{clean}.jsonl"


def encode_event(event: SessionEvent) -> bytes:
    """One line; InvalidEventError for what JSON cannot hold."""
    return encode_data(_fields(event)) + b"\n"


def _fields(event: SessionEvent) -> dict[str, Any]:
    if isinstance(event, TaskEvent):
        return {
            "name": event.name,
            "start_time": event.start_time,
            "end_time": event.end_time,
            "metadata": event.metadata,
        }
    if isinstance(event, FileEvent):
        return {
            "path": event.path,
            "operation": event.operation,
            "size_bytes": event.size_bytes,
            "lines": event.lines,
        }
    return {"name": event.name, "params": event.params, "duration_ms": event.duration_ms}


def replace_file(path: Path, lines: Iterable[bytes]) -> None:
    """Write the file beside its place and move it there: a reader never sees half of it."""
    work = path.with_name(f".{token_hex(8)}.tmp")
    try:
        with work.open("xb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        work.replace(path)
    except BaseException:
        work.unlink(missing_ok=True)
        raise
