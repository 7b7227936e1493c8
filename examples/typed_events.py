"""Event classes of your own, and a change of their shape that old events survive.

Run it: python examples/typed_events.py
"""

import tempfile
from pathlib import Path
from typing import Any

import attrs

from eventlog import STANDARD_TYPES, EventLog, EventTypes, InvalidEventError, TaskStarted

# Version 1 of the class, as an older release of a program may have had it.
old_types = EventTypes(STANDARD_TYPES)


@old_types.register("deploy.finished")
@attrs.frozen
class DeployFinishedV1:
    service: str
    minutes: float


# Version 2 counts seconds. Stored events never change: the upcaster turns the old data into the
# new on the way out.
types = EventTypes(STANDARD_TYPES)


@types.register("deploy.finished", version=2)
@attrs.frozen
class DeployFinished:
    service: str
    seconds: float
    hosts: list[str] = attrs.field(factory=list)


@types.upcaster("deploy.finished", from_version=1)
def minutes_to_seconds(data: dict[str, Any]) -> dict[str, Any]:
    return {"service": data["service"], "seconds": data["minutes"] * 60}


def main(path: Path) -> None:
    with EventLog.open(path, types=old_types) as log:
        log.append(DeployFinishedV1("search", minutes=2.5), subject="release-7")

    with EventLog.open(path, types=types) as log:
        log.append(DeployFinished("search", 140, hosts=["host-03"]), subject="release-8")
        log.append(TaskStarted("clean up"), subject="release-8")  # the standard classes stay
        log.append("task.started", {"title": "no task"}, subject="release-8")  # fits no class

        for event in log.read():
            try:
                print(event.sequence, log.types.load(event))
            except InvalidEventError as error:
                print(event.sequence, "cannot be loaded:", error)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory) / "deploys.eventlog")
