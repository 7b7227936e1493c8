"""Made ``format-1.eventlog`` and ``format-1.json``, what is in it: ``... make_format_1 DIRECTORY``.

The log is kept for ever as it is; this shows how it came to be, and makes one with the same lines.
"""

from __future__ import annotations

import json
import shutil
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from eventlog import EventLog, NewEvent, TaskCompleted, TaskStarted
from eventlog._files import Files
from eventlog._identity import Identity, write_identity
from eventlog._names import raw_name

START = datetime(2026, 2, 6, 12, 34, 56, 789012, UTC)


def make(directory: Path) -> None:
    """Write the log, and beside it its events as JSON."""
    path = directory / "format-1.eventlog"
    (path / "segments").mkdir(parents=True)
    (path / "segments" / raw_name(1)).touch()
    write_identity(path, Identity(1, "gabcdefghijk", "2026-02-06T12:00:00.000000Z"), Files())
    with EventLog.open(path) as log:
        fill(log)
        events = [as_json(event) for event in log.read()]
    shutil.rmtree(path / "cache")  # derived
    text = json.dumps(events, ensure_ascii=False, indent=1) + "\n"
    (directory / "format-1.json").write_text(text, encoding="utf-8")


def fill(log: EventLog) -> None:
    """Three sealed segments, and an active one with a batch."""

    def at(seconds: float) -> datetime:
        return START + timedelta(seconds=seconds)

    log.append("session.started", {"user": "Jörg"}, subject="s-1", source="agent/4", time=at(0))
    log.append(TaskStarted(task="Übersetzung 🙂"), subject="s-1", source="agent/4", time=at(1))
    log.seal()
    log.extend(
        NewEvent("metric.recorded", {"n": n, "score": n / 4}, subject="s-2", time=at(2 + n))
        for n in range(40)
    )
    log.append("clock.jumped", {}, time=at(-86_400))
    log.seal()
    log.append(
        "deploy.finished", {"seconds": 60, "nested": [[1], {"a": None}], "big": 2**64 - 1},
        subject='s-"3"\\', source="//host/x?y#z", id="given-1", time=at(50),
        extensions={"schemaversion": 2, "traceparent": "00-ab-cd-01", "flag": True, "n": -5},
    )  # fmt: skip
    log.append("no.subject", {"text": "line\nend\ttab \u2028 \x7f \x00"}, time=at(51))
    log.seal()
    done = TaskCompleted(task="Übersetzung 🙂", duration_ms=1.5, extra={"more": -0.0})
    log.extend(
        [
            NewEvent(done, subject="s-1", source="agent/4", time=at(52)),
            NewEvent("session.ended", {}, subject="s-1", source="agent/4", time=at(53)),
        ]
    )
    log.append("last", {"min": -(2**63)}, id="given-2", time=at(54))


def as_json(event: Any) -> dict[str, Any]:
    """All that an event says, as JSON."""
    return {
        "sequence": event.sequence,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time.isoformat(timespec="microseconds"),
        "schemaversion": event.schemaversion,
        "extensions": dict(event.extensions),
        "data": event.data,
        "commit": event.commit,
        "crc32": event.crc32,
    }


if __name__ == "__main__":
    make(Path(sys.argv[1]))
