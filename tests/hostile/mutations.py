"""Changes to bytes and to JSON such as a fuzzer makes, as Hypothesis strategies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from eventlog._check import CHECK_BYTES, finish_line

HUGE = 10**30
PIECES = [
    b"", b"\0", b"\n", b"\r\n", b"\n\n", b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b" ",
    b"-", b"0", b"-1", b"1.5", b"1e999", b"9" * 30, b"18446744073709551616", b"NaN",
    b"null", b"true",
    b"\xff", b"\xed\xa0\x80", b"\xc0\xaf", b"\\ud800", b"\\u0000", b"\xef\xbb\xbf", b"=1+1", b";",
    b"../../x", b"[" * 120, b'{"a":' * 120, b',"commit":0', b',"commit":99999999999999999999',
    b',"commit":1', b',"crc32":"00000000"}', b'"sequence":"0000000000000000000"',
    b'{"specversion":',
    b'"sequence":"9999999999999999999"', b',"subject":', b',"time":"',
    b'"time":"0000-00-00T00:00:00Z"',
    b',"data":{}', b'"data":[]', b',"schemaversion":0', b"\x28\xb5\x2f\xfd", b"\x5e\x2a\x4d\x18",
    b"\xb1\xea\x92\x8f", b"\xff\xff\xff\xff", b"\0\0\0\0",
]  # fmt: skip
VALUES: list[Any] = [
    None, True, -1, 0, 1, 2, 3, 2**31, 2**53, 2**63 - 1, 2**63, 2**64, HUGE, -HUGE, 0.5, 1e308, "",
    "x", "0" * 64, "f" * 64, "../../x", "\0", "\u202e", "9999-12-31T23:59:59.999999Z",
    "0000000000000000001.jsonl.zst", "9999999999999999999.jsonl.zst", "a" * 5000, [], {}, [[]],
    ["0" * 64], ["0" * 64] * 70, {"a": 1},
]  # fmt: skip

Change = Callable[[bytes], bytes]


def _flip(place: int, bit: int) -> Change:
    def change(data: bytes) -> bytes:
        at = place % max(1, len(data))
        return data[:at] + bytes(byte ^ (1 << bit) for byte in data[at : at + 1]) + data[at + 1 :]

    return change


def _replace(place: int, length: int, piece: bytes) -> Change:
    def change(data: bytes) -> bytes:
        at = place % (len(data) + 1)
        return data[:at] + piece + data[at + length :]

    return change


def _copy(start: int, length: int, place: int) -> Change:
    def change(data: bytes) -> bytes:
        begin, at = start % (len(data) + 1), place % (len(data) + 1)
        return data[:at] + data[begin : begin + length] + data[at:]

    return change


def _swap_lines(one: int, other: int) -> Change:
    def change(data: bytes) -> bytes:
        lines = data.splitlines(keepends=True) or [b""]
        a, b = one % len(lines), other % len(lines)
        lines[a], lines[b] = lines[b], lines[a]
        return b"".join(lines)

    return change


def _put_at_name(number: int, name_length: int, piece: bytes) -> Change:
    """In the place of a value: behind the n-th colon."""

    def change(data: bytes) -> bytes:
        parts = data.split(b":")
        at = number % len(parts)
        parts[at] = piece + parts[at][name_length:]
        return b":".join(parts)

    return change


_places = st.integers(0, 1 << 16)
_lengths = st.integers(0, 40) | st.integers(0, 1 << 12)
_pieces = st.sampled_from(PIECES) | st.binary(max_size=8)
_changes = st.one_of(
    st.builds(_flip, _places, st.integers(0, 7)),
    st.builds(_replace, _places, _lengths, _pieces),
    st.builds(_copy, _places, _lengths, _places),
    st.builds(_swap_lines, _places, _places),
    st.builds(_put_at_name, _places, st.integers(0, 30), _pieces),
)


def _all(changes: list[Change]) -> Change:
    def change(data: bytes) -> bytes:
        for one in changes:
            data = one(data)
        return data

    return change


bytes_changed: st.SearchStrategy[Change] = st.lists(_changes, min_size=1, max_size=4).map(_all)
"""One to four changes anywhere in some bytes."""


def checked_again(data: bytes, salt: int) -> bytes:
    """Every line with the check that fits it: damage by somebody who knows the format."""
    lines = data.split(b"\n")
    done = [finish_line(line[:-CHECK_BYTES], salt) if line else b"\n" for line in lines[:-1]]
    return b"".join(done) + lines[-1]


_values = st.sampled_from(VALUES) | st.integers() | st.text(max_size=5)
fields_changed = st.dictionaries(st.integers(0, 12), _values, max_size=4)
"""Other values for the n-th fields of an object."""


def with_fields(line: bytes, fields: dict[int, Any], salt: int) -> bytes:
    """A line of JSON with these fields changed, and the check that fits."""
    document = json.loads(line)
    names = [name for name in document if name != "crc32"]
    for number, value in fields.items():
        document[names[number % len(names)]] = value
    del document["crc32"]
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False)[:-1]
    return finish_line(body.encode(errors="surrogatepass"), salt)
