"""Changed lines, alone: the decoders and searchers give what is there, or our own error."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from eventlog import DamagedLogError, Event
from eventlog._canonical import is_canonical
from eventlog._check import is_intact, salt_of
from eventlog._codec import LineEncoder, decode_line, decode_lines, sequence_of, subject_in
from eventlog._line_search import intact_lines
from tests.hostile.clock import ends_within
from tests.hostile.mutations import Change, bytes_changed, checked_again

LOG_ID = "q3k7xw9abcde"
SALT = salt_of(LOG_ID)
_encoder = LineEncoder(LOG_ID, 1 << 20)


def line(number: int, data: bytes, **fields: object) -> bytes:
    given: dict[str, object] = {"subject": None, "source": "a/b", **fields}
    time = datetime(2026, 2, 6, 12, 34, 56, 789012, UTC)
    prepared = _encoder.prepare(type_="a.b", time=time, data=json.loads(data), **given)  # type: ignore[arg-type]
    return _encoder.finish(prepared, number, 1 if number % 2 else None)


LINES = b"".join(
    [
        line(1, b"{}"),
        line(2, b'{"a":[1,2.5,null,{"b":"\\u0000\\"}"}],"sequence":"0000000000000000009"}'),
        line(3, '{"ü":"😀"}'.encode(), subject='s"\\', id_="given/ü"),
        line(4, b'{"crc32":"00000000"}', extensions={"traceparent": "00", "n": -1, "x": True}),
        line(5, b'{"text":"{\\"specversion\\":\\"1.0\\""}', extensions={"schemaversion": 2}),
    ]
)


def alone(one: bytes) -> Event | None:
    try:
        return decode_line(one)
    except DamagedLogError:
        return None


def test_before_they_are_changed_all_lines_are_sound() -> None:
    lines = LINES.splitlines()
    assert [event.sequence for event in decode_lines(lines)] == [1, 2, 3, 4, 5]
    assert all(is_canonical(one) and is_intact(one, SALT) for one in lines)


@given(change=bytes_changed)
def test_a_changed_line_is_an_event_or_damage_alone_and_among_others(change: Change) -> None:
    lines = change(LINES).split(b"\n")
    each = [alone(one) for one in lines]
    try:
        assert decode_lines(lines) == each
    except DamagedLogError:
        assert None in each


@given(change=bytes_changed, fits=st.booleans())
def test_what_is_found_between_damage_is_intact_and_in_its_place(
    change: Change, fits: bool
) -> None:
    chunk = change(LINES)
    chunk = (checked_again(chunk, SALT) if fits else chunk).replace(b"\n", b"\0")
    end = 0
    with ends_within(30):
        for offset, found in intact_lines(chunk, SALT):
            assert is_intact(found, SALT)
            assert chunk[offset : offset + len(found)] == found
            assert offset >= end
            end = offset + len(found)


@given(change=bytes_changed)
def test_a_line_of_the_right_shape_says_the_same_to_a_search_and_to_a_parser(
    change: Change,
) -> None:
    for one in change(LINES).split(b"\n"):
        event = alone(one)
        if event is not None and is_canonical(one):
            assert sequence_of(one) == event.sequence
            assert subject_in(one) == event.subject
