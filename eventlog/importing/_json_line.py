"""Strict decoding of one line: what JSON leaves open is refused, never guessed.

msgspec decodes fast, keeps the last of two equal keys and takes integers of any size. Both are
caught by a cheap look at every line, and a slow exact look only at the few that need it.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any

import msgspec

from eventlog._format import MAX_INTEGER, MAX_NESTING, MIN_INTEGER
from eventlog.importing._bad_line import BadLineError, quoted

_decode = msgspec.json.Decoder().decode
_BYTE = re.compile(r"(.*) \(byte (\d+)\)")
_WHITE_SPACE = b" \t\r\n"
_CONSTANT = re.compile(rb"-?Infinity|NaN")
# The decoder reports these so many bytes behind where they are.
_BEHIND = {
    "invalid escape character in string": 2,
    "trailing characters": 1,
    "trailing comma in object": 1,
    "trailing comma in array": 1,
}
_KINDS = {list: "an array", str: "a text", int: "a number", float: "a number", bool: "a boolean"}


def decode_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in ``raw``; BadLineError when it is none, or is ambiguous."""
    try:
        value = _decode(raw)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise BadLineError(utf8_fault(raw) or "not valid UTF-8") from None
    except msgspec.DecodeError as error:
        raise BadLineError(_explain(raw, str(error))) from None
    if type(value) is not dict:
        raise BadLineError(f"not a JSON object, but {_KINDS.get(type(value), 'null')}")
    # Without white space, every key shows as '":'. A text may show more of them, so equal numbers
    # prove that no key was dropped, and other numbers prove nothing.
    if _count_keys(value) != raw.translate(None, _WHITE_SPACE).count(b'":'):
        refuse_duplicate_keys(raw)
    return value


def refuse_duplicate_keys(raw: bytes) -> None:
    """The slow, exact look: BadLineError when any object of valid JSON names a key twice."""
    json.loads(raw.decode(), object_pairs_hook=_unique)


def utf8_fault(raw: bytes) -> str | None:
    """Why ``raw`` is no UTF-8 text, or None when it is."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        return f"not valid UTF-8 (byte {error.start + 1} of the line)"
    return None


def _count_keys(value: dict[str, Any]) -> int:
    """The keys of all objects in ``value``; on the way, depth and integers are checked."""
    keys = 0
    nodes: list[Any] = [value]
    for node in nodes:  # grows while it is walked
        if type(node) is dict:
            keys += len(node)
            node = node.values()  # noqa: PLW2901
        for item in node:
            kind = type(item)
            if kind is str:
                continue
            if kind is dict or kind is list:
                nodes.append(item)
            elif kind is int and not MIN_INTEGER <= item <= MAX_INTEGER:
                raise BadLineError("an integer beyond 64 bits")
    if len(nodes) > MAX_NESTING:  # fewer objects and arrays cannot nest deeper
        _check_depth(value)
    return keys


def _check_depth(value: dict[str, Any]) -> None:
    level: list[Any] = [value]
    for _ in range(MAX_NESTING):
        inside = (node.values() if type(node) is dict else node for node in level)
        level = [item for items in inside for item in items if type(item) in (dict, list)]
        if not level:
            return
    raise _too_deep()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        times = Counter(key for key, _ in pairs)
        twice = next(key for key in times if times[key] > 1)
        raise BadLineError(f"the key {quoted(twice)} stands twice")
    return result


def _too_deep() -> BadLineError:
    return BadLineError(f"nested deeper than {MAX_NESTING} levels")


def _explain(raw: bytes, message: str) -> str:
    """One short sentence for people out of a decoder's message."""
    if b"\0" in raw:
        return f"a NUL byte (column {_column(raw, raw.index(0))})"
    if "out of range" in message:
        return "a number out of range"
    if "surrogate" in message or ("truncated" in message and _has_lone_surrogate(raw)):
        return "half of a surrogate pair"
    found = _BYTE.fullmatch(message)
    if found is None:
        return f"not valid JSON: ends too early (column {_column(raw, len(raw.rstrip()))})"
    return _explain_at(raw, int(found[2]), found[1].removeprefix("JSON is malformed: "))


def _explain_at(raw: bytes, offset: int, what: str) -> str:
    # The decoder stops inside of "-Infinity", after its sign.
    constant = _CONSTANT.match(raw, max(0, offset - 1)) or _CONSTANT.match(raw, offset)
    if constant is not None and what == "invalid character":
        column = _column(raw, constant.start())
        return f"{constant[0].decode()} is no JSON number (column {column})"
    return f"not valid JSON: {what} (column {_column(raw, offset - _BEHIND.get(what, 0))})"


def _has_lone_surrogate(raw: bytes) -> bool:
    try:
        json.loads(raw.decode())
    except (ValueError, RecursionError):
        return False
    return True


def _column(raw: bytes, offset: int) -> int:
    """The column of a byte, counted from 1 in characters."""
    return len(raw[:offset].decode(errors="replace")) + 1
