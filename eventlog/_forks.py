"""Which fork of a process this is: asked by every append, so without a system call."""

from __future__ import annotations

import os

generation = 0
"""How many forks lie between the first process and this one."""


def _count() -> None:
    global generation  # noqa: PLW0603 - a fact of the process
    generation += 1


os.register_at_fork(after_in_child=_count)
