"""Locks that survive a fork: in a child they are free, whoever held them in the parent."""

from __future__ import annotations

import os
from threading import RLock
from weakref import WeakSet


class Guard:
    """A reentrant lock, for ``with`` alone.

    A thread of the parent may hold it at the moment of a fork, and does not exist in the child: a
    plain lock would never be free there.
    """

    def __init__(self) -> None:
        self._lock = RLock()
        _guards.add(self)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def renew(self) -> None:
        """Make it free, in a forked child."""
        self._lock = RLock()


_guards: WeakSet[Guard] = WeakSet()


def _renew_in_child() -> None:
    for guard in list(_guards):
        guard.renew()


os.register_at_fork(after_in_child=_renew_in_child)
