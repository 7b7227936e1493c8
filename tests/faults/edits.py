"""Edits of a trace: what the disk would see of a program with its steps left out or reordered."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve

from tests.faults.tracing import Promise, Step, Trace

Edit = Callable[[Trace], Trace]
Chosen = Callable[[Trace, int], bool]
"""Whether the entry at an index is meant."""


def named(name: str, follows: str | None = None) -> Chosen:
    """Steps of this name; with ``follows``, those next in their activity after one of that name."""

    def chosen(trace: Trace, index: int) -> bool:
        step = trace[index]
        if not isinstance(step, Step) or step.name != name:
            return False
        return follows is None or _previous(trace, index, step.activity) == follows

    return chosen


def _previous(trace: Trace, index: int, activity: str) -> str:
    for entry in reversed(trace[:index]):
        if isinstance(entry, Step) and entry.activity == activity:
            return entry.name
    return ""


def without(*choices: Chosen) -> Edit:
    """These steps never happen."""

    def edit(trace: Trace) -> Trace:
        return [
            entry
            for index, entry in enumerate(trace)
            if not any(chosen(trace, index) for chosen in choices)
        ]

    return edit


def behind(moved: Chosen, anchor: Chosen) -> Edit:
    """Each of these steps happens only after the next one of the others."""

    def edit(trace: Trace) -> Trace:
        changed, waiting = Trace(), Trace()
        for index, entry in enumerate(trace):
            if moved(trace, index):
                waiting.append(entry)
                continue
            changed.append(entry)
            waiting = [_renamed(one, entry) for one in waiting]
            if anchor(trace, index):
                changed += waiting
                waiting = []
        return changed + waiting

    return edit


def _renamed(waiting: Step | Promise, passed: Step | Promise) -> Step | Promise:
    """A file that is renamed in the meantime is found under its new name."""
    if isinstance(waiting, Step) and isinstance(passed, Step) and passed.path == waiting.path:
        return evolve(waiting, path=passed.target or waiting.path)
    return waiting


def ahead(moved: Chosen, anchor: Chosen) -> Edit:
    """Each of these steps happens already before the last one of the others."""

    def edit(trace: Trace) -> Trace:
        changed, place = Trace(), 0
        for index, entry in enumerate(trace):
            if anchor(trace, index):
                place = len(changed)
            if moved(trace, index):
                changed.insert(place, entry)
            else:
                changed.append(entry)
        return changed

    return edit


def promises(trace: Trace, index: int) -> bool:
    """Acknowledgements."""
    entry = trace[index]
    earlier = next((one for one in reversed(trace[:index]) if isinstance(one, Promise)), Promise())
    return isinstance(entry, Promise) and entry.kept > earlier.kept


def all_of(*edits: Edit) -> Edit:
    """One after the other."""

    def edit(trace: Trace) -> Trace:
        for one in edits:
            trace = one(trace)
        return trace

    return edit
