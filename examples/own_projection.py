"""A projection of your own: how often each tool was called, and how long its slowest call took."""

import tempfile
from pathlib import Path

from attrs import define

from eventlog import Event, EventLog
from projections import Key, KeyedProjection, project
from sessions.sample import write_sample


@define
class ToolState:
    calls: int = 0
    slowest_ms: int | float = 0


class SlowestCalls(KeyedProjection[ToolState, tuple[Key, int, int | float]]):
    name, version, types = "slowest-calls", 1, frozenset({"tool.called"})

    def key(self, event: Event) -> Key:
        return str(event.data.get("tool"))

    def initial_one(self) -> ToolState:
        return ToolState()

    def apply_one(self, state: ToolState, event: Event) -> ToolState:
        duration = event.data.get("duration_ms")  # may be anything: logs are messy
        if isinstance(duration, bool) or not isinstance(duration, int | float):
            duration = 0
        return ToolState(state.calls + 1, max(state.slowest_ms, duration))

    def merge_one(self, earlier: ToolState, later: ToolState) -> ToolState:
        slowest = max(earlier.slowest_ms, later.slowest_ms)
        return ToolState(earlier.calls + later.calls, slowest)

    def result_one(self, key: Key, state: ToolState) -> tuple[Key, int, int | float]:
        return key, state.calls, state.slowest_ms


def main(path: Path) -> None:
    with EventLog.open(path, sync="never") as log:
        write_sample(log, 50)
        for tool, calls, slowest_ms in project(log, SlowestCalls()):
            print(f"{tool:<12} {calls:>5} calls, slowest {slowest_ms:,.0f} ms")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        main(Path(directory) / "activity.eventlog")
