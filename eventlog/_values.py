"""What an event may hold: the limits of the format, checked before anything is written.

Checking every value of every event would cost more than encoding it. So the encoded bytes are
searched for the few signs that a closer look is needed, and only then are the values walked.
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

# Every digit becomes 0, so that a run of digits, or a name that starts with one, is found by a
# plain search for bytes.
_ZEROED = bytes(0x30 if 0x30 <= byte <= 0x39 else byte for byte in range(256))
_LONG_INTEGER = b"0" * 19

_NESTING = (dict, list, tuple)
"""What may hold objects. A constant, since making a union of types takes longer than its use."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_EXTENSION_NAME = re.compile(r"[a-z0-9]{1,20}", re.ASCII)
_RESERVED = frozenset(
    "specversion id source type subject time data sequence commit crc32".split()  # noqa: SIM905
)


def check_text(name: str, value: object) -> str:
    """``value`` when it may stand in the attribute ``name``; InvalidEventError otherwise."""
    if not isinstance(value, str):
        raise InvalidEventError(f"{name} must be text, not {type(value).__name__}")
    if not 1 <= len(value) <= MAX_TEXT:
        raise InvalidEventError(f"{name} has {len(value)} characters: it must have 1 to {MAX_TEXT}")
    if _CONTROL.search(value):
        raise InvalidEventError(f"{name} holds a control character: {value[:60]!r}")
    if _SURROGATE.search(value):
        raise InvalidEventError(f"{name} holds a lone surrogate: {value[:60]!r}")
    return value


def check_source(value: object) -> str:
    """``value`` when it may stand as ``source``; InvalidEventError otherwise."""
    from eventlog._uri import is_uri_reference  # its patterns take a while to compile

    source = check_text("source", value)
    if not is_uri_reference(source):
        raise InvalidEventError(
            f"source {source[:60]!r} is no URI reference: percent-encode it, "
            "for example with urllib.parse.quote"
        )
    return source


def check_extension(name: object, value: object) -> str | int | bool:
    """``value`` when the attribute ``name`` may hold it; InvalidEventError otherwise."""
    if not isinstance(name, str):
        raise InvalidEventError(f"extension name {name!r} must be text, not {type(name).__name__}")
    if not _EXTENSION_NAME.fullmatch(name) or name in _RESERVED:
        raise InvalidEventError(
            f"extension name {name[:60]!r} is not allowed: use 1 to 20 characters of a-z and 0-9, "
            "and no name of the envelope itself"
        )
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        if -(2**31) <= value < 2**31:
            return value
        raise InvalidEventError(f"extension {name} is beyond 32 bits: write it as text")
    return check_text(f"extension {name}", value)


def encode_data(data: Mapping[str, Any]) -> bytes:
    """The JSON of an event's data; InvalidEventError when JSON cannot hold it unchanged."""
    try:
        data = data if type(data) is dict else _plain(data)
        encoded = _encode(data)
        if not _names_are_text(data, encoded.count(b"{") > 1):
            _check_value(data, "data", 1)  # which tells the place
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidEventError(_refusal(error)) from None
    if _needs_a_closer_look(encoded):
        _check_value(msgspec.to_builtins(data), "data", 1)
    return encoded


def _names_are_text(value: object, nests: bool) -> bool:
    """Whether they are: the encoder would make text of dates, bytes and UUIDs.

    Without objects inside of objects, as most events are, a list need not be walked.
    """
    if not isinstance(value, dict):
        items: Iterable[object] = value if isinstance(value, _NESTING) else ()
    else:
        for name in value:
            if not isinstance(name, str):
                return False
        items = value.values()
    if nests:
        for item in items:
            if isinstance(item, _NESTING) and not _names_are_text(item, nests):
                return False
    return True


def _needs_a_closer_look(encoded: bytes) -> bool:
    """Whether anything in the bytes may come of a value that JSON would not give back."""
    # find, because CPython 3.11 takes twice as long for 'in' on bytes
    find, find_zeroed = encoded.find, encoded.translate(_ZEROED).find
    return (
        find(b"null") >= 0  # what a float that is no number becomes
        or find(b'nan":') >= 0  # and as a name
        or find(b'inf":') >= 0
        # A number as a name begins and ends like one; texts that begin so, as times do, are many.
        or (find_zeroed(b'0":') >= 0 and (find_zeroed(b'"0') >= 0 or find_zeroed(b'"-0') >= 0))
        or find_zeroed(_LONG_INTEGER) >= 0
        or encoded.count(b"{") + encoded.count(b"[") > MAX_NESTING
    )


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
