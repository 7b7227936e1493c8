"""Turns at the disk: who waits for whom."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from threading import Event as Signal

import pytest

from eventlog import _turns
from eventlog._turns import Turns


class Disk:
    """Counts what is written, and in how many turns it is synced. The first turn waits for us."""

    def __init__(self) -> None:
        self.turns = Turns()
        self.written = self.synced = self.started = self.syncs = 0
        self.is_working, self.may_end, self.is_asked = Signal(), Signal(), Signal()

    def write(self, *, gather: bool = True) -> None:
        """Come back when it is synced."""
        self.written += 1
        target = self.written

        def is_done() -> bool:
            if self.is_working.is_set():
                self.is_asked.set()  # and whoever asks then waits, before the first turn can end
            return self.synced >= target

        self.turns.run(self._sync, is_done, gather=gather)

    def _sync(self) -> None:
        written, self.started = self.written, self.started + 1
        self.is_working.set()
        assert self.may_end.wait(60)
        self.synced, self.syncs = written, self.syncs + 1


def beside(first: Callable[[], None], disk: Disk, second: Callable[[], None]) -> None:
    """Call both in threads of their own; the second comes in the first turn of the first."""
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(first)
        assert disk.is_working.wait(60)
        other = pool.submit(second)
        assert disk.is_asked.wait(60)
        disk.may_end.set()
        one.result(60)
        other.result(60)


def test_a_turn_waits_for_those_that_the_last_one_woke(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = count(step=1000)  # turns that last so long are waited for until the others are there
    monkeypatch.setattr("eventlog._turns.time.monotonic", lambda: next(ticks))
    monkeypatch.setattr(_turns, "_LONGEST_GATHERING_SECONDS", 60)
    disk = Disk()

    def twice() -> None:
        disk.write()
        while disk.turns._gathered is None and disk.started < 2:  # the other one comes first
            time.sleep(0.001)
        disk.write()

    beside(twice, disk, disk.write)
    assert (disk.synced, disk.syncs) == (3, 2)


@pytest.mark.parametrize("gather", [True, False])
def test_nobody_waits_for_one_who_does_not_come_back(gather: bool) -> None:
    disk = Disk()
    beside(disk.write, disk, lambda: disk.write(gather=gather))
    assert (disk.synced, disk.syncs) == (2, 2)


def test_a_turn_that_failed_lets_the_next_one_work() -> None:
    turns, done = Turns(), list[int]()

    def fail() -> None:
        raise OSError

    with pytest.raises(OSError):
        turns.run(fail, lambda: False, gather=True)
    turns.run(lambda: done.append(1), lambda: bool(done), gather=True)
    turns.run(fail, lambda: bool(done), gather=True)
    assert done == [1]
