"""A worker bot: it works through a queue, saves its state, and crashes now and then."""

from __future__ import annotations

from collections.abc import Iterator

from eventlog import (
    CrashDetected,
    RecoveryCompleted,
    SessionEnded,
    SessionStarted,
    StateSaved,
    TaskCompleted,
    TaskStarted,
)
from sessions._sample._draw import Draw, Step, between, pick, pick_ranked, skewed

SOURCES = tuple(f"recovery/worker-{number:02d}" for number in range(1, 9))

_TASKS = ("collect", "deliver", "patrol", "sort stock", "craft parts", "scan area", "Kisten zählen")
_ZONES = ("depot", "harbour", "north gate", "quarry", "market")
_MODES = (["work"], ["work", "guard"], ["work", "night"])
_CRASHES = (
    ("connection lost", "no answer from the server for 30 s"),
    ("server disconnected", "closed by the remote side"),
    ("memory error", "cannot allocate 268435456 bytes"),
    ("game crashed", "exit code 139"),
    ("graphics error", "device was removed"),
)
_METHODS = ("restart", "restart", "relog")

_SAVE_EVERY = 300.0
_CRASHES_PER_SAVE = 0.04
_LOST_FOR_GOOD = 0.3  # of the crashes


def recovery(draw: Draw, seconds: float) -> Iterator[Step]:
    """Work and saved states until the time is up, or until a crash that nothing recovers."""
    worker = _Worker(draw)
    yield 0.0, SessionStarted({"component": "worker", "save_interval": 300})
    yield skewed(draw, 3), worker.saved()
    while worker.elapsed < seconds:
        yield from worker.work()
        yield _SAVE_EVERY * between(draw, 0.02, 0.08), worker.saved()
        if draw() < _CRASHES_PER_SAVE:
            yield skewed(draw, 60), worker.crashed()
            if draw() < _LOST_FOR_GOOD:
                return
            yield between(draw, 5, 90), worker.recovered()
    yield skewed(draw, 4), SessionEnded("queue paused")


class _Worker:
    """The state that such a bot saves."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._queue = [pick_ranked(draw, _TASKS) for _ in range(2 + int(3 * draw()))]
        self._zone, self._modes = pick(draw, _ZONES), pick(draw, _MODES)
        self._crashes = 0
        self.elapsed = 0.0

    def work(self) -> Iterator[Step]:
        """One task of the queue, which takes about as long as the time between two saves."""
        task, pause = self._queue.pop(0), skewed(self._draw, 10)
        seconds = _SAVE_EVERY * between(self._draw, 0.7, 1.1)
        self._queue.append(pick_ranked(self._draw, _TASKS))
        self._zone = pick_ranked(self._draw, _ZONES)
        self.elapsed += pause + seconds
        yield pause, TaskStarted(task, {"zone": self._zone})
        yield seconds, TaskCompleted(task, int(seconds * 1000))

    def saved(self) -> StateSaved:
        return StateSaved(
            {
                "zone": self._zone,
                "coordinates": [int(4000 * self._draw()), int(4000 * self._draw())],
                "task_queue": list(self._queue),
                "active_modes": self._modes,
                "crash_count": self._crashes,
                "session_duration": int(self.elapsed),
            }
        )

    def crashed(self) -> CrashDetected:
        self._crashes += 1
        return CrashDetected(*pick_ranked(self._draw, _CRASHES))

    def recovered(self) -> RecoveryCompleted:
        method = pick(self._draw, _METHODS)
        return RecoveryCompleted({"method": method, "tasks_restored": len(self._queue)})
