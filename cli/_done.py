"""Telling what was done, when the telling itself fails."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cli._failures import Failure


@contextmanager
def done(what: str) -> Iterator[None]:
    """Print the answer inside; when that fails, the message says ``what`` was done all the same.

    Else a full disk behind stdout would look like one that took no event.
    """
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        raise  # whoever read our output has seen enough
    except OSError as error:
        raise Failure(f"{what}; only printing that failed: {error.strerror or error}") from error
