"""The themes, each in the module of its name, in the order in which they are measured."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks._frame import Theme

NAMES = (
    "writing", "syncing", "concurrency", "sealing", "replay", "warm", "questions", "opening",
    "sizes", "checking", "startup", "growth", "many_sessions",
)  # fmt: skip


def load_theme(name: str) -> Theme:
    """A theme by name; loaded only now, since processes that help to answer need none of them."""
    theme: Theme = import_module(f"benchmarks.{name}").THEME
    return theme
