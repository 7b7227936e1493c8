"""Record a session, read it back, and look at what is on the disk.

Run it: python examples/quickstart.py
"""

import tempfile
from pathlib import Path

from eventlog import EventLog, FileWritten, NewEvent, TaskCompleted, TaskStarted


def main(path: Path) -> None:
    with EventLog.open(path) as log:  # created when missing
        # One call, one event. It is on the disk when append returns.
        log.append(TaskStarted("write docs"), subject="s-17", source="agent/AGENT-004")

        # Several events as one batch: all of them are in the log, or none.
        done = [FileWritten("docs/index.md", 5120), TaskCompleted("write docs", 1_800_000)]
        log.extend(NewEvent(event, subject="s-17", source="agent/AGENT-004") for event in done)

        # An event needs no class: a type name and data will do.
        log.append("deploy.finished", {"ok": True}, subject="s-18")

        for event in log.read():
            print(event.sequence, event.type, event.subject, event.data)

        tasks = log.read(types="task.completed", subject="s-17")
        print("minutes spent on tasks:", sum(task.data["duration_ms"] for task in tasks) / 60_000)

        # On the disk, each event is one line of JSON, and a valid CloudEvent.
        line, _ = next(log.scan())
        print(line.decode())


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory) / "activity.eventlog")
