"""The progress bar: only on a terminal, and only when it takes a while."""

from __future__ import annotations

import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from unittest import mock

import pytest

from cli import _progress
from cli._progress import progress_bar


@contextmanager
def terminal(patience: float) -> Iterator[list[str]]:
    """Makes stderr a terminal, and gives what it showed once this is over."""
    ours, theirs = pty.openpty()
    os.set_blocking(ours, False)
    shown: list[str] = []
    with (
        open(theirs, "w") as stream,
        mock.patch.object(sys, "stderr", stream),
        mock.patch.object(_progress, "_PATIENCE_SECONDS", patience),
        mock.patch.dict(os.environ, {"TERM": "xterm"}),
    ):
        yield shown
        stream.flush()
        with suppress(BlockingIOError):
            while part := os.read(ours, 65536):
                shown.append(part.decode())
    os.close(ours)


def test_what_is_quick_shows_no_bar() -> None:
    with terminal(patience=60.0) as shown, progress_bar("working", 100) as advance:
        advance(50)
    assert shown == []


@pytest.mark.parametrize("total", [100, None])
def test_what_takes_a_while_shows_one_that_goes_away(total: int | None) -> None:
    with terminal(patience=-1.0) as shown, progress_bar("working", total) as advance:
        advance(50)
        advance(25)
    text = "".join(shown)
    assert "working" in text
    assert text.endswith("\x1b[2K")  # the line is erased
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") == 1  # the cursor is back


def test_an_error_takes_the_bar_away_too() -> None:
    with (
        terminal(patience=-1.0) as shown,
        pytest.raises(KeyboardInterrupt),
        progress_bar("working", 100) as advance,
    ):
        advance(50)
        raise KeyboardInterrupt
    assert "".join(shown).endswith("\x1b[2K")


def test_a_pipe_gets_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with (
        mock.patch.object(_progress, "_PATIENCE_SECONDS", -1.0),
        progress_bar("working", 100) as advance,
    ):
        advance(50)
    assert capsys.readouterr() == ("", "")
