"""What an event may hold: the limits of the format, checked before anything is written.

Data of Python's plain types are walked once, by their exact types and without a word. What is of
another type, or beyond a limit, is walked again with the path to it, to tell what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import Any

import msgspec

from eventlog._errors import InvalidEventError
from eventlog._format import MAX_INTEGER, MAX_NESTING, MAX_TEXT, MIN_INTEGER

_encode = msgspec.json.Encoder().encode

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
"""Text of nothing else is a URI reference: names, with slashes between them."""
_EXTENSION_NAME = re.compile(r"[a-z0-9]{1,20}", re.ASCII)
_RESERVED = frozenset(
    "specversion id source type subject time data sequence commit crc32".split()  # noqa: SIM905
)


def check_text(name: str, value: object) -> str:
    """``value`` when it may stand in the attribute ``name``; InvalidEventError otherwise.

    Of a subclass of str, which the encoder would not take, the text that it is.
    """
    if not isinstance(value, str):
        raise InvalidEventError(f"{name} must be text, not {type(value).__name__}")
    value = str.__str__(value)
    if not 1 <= len(value) <= MAX_TEXT:
        raise InvalidEventError(f"{name} has {len(value)} characters: it must have 1 to {MAX_TEXT}")
    if value.isprintable():  # a fifth of the time of the searches, which tell what is wrong
        return value
    if _CONTROL.search(value):
        raise InvalidEventError(f"{name} holds a control character: {value[:60]!r}")
    if _SURROGATE.search(value):
        raise InvalidEventError(f"{name} holds a lone surrogate: {value[:60]!r}")
    return value


def check_source(value: object) -> str:
    """``value`` when it may stand as ``source``; InvalidEventError otherwise."""
    source = check_text("source", value)
    if not _UNRESERVED.issuperset(source):
        from eventlog._uri import is_uri_reference  # its patterns take milliseconds to compile

        if not is_uri_reference(source):
            raise InvalidEventError(
                f"source {source[:60]!r} is no URI reference: percent-encode it, "
                "for example with urllib.parse.quote"
            )
    return source


def check_extension(name: object, value: object) -> tuple[str, str | int | bool]:
    """Both when the attribute ``name`` may hold ``value``; InvalidEventError otherwise."""
    if not isinstance(name, str):
        raise InvalidEventError(f"extension name {name!r} must be text, not {type(name).__name__}")
    if not _EXTENSION_NAME.fullmatch(name) or name in _RESERVED:
        raise InvalidEventError(
            f"extension name {name[:60]!r} is not allowed: use 1 to 20 characters of a-z and 0-9, "
            "and no name of the envelope itself"
        )
    name = str.__str__(name)
    if isinstance(value, bool):
        return name, value
    if isinstance(value, int):
        if -(2**31) <= (value := int.__int__(value)) < 2**31:
            return name, value
        raise InvalidEventError(f"extension {name} is beyond 32 bits: write it as text")
    return name, check_text(f"extension {name}", value)


def encode_data(data: Mapping[str, Any]) -> bytes:
    """The JSON of an event's data; InvalidEventError when JSON cannot hold it unchanged."""
    try:
        data = data if type(data) is dict else _plain(data)
        encoded = _encode(data)
        if not _is_plain_object(data, MAX_NESTING):
            if not _names_are_text(data):
                _check_value(data, "data", 1)  # which tells the place
            plain = msgspec.to_builtins(data)
            _check_value(plain, "data", 1)
            encoded = _encode(plain)  # what was checked, whatever else the objects would make
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEventError(_refusal(error)) from None
    return encoded


# These are on the path of every append, so there is one loop for objects and one for arrays, and no
# step that is not needed; benchmarks/value_checks.py shows what each way costs.


def _is_plain_object(data: dict[Any, Any], levels: int) -> bool:
    """Whether all of it is of JSON's own types, within the limits, and so many levels deep."""
    for name, value in data.items():
        if type(name) is not str:
            return False
        kind = type(value)
        if kind is str:
            continue
        if kind is int:
            if not MIN_INTEGER <= value <= MAX_INTEGER:
                return False
        elif kind is float:
            if not isfinite(value):
                return False
        elif not _is_plain_rest(value, levels):
            return False
    return True


def _is_plain_array(items: Iterable[Any], levels: int) -> bool:
    for value in items:
        kind = type(value)
        if kind is str:
            continue
        if kind is int:
            if not MIN_INTEGER <= value <= MAX_INTEGER:
                return False
        elif kind is float:
            if not isfinite(value):
                return False
        elif not _is_plain_rest(value, levels):
            return False
    return True


def _is_plain_rest(value: Any, levels: int) -> bool:
    kind = type(value)
    if kind is dict:
        return levels > 1 and _is_plain_object(value, levels - 1)
    if kind is list or kind is tuple:
        return levels > 1 and _is_plain_array(value, levels - 1)
    return kind is bool or value is None


def _names_are_text(value: object) -> bool:
    """Whether they are: the encoder would make text of dates, bytes and UUIDs."""
    if isinstance(value, dict):
        if not all(isinstance(name, str) for name in value):
            return False
        value = value.values()
    elif not isinstance(value, list | tuple):
        return True
    return all(map(_names_are_text, value))


def _plain(data: object) -> dict[str, Any]:
    if not isinstance(data, Mapping):
        raise InvalidEventError(f"data must be a JSON object, not {type(data).__name__}")
    return dict(data)


def _refusal(error: Exception) -> str:
    if isinstance(error, InvalidEventError):
        return error.message
    if isinstance(error, RecursionError):
        return f"data nests deeper than {MAX_NESTING} levels, or holds itself"
    if isinstance(error, UnicodeEncodeError):
        return f"data holds a lone surrogate: {error.object[error.start]!r}"
    return f"data holds something that JSON cannot: {error}"


def _check_value(value: object, path: str, depth: int) -> None:
    if isinstance(value, dict):
        _check_depth(path, depth)
        for name, item in value.items():
            if not isinstance(name, str):
                raise InvalidEventError(
                    f"{path} has the name {name!r} ({type(name).__name__}): names must be text"
                )
            _check_value(item, f"{path}.{name}", depth + 1)
    elif isinstance(value, list | tuple | set | frozenset):
        _check_depth(path, depth)
        for index, item in enumerate(value):
            _check_value(item, f"{path}[{index}]", depth + 1)
    elif isinstance(value, float):
        if not isfinite(value):
            raise InvalidEventError(f"{path} is {value}: JSON has no such number")
    elif isinstance(value, int) and not MIN_INTEGER <= value <= MAX_INTEGER:
        raise InvalidEventError(f"{path} is an integer beyond 64 bits: write it as text")


def _check_depth(path: str, depth: int) -> None:
    if depth > MAX_NESTING:
        raise InvalidEventError(f"{path[:60]} nests deeper than {MAX_NESTING} levels")
