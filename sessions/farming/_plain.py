"""Values as the log can hold them: what plain JSON gives back unchanged.

Bots hand over whatever they counted with. A session must not be lost because one of its values is
a set, so what JSON cannot hold becomes text, and is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from math import isfinite
from operator import index
from typing import Any

from eventlog._format import MAX_INTEGER, MIN_INTEGER
from sessions._texts import plain_text

_DEEPEST = 80  # levels; the log takes 100, and the event around the value needs some
_LONGEST = 200


def to_plain(value: object) -> tuple[Any, list[str]]:
    """The value as JSON would give it back, and the places where text had to stand in."""
    replaced: list[str] = []
    return _convert(value, "", (), replaced), replaced


def fits(value: object) -> bool:
    """Whether a number is one that the log can hold; what is no number passes."""
    if isinstance(value, float):
        return isfinite(value)
    return not isinstance(value, int) or MIN_INTEGER <= value <= MAX_INTEGER


def _convert(value: object, place: str, above: tuple[int, ...], replaced: list[str]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, place, replaced)
    if isinstance(value, float) and isfinite(value):
        return float(value)
    if hasattr(type(value), "__index__") and fits(number := index(value)):  # type: ignore[arg-type]
        return number
    if isinstance(value, dict | list | tuple) and _may_enter(value, above):
        inside = (*above, id(value))
        if isinstance(value, dict):
            return {
                _name(name, place, replaced): _convert(item, f"{place}.{name}", inside, replaced)
                for name, item in value.items()
            }
        return [
            _convert(item, f"{place}[{number}]", inside, replaced)
            for number, item in enumerate(value)
        ]
    replaced.append(place)
    return _described(value)


def _may_enter(value: object, above: tuple[int, ...]) -> bool:
    return len(above) < _DEEPEST and id(value) not in above


def _text(value: str, place: str, replaced: list[str]) -> str:
    plain = plain_text(value)
    if plain is not value:
        replaced.append(place)
    return str.__str__(plain)


_NAMES: dict[type, Callable[[Any], str]] = {
    bool: lambda name: "true" if name else "false",
    type(None): lambda name: "null",
    int: str,
    float: repr,
}


def _name(name: object, place: str, replaced: list[str]) -> str:
    """As the json module writes names that are no text."""
    if isinstance(name, str):
        return _text(name, place, replaced)
    known = _NAMES.get(type(name))
    if known is not None and fits(name):
        return known(name)
    replaced.append(place)
    return _described(name)


def _described(value: object) -> str:
    try:
        text = repr(value)
    except Exception as error:  # repr is anyone's code, and Python refuses very long integers
        text = f"<{type(value).__name__}, whose repr failed: {type(error).__name__}>"
    return plain_text(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}...")
