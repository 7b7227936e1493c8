"""What an event may hold."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from enum import Enum, IntEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rfc3986_validator import validate_rfc3986

from eventlog import EventLog, InvalidEventError, NewEvent
from eventlog._uri import is_uri_reference
from eventlog._values import _UNRESERVED, check_text, encode_data
from tests.support import strategies
from tests.support.logs import active_file


def nested(depth: int) -> Any:
    """An object in lists, ``depth`` levels in all, the data's own object not counted."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def cycle() -> dict[str, Any]:
    data: dict[str, Any] = {}
    data["self"] = [data]
    return data


class Colour(IntEnum):
    RED = 1


class Text(str):
    """Text of a library that has its own class for it."""

    __slots__ = ()

    def __str__(self) -> str:
        return "shown otherwise"


class NoZone(tzinfo):
    def utcoffset(self, _: datetime | None) -> None:
        return None

    def dst(self, _: datetime | None) -> None:
        return None

    def tzname(self, _: datetime | None) -> None:
        return None


BAD_DATA: dict[str, tuple[Callable[[], Any], str]] = {
    "nan": (lambda: {"a": float("nan")}, "data.a is nan"),
    "infinity": (lambda: {"a": [1, float("inf")]}, r"data\.a\[1\] is inf"),
    "minus infinity": (lambda: {"a": {"b": float("-inf")}}, "data.a.b is -inf"),
    "2**64": (lambda: {"a": 2**64}, "data.a is an integer beyond 64 bits"),
    "2**64 in a list": (lambda: {"a": [2**64]}, r"data.a\[0\] is an integer beyond 64 bits"),
    "-2**63-1": (lambda: {"a": -(2**63) - 1}, "beyond 64 bits"),
    "a huge integer": (lambda: {"a": 10**400}, "beyond 64 bits"),
    "a lone surrogate": (lambda: {"a": "x\ud800"}, "lone surrogate"),
    "a lone surrogate as a name": (lambda: {"\udfff": 1}, "lone surrogate"),
    "an integer name": (lambda: {1: "a"}, r"has the name 1 \(int\): names must be text"),
    "a negative integer name": (lambda: {"a": {-1: "a"}}, "names must be text"),
    "a float name": (lambda: {1.5: "a"}, "names must be text"),
    "nan as a name": (lambda: {float("nan"): "a"}, "names must be text"),
    "infinity as a name": (lambda: {float("inf"): "a"}, "names must be text"),
    "minus infinity as a name": (lambda: {float("-inf"): "a"}, "names must be text"),
    "an enum name": (lambda: {Colour.RED: "a"}, "names must be text"),
    "a boolean name": (lambda: {True: "a"}, "data holds something that JSON cannot"),
    "null as a name": (lambda: {None: "a"}, "data holds something that JSON cannot"),
    "nesting of 101": (lambda: {"a": nested(100)}, "nests deeper than 100 levels"),
    "nesting of 100,000": (lambda: {"a": nested(100_000)}, "nests deeper than 100 levels"),
    "a cycle": (cycle, "or holds itself"),
    "an object": (lambda: {"a": object()}, "data holds something that JSON cannot"),
    "a list": (lambda: [1], "data must be a JSON object, not list"),
    "text": (lambda: "text", "data must be a JSON object, not str"),
}


@pytest.mark.parametrize(("make", "message"), BAD_DATA.values(), ids=BAD_DATA)
def test_data_that_json_cannot_hold_is_refused_and_nothing_written(
    tmp_path: Path, make: Callable[[], Any], message: str
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("before", {"n": 1})
        before = active_file(log.path).read_bytes()
        with pytest.raises(InvalidEventError, match=message):
            log.append("test", make())
        with pytest.raises(InvalidEventError, match=message):
            log.extend([NewEvent("test", {"fine": 1}), NewEvent("test", make())])
        assert active_file(log.path).read_bytes() == before
        assert log.append("after", {"n": 2}) == 2


LONG = "x" * 513
BAD_ATTRIBUTES: dict[str, tuple[dict[str, Any], str]] = {
    "type with a control character": ({"event": "a\x00"}, "type holds a control character"),
    "type with a C1 control": ({"event": "a\x85"}, "type holds a control character"),
    "empty type": ({"event": ""}, "type has 0 characters: it must have 1 to 512"),
    "long type": ({"event": LONG}, "type has 513 characters"),
    "type with a surrogate": ({"event": "\ud800"}, "type holds a lone surrogate"),
    "empty subject": ({"subject": ""}, "subject has 0 characters"),
    "long subject": ({"subject": LONG}, "subject has 513 characters"),
    "subject with LF": ({"subject": "a\nb"}, "subject holds a control character"),
    "subject with DEL": ({"subject": "a\x7f"}, "subject holds a control character"),
    "subject with a surrogate": ({"subject": "\udc00"}, "subject holds a lone surrogate"),
    "subject that is no text": ({"subject": 7}, "subject must be text, not int"),
    "empty source": ({"source": ""}, "source has 0 characters"),
    "long source": ({"source": LONG}, "source has 513 characters"),
    "source with a space": ({"source": "my agent"}, "no URI reference: percent-encode it"),
    "source beyond ASCII": ({"source": "\u00fcber"}, "no URI reference"),
    "source with a broken escape": ({"source": "a%2"}, "no URI reference"),
    "empty id": ({"id": ""}, "id has 0 characters"),
    "long id": ({"id": LONG}, "id has 513 characters"),
    "id with ESC": ({"id": "a\x1b[2J"}, "id holds a control character"),
    "naive time": ({"time": datetime(2026, 1, 1)}, "has no time zone: give an aware datetime"),
    "naive time with a zone that knows nothing": (
        {"time": datetime(2026, 1, 1, tzinfo=NoZone())},
        "has no time zone: give an aware datetime",
    ),
    "a list as subject": ({"subject": ["a"]}, "subject must be text, not list"),
    "an object as source": ({"source": {}}, "source must be text, not dict"),
    "a list as extensions": ({"extensions": ["a"]}, "extensions must be a mapping of names"),
    "a number as extension name": ({"extensions": {"a": 1, 1: 1}}, "name 1 must be text, not int"),
    "extension in capitals": ({"extensions": {"Trace": "x"}}, "name 'Trace' is not allowed"),
    "extension with a dash": ({"extensions": {"a-b": "x"}}, "is not allowed"),
    "extension of 21": ({"extensions": {"a" * 21: "x"}}, "is not allowed"),
    "empty extension name": ({"extensions": {"": "x"}}, "is not allowed"),
    "extension of 2**31": ({"extensions": {"a": 2**31}}, "beyond 32 bits: write it as text"),
    "extension of -2**31-1": ({"extensions": {"a": -(2**31) - 1}}, "beyond 32 bits"),
    "fraction as extension": ({"extensions": {"a": 1.5}}, "extension a must be text, not float"),
    "object as extension": ({"extensions": {"a": {}}}, "extension a must be text, not dict"),
    "null as extension": ({"extensions": {"a": None}}, "extension a must be text, not NoneType"),
    "empty extension": ({"extensions": {"a": ""}}, "extension a has 0 characters"),
    "long extension": ({"extensions": {"a": LONG}}, "extension a has 513 characters"),
    "extension with NUL": ({"extensions": {"a": "\0"}}, "extension a holds a control character"),
    "schemaversion 0": ({"extensions": {"schemaversion": 0}}, "must be a whole number from 1"),
    "schemaversion true": ({"extensions": {"schemaversion": True}}, "whole number from 1"),
    "schemaversion text": ({"extensions": {"schemaversion": "2"}}, "whole number from 1"),
    "schemaversion 2**31": ({"extensions": {"schemaversion": 2**31}}, "whole number from 1"),
    "large event": ({"data": {"a": "x" * (1 << 20)}}, "keep large content in a file"),
    "large extensions": (
        {"extensions": {f"e{n}": "x" * 500 for n in range(2200)}},
        "keep large content in a file",
    ),
}
for _name in [
    *("specversion", "id", "source", "type", "subject", "time"),
    *("data", "sequence", "commit", "crc32"),
]:
    BAD_ATTRIBUTES[f"extension {_name}"] = ({"extensions": {_name: "x"}}, "is not allowed")


@pytest.mark.parametrize(("arguments", "message"), BAD_ATTRIBUTES.values(), ids=BAD_ATTRIBUTES)
def test_an_attribute_out_of_bounds_is_refused_and_nothing_written(
    tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("before", {"n": 1})
        before = active_file(log.path).read_bytes()
        with pytest.raises(InvalidEventError, match=message) as raised:
            log.append(**{"event": "test", **arguments})
        assert len(str(raised.value)) < 300, "the message repeats the input"
        assert active_file(log.path).read_bytes() == before
        assert log.append("after", {"n": 2}) == 2


@pytest.mark.parametrize(
    "arguments",
    [
        {"event": "x" * 512},
        {"subject": "\U0001f600" * 512},
        {"source": "x" * 512},
        {"id": '"' * 512},
        {"extensions": {"a" * 20: "x" * 512, "b": 2**31 - 1, "c": -(2**31), "d": False}},
        {"extensions": {"schemaversion": 2**31 - 1}},
        {"data": {"a": nested(99)}},
        {"data": {"max": 2**64 - 1, "min": -(2**63)}},
        {"data": {"null": None, "text": "null", "12": "digits", "-0": 1, "00": ["000"] * 200}},
        {"data": {"nan": 1, "inf": 2, "-inf": 3, "NaN": 4}},
        {"data": MappingProxyType({"a": 1})},
        {"data": {"control": "".join(map(chr, range(0xA0))), "separators": "\u2028\u2029"}},
        {"data": {}},
        {"data": None},
    ],
    ids=str,
)
def test_what_lies_just_within_the_bounds_is_stored_unchanged(
    tmp_path: Path, arguments: dict[str, Any]
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append(**{"event": "test", **arguments})
        event = next(log.read())
    assert event.data == dict(arguments.get("data") or {})
    for name in ("subject", "source", "id"):
        if name in arguments:
            assert getattr(event, name) == arguments[name]
    wanted = dict(arguments.get("extensions", {}))
    assert event.schemaversion == wanted.pop("schemaversion", 1)
    assert event.extensions == wanted


def test_text_of_a_subclass_is_stored_as_the_text_that_it_is(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        name = Text("a")
        log.append(name, {}, id=name, subject=name, source=name, extensions={name: name})
        event = next(log.read())
    assert (event.type, event.id, event.subject, event.source) == ("a", "a", "a", "a")
    assert event.extensions == {"a": "a"}


def test_what_was_checked_is_what_is_stored() -> None:
    """An object may be one thing to a check and another to an encoder."""

    class Odd(int, Enum):
        LARGE = 2**70

        def __new__(cls, value: int) -> Odd:
            self = int.__new__(cls, value)
            self._value_ = 1
            return self

    assert encode_data({"a": Odd.LARGE}) == b'{"a":1}'


# Every value

wild_names = st.one_of(
    strategies.texts,
    st.integers(),
    st.floats(),
    st.sampled_from(["1", "-1", "null", "nan", "-inf", "0" * 30]),
)
wild_scalars = st.one_of(strategies.scalars, st.integers(-(2**70), 2**70), st.floats())
wild_values = st.recursive(
    wild_scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(wild_names, inner, max_size=4),
    max_leaves=10,
)


def _fits(value: Any, depth: int) -> bool:
    """The limits of the format, walking every value."""
    if isinstance(value, dict):
        return depth <= 100 and all(
            isinstance(name, str) and _fits(item, depth + 1) for name, item in value.items()
        )
    if isinstance(value, list):
        return depth <= 100 and all(_fits(item, depth + 1) for item in value)
    if isinstance(value, float):
        return value - value == 0
    if isinstance(value, int):
        return isinstance(value, bool) or -(2**63) <= value <= 2**64 - 1
    return True


@given(st.dictionaries(wild_names, wild_values, max_size=4), st.integers(0, 102))
@example({float("nan"): 1}, 0)
@example({"a": {float("-inf"): 1}}, 0)
def test_what_is_taken_is_what_a_plain_walk_takes(data: dict[Any, Any], depth: int) -> None:
    data = {"deep": nested(depth), **data}
    if _fits(data, 1):
        assert json.loads(encode_data(data)) == data
    else:
        with pytest.raises(InvalidEventError):
            encode_data(data)


# URI references

_URI_ALPHABET = st.sampled_from(string.ascii_letters[:6] + "019-._~%:/?#[]@!$&'()*+,;= \u00fc\\^")


@given(st.lists(_URI_ALPHABET, max_size=14).map("".join))
@example("//[::1]:80/x")
@example("a:b:c")
@example("http://u:p@h:1/p;a=b?q#f")
@example("//h:x")
@example("./a:b")
@example("1a:b")
def test_a_uri_reference_is_what_the_validator_takes_for_one(text: str) -> None:
    assert is_uri_reference(text) is bool(validate_rfc3986(text, "URI_reference"))


@given(st.text(sorted(_UNRESERVED), min_size=1))
def test_names_with_slashes_between_them_are_uri_references(text: str) -> None:
    assert is_uri_reference(text)


def test_no_control_character_and_no_surrogate_passes_in_any_text() -> None:
    for code in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)):
        with pytest.raises(InvalidEventError, match="holds a"):
            check_text("type", f"a{chr(code)}b")


def test_text_that_only_cannot_be_seen_is_taken() -> None:
    for code in (0x20, 0xA0, 0xAD, 0x200B, 0x2028, 0xE000, 0xFEFF, 0x10FFFF):
        assert check_text("type", chr(code)) == chr(code)


def test_a_long_source_is_checked_in_no_time() -> None:
    """No input makes the pattern go back again and again."""
    started = datetime.now(UTC)
    for piece in ("a/", "a:", "%41", "//", "?", "a", "/", "[", ";="):
        for end in ("", " ", "%"):
            is_uri_reference((piece * 512)[:512] + end)
    assert (datetime.now(UTC) - started).total_seconds() < 1


@pytest.mark.parametrize(
    "name", [b"x", date(2026, 1, 1), datetime(2026, 1, 1), UUID(int=1), 5, 1.5]
)
@pytest.mark.parametrize(
    ("nest", "path"),
    [
        (lambda inner: inner, "data"),
        (lambda inner: {"a": inner}, "data.a"),
        (lambda inner: {"a": [1, {"b": inner}]}, r"data.a\[1\].b"),
    ],
    ids=["outer", "in an object", "in a list"],
)
def test_a_name_that_is_no_text_is_refused_and_not_converted(
    name: object, nest: Callable[[object], dict[str, object]], path: str
) -> None:
    with pytest.raises(InvalidEventError, match=f"{path} has the name .*: names must be text"):
        encode_data(nest({name: 1}))
