"""Strict decoding: what JSON leaves open is refused with a reason."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from eventlog.importing._bad_line import BadLineError
from eventlog.importing._json_line import decode_object, refuse_duplicate_keys

REFUSED = {
    b'{"a":1': "not valid JSON: ends too early (column 7)",
    b'{"a":1,}': "not valid JSON: trailing comma in object (column 7)",
    b'{"a":1} x': "not valid JSON: trailing characters (column 9)",
    b'{"a":"\\x"}': "not valid JSON: invalid escape character in string (column 7)",
    '{"ä":x}'.encode(): "not valid JSON: invalid character (column 6)",
    b"{a:1}": "not valid JSON: object keys must be strings (column 2)",
    b"[1]": "not a JSON object, but an array",
    b'"a"': "not a JSON object, but a text",
    b"1": "not a JSON object, but a number",
    b"1.5": "not a JSON object, but a number",
    b"true": "not a JSON object, but a boolean",
    b"null": "not a JSON object, but null",
    b'{"a":NaN}': "NaN is no JSON number (column 6)",
    b'{"a":Infinity}': "Infinity is no JSON number (column 6)",
    b'{"a":[-Infinity]}': "-Infinity is no JSON number (column 7)",
    b'{"a":18446744073709551616}': "an integer beyond 64 bits",
    b'{"a":[{"b":-9223372036854775809}]}': "an integer beyond 64 bits",
    b'{"a":1e999}': "a number out of range",
    b'{"a":' + b"9" * 5000 + b"}": "a number out of range",
    b'{"a":"\\ud800"}': "half of a surrogate pair",
    b'{"a":"\\udc00\\ud800"}': "half of a surrogate pair",
    b'{"a":"\\ud800x"}': "half of a surrogate pair",
    b'{"\\ud800":1}': "half of a surrogate pair",
    b'{"a":"\xff"}': "not valid UTF-8 (byte 7 of the line)",
    b'{"a":"\xed\xa0\x80"}': "not valid UTF-8 (byte 7 of the line)",
    b'{"a":"\x00"}': "a NUL byte (column 7)",
    b'{"a":1}\x00': "a NUL byte (column 8)",
    b'{"a":1,"b":2,"a":3}': "the key 'a' stands twice",
    b'{"x":{"k":1 , "k" \t: 1}}': "the key 'k' stands twice",
    b'{"x":[{"k":1,"\\u006b":1}]}': "the key 'k' stands twice",
    b'{"a":' + b"[" * 100 + b"]" * 100 + b"}": "nested deeper than 100 levels",
    b'{"a":' * 101 + b"1" + b"}" * 101: "nested deeper than 100 levels",
    b'{"a":' + b"[" * 100_000: "nested deeper than 100 levels",
    b'{"a":' * 100_000: "nested deeper than 100 levels",
}


@pytest.mark.parametrize("raw", REFUSED, ids=lambda raw: raw[:24])
def test_what_is_refused_and_why(raw: bytes) -> None:
    with pytest.raises(BadLineError) as caught:
        decode_object(raw)
    assert caught.value.reason.startswith(REFUSED[raw])


ACCEPTED: dict[bytes, Any] = {
    b"{}": {},
    b' { "a" : 1 } \r\n': {"a": 1},
    b'{"a":18446744073709551615,"b":-9223372036854775808}': {"a": 2**64 - 1, "b": -(2**63)},
    b'{"a":"\\u0000\\ud83d\\ude00"}': {"a": "\0\U0001f600"},
    b'{"a":"\\":","b":"\\" :"}': {"a": '":', "b": '" :'},
    b'{"a":' + b"[" * 99 + b"]" * 99 + b"}": None,
    b'{"a":[' + b"{}," * 500 + b"{}]}": {"a": [{}] * 501},
    b'{"a":123456789012345678901234567890.5}': {"a": 123456789012345678901234567890.5},
}


@pytest.mark.parametrize("raw", ACCEPTED, ids=lambda raw: raw[:24])
def test_what_is_accepted(raw: bytes) -> None:
    found = decode_object(raw)
    assert ACCEPTED[raw] is None or found == ACCEPTED[raw]


# Texts and white space that look like keys, to provoke the quick check.
_TRICKY = st.text('ab":\\ ,{}\t\n', max_size=6)
_SPACE = st.text(" \t\r\n", max_size=2)
_SCALARS = st.one_of(_TRICKY, st.integers(), st.floats(allow_nan=False, allow_infinity=False))


def _object(items: list[tuple[str, str]], space: str) -> str:
    inside = ",".join(f"{space}{json.dumps(key)}{space}:{space}{value}" for key, value in items)
    return "{" + inside + space + "}"


def _nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    items = st.lists(st.tuples(st.sampled_from(["a", "b", '"', "a:", "ä"]), inner), max_size=4)
    objects = st.builds(_object, items, _SPACE)
    arrays = st.lists(inner, max_size=3).map(lambda items: "[" + ",".join(items) + "]")
    return objects | arrays


_JSON = st.recursive(_SCALARS.map(json.dumps), _nested, max_leaves=12)
_LINES = st.builds(
    _object, st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), _JSON), max_size=4), _SPACE
)


def _slowly(raw: bytes) -> str | None:
    """What the plain, slow way says: a reason, or None."""
    try:
        refuse_duplicate_keys(raw)
    except BadLineError as error:
        return error.reason
    return None


def _quickly(raw: bytes) -> str | None:
    try:
        decode_object(raw)
    except BadLineError as error:
        return error.reason
    return None


@given(line=_LINES)
@example(line='{"a":"\\":","b":{"c" :1,"c":2}}')
def test_duplicate_keys_are_found_exactly_where_the_slow_way_finds_them(line: str) -> None:
    raw = line.encode()
    quick, slow = _quickly(raw), _slowly(raw)
    if quick != "an integer beyond 64 bits":
        assert quick == slow


def _integers(value: object) -> list[int]:
    if isinstance(value, dict):
        return [number for item in value.values() for number in _integers(item)]
    if isinstance(value, list):
        return [number for item in value for number in _integers(item)]
    return [value] if isinstance(value, int) else []


@given(
    value=st.dictionaries(st.text(max_size=3), st.lists(st.integers() | st.floats()), max_size=3)
)
def test_an_integer_is_refused_exactly_when_64_bits_cannot_hold_it(value: dict[str, Any]) -> None:
    floats = [item for items in value.values() for item in items if isinstance(item, float)]
    if not all(map(math.isfinite, floats)):
        return
    too_large = any(not -(2**63) <= number < 2**64 for number in _integers(value))
    reason = _quickly(json.dumps(value).encode())
    assert reason == ("an integer beyond 64 bits" if too_large else None)


@given(value=st.dictionaries(st.text(), _SCALARS.filter(lambda one: not isinstance(one, int))))
def test_what_is_accepted_is_what_the_standard_library_reads(value: dict[str, Any]) -> None:
    assert decode_object(json.dumps(value).encode()) == value


@given(raw=st.binary(max_size=40))
def test_any_bytes_give_an_object_or_a_reason(raw: bytes) -> None:
    try:
        assert isinstance(decode_object(raw), dict)
    except BadLineError as error:
        assert error.reason
