"""What callers pass to a logger, as the data of events."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote
from uuid import UUID

from sessions.practice import _values
from sessions.practice._names import SOURCE
from sessions.practice._rows import COUNTS
from sessions.practice._values import SCORES

T = TypeVar("T")

_FINALS = tuple(f"final_{name}" for name in SCORES)

_SOURCE_CHARACTERS = 40  # of a user; 12 each at most when they are quoted

_DETAILS = {
    "detected_hz": _values.number,
    "detected_midi": _values.number,
    "pitch_class": _values.count,
    "in_scale": _values.flag,
    "note_detected": _values.flag,
}


def measured(*scores: object) -> dict[str, Any]:
    """The scores of a measurement, without those that were not measured."""
    return _known(_values.number, dict(zip(SCORES, scores, strict=True)))


def finals(scores: tuple[object, ...], counts: tuple[object, ...]) -> dict[str, Any]:
    """The final values, without those that were not given."""
    return {
        **_known(_values.number, dict(zip(_FINALS, scores, strict=True))),
        **_known(_values.count, dict(zip(COUNTS, counts, strict=True))),
    }


def _known(check: Callable[[str, object], T | None], given: dict[str, object]) -> dict[str, T]:
    checked = {name: check(name, value) for name, value in given.items()}
    return {name: value for name, value in checked.items() if value is not None}


def id_text(given: object) -> str:
    """A session's id as text; what can't be one is the id of no session."""
    if isinstance(given, str):
        return given
    return str(given) if isinstance(given, UUID) else ""


def source_of(user_id: str | None) -> str:
    """The source of a user's events; ValueError for a user that is no text."""
    try:
        return SOURCE + quote((user_id or "anonymous")[:_SOURCE_CHARACTERS], safe="")
    except UnicodeEncodeError:
        raise ValueError("user_id holds a lone surrogate: it is no text") from None


def split_detail(debug_info: Mapping[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the table has columns for, checked; and the rest."""
    if debug_info is None:
        return {}, {}
    if not isinstance(debug_info, Mapping):
        raise TypeError(f"debug_info must be a dict, not {type(debug_info).__name__}")
    known, further = {}, {}
    for name, value in debug_info.items():
        check = _DETAILS.get(name)
        if check is None:
            further[name] = _values.unwrapped(value)
        elif (found := check(name, value)) is not None:
            known[name] = found
    return known, further
