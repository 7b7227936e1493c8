"""The named crash points: before and after each of these steps a process is killed.

A step is named after what the log was doing, what it did, and to what.
"""

from __future__ import annotations

from attrs import frozen

from tests.faults.killing import Moment
from tests.faults.mortal import at


@frozen
class Way:
    """How to come to a step: a workload, after a process that died at another step or did not."""

    workload: str = "appends"
    first: str = ""
    """Where a process is killed before; half way through when it is a write."""
    first_workload: str = "appends"


_PLAIN = Way()
_HALF_MADE = Way(first="create: rename temporary log.json")
_TORN_EVENT = Way(first="append: write raw segment")
_TORN_MANIFEST = Way(first="seal: write manifest")
_PRUNING = Way("prunings")

STEPS: dict[str, Way] = {
    "create: make log directory": _PLAIN,
    "create: sync parent directory": _PLAIN,
    "create: create lock file": _PLAIN,
    "create: make segments directory": _PLAIN,
    "create: create raw segment": _PLAIN,
    "create: write raw segment": _PLAIN,
    "create: sync raw segment": _PLAIN,
    "create: sync segments directory": _PLAIN,
    "create: unlink temporary log.json": _HALF_MADE,
    "create: create temporary log.json": _PLAIN,
    "create: write temporary log.json": _PLAIN,
    "create: sync temporary log.json": _PLAIN,
    "create: sync log directory": _PLAIN,
    "create: rename temporary log.json": _PLAIN,
    "recover: sync segments directory": _PLAIN,
    "recover: sync log directory": _PLAIN,
    "recover: sync raw segment": _PLAIN,
    "catch up: sync segments directory": Way("two writers"),
    "catch up: sync log directory": Way("two writers"),
    "append: write raw segment": _PLAIN,
    "append: sync raw segment": _PLAIN,
    "rotate: sync raw segment": _PLAIN,
    "rotate: create raw segment": _PLAIN,
    "rotate: sync segments directory": _PLAIN,
    "clean up: sync segments directory": _PLAIN,
    "clean up: sync log directory": _PLAIN,
    "clean up: sync manifest": Way(first="seal: unlink raw segment"),
    "clean up: unlink temporary segment": Way(first="seal: rename temporary segment"),
    "clean up: unlink raw segment": Way(first="seal: unlink raw segment"),
    "seal: create temporary segment": _PLAIN,
    "seal: write temporary segment": _PLAIN,
    "seal: sync temporary segment": _PLAIN,
    "seal: rename temporary segment": _PLAIN,
    "seal: sync segments directory": _PLAIN,
    "seal: create manifest": _PLAIN,
    "seal: sync log directory": _PLAIN,
    "seal: write manifest": _PLAIN,
    "seal: sync manifest": _PLAIN,
    "seal: unlink raw segment": _PLAIN,
    "prune: write manifest": _PRUNING,
    "prune: sync manifest": _PRUNING,
    "prune: unlink sealed segment": _PRUNING,
    "prune: sync segments directory": _PRUNING,
    "clean up: unlink sealed segment": Way("prunings", "prune: unlink sealed segment", "prunings"),
    "quarantine: make quarantine directory": _TORN_EVENT,
    "quarantine: sync log directory": _TORN_EVENT,
    "quarantine: create quarantined file": _TORN_EVENT,
    "quarantine: write quarantined file": _TORN_EVENT,
    "quarantine: sync quarantined file": _TORN_EVENT,
    "quarantine: sync quarantine directory": _TORN_EVENT,
    "cut: truncate raw segment": _TORN_EVENT,
    "cut: sync raw segment": _TORN_EVENT,
    "cut: truncate manifest": _TORN_MANIFEST,
    "cut: sync manifest": _TORN_MANIFEST,
    "close: sync raw segment": Way("interval appends"),
}

POINTS = [(when, name) for name in STEPS for when in ("before", "after")]


def at_first(when: str, name: str) -> Moment:
    """When the step of this name comes for the first time."""
    return Moment(when, at(name))
