"""A progress bar for what takes more than a second, on stderr, and only on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE_SECONDS = 1.0


@contextmanager
def progress_bar(label: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """Gives a function that is told how many more bytes are done."""
    if not sys.stderr.isatty():
        yield lambda size: None
        return
    bar = _LateBar(label, total)
    try:
        yield bar.advance
    finally:
        bar.close()


class _LateBar:
    """Appears when the work turns out to take a while."""

    def __init__(self, label: str, total: int | None) -> None:
        self._label, self._total, self._done = label, total, 0
        self._started = time.monotonic()
        self._show: Callable[[int], None] | None = None
        self._hide: Callable[[], None] = lambda: None

    def advance(self, size: int) -> None:
        self._done += size
        if self._show is not None:
            self._show(size)
        elif time.monotonic() - self._started > _PATIENCE_SECONDS:
            self._appear()

    def _appear(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        progress.start()
        task = progress.add_task(self._label, total=self._total, completed=self._done)
        self._show = lambda size: progress.advance(task, size)
        self._hide = progress.stop

    def close(self) -> None:
        self._hide()
