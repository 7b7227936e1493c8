"""The garbage collector, out of the way.

Loading a state, folding a segment, answering and verifying make many objects at a time, and hardly
a cycle. The collector would look at all of them over and over: that took a seventh of a first
question's time, and a third of a repeated one's.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """No search for cycles meanwhile. For work of bounded size, since cycles pile up."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
