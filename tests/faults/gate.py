"""When the sealer's thread may take its steps: so that a trace is the same in every run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from math import inf
from threading import Condition

_PATIENCE_SECONDS = 60


class Gate:
    """Open when it is made."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._permits: float = inf
        self._passed = 0

    @contextmanager
    def one_step(self) -> Iterator[None]:
        """Wait until there is a permit, and use it."""
        with self._changed:
            self._changed.wait_for(lambda: self._permits > 0)
            self._permits -= 1
        try:
            yield
        finally:
            with self._changed:
                self._passed += 1
                self._changed.notify_all()

    def open(self) -> None:
        """Whoever waits may go on, as far as there is to go."""
        self._allow(inf)

    def close(self) -> None:
        """Not a step more."""
        self._allow(0)

    def let_pass(self, steps: int) -> None:
        """Return when this many more steps were taken, which there must be to take."""
        before = self._passed
        self._allow(steps)
        with self._changed:
            passed = self._changed.wait_for(
                lambda: self._passed == before + steps, _PATIENCE_SECONDS
            )
        assert passed, "the sealer had less to do"

    def _allow(self, permits: float) -> None:
        with self._changed:
            self._permits = permits
            self._changed.notify_all()
