"""Events to lines and back."""

from __future__ import annotations

import json
import time as clock
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import DamagedLogError, Event, InvalidEventError
from eventlog._check import is_intact, salt_of
from eventlog._codec import (
    LineEncoder,
    Prepared,
    commit_of,
    content_of,
    decode_line,
    decode_lines,
    ends_batch,
    needle,
    sequence_of,
    time_of,
)
from eventlog._values import encode_data
from tests.support import strategies
from tests.support.logs import flip

LOG_ID = "q3k7xwabcdef"
SALT = salt_of(LOG_ID)


def encode(
    type_: str = "task.started",
    data: dict[str, Any] | None = None,
    *,
    sequence: int = 42,
    commit: int | None = None,
    time: datetime = datetime(2026, 2, 6, 12, 34, 56, 789012, UTC),
    source: str = "agent/4",
    subject: str | None = None,
    id_: str | None = None,
    schemaversion: int = 1,
    extensions: dict[str, str | int | bool] | None = None,
) -> bytes:
    """A line without its LF."""
    encoder = LineEncoder(LOG_ID, 1 << 20)
    prepared = encoder.prepare(
        source,
        type_,
        subject,
        time,
        data,
        id_=id_,
        schemaversion=schemaversion,
        extensions=extensions,
    )
    line = encoder.finish(prepared, sequence, commit)
    assert line.endswith(b"\n")
    return line[:-1]


events = st.fixed_dictionaries(
    {
        "type_": strategies.attributes,
        "data": strategies.datas,
        "sequence": st.integers(1, 10**19 - 1),
        "commit": st.none() | st.integers(1, 10**9),
        "time": strategies.times,
        "source": strategies.sources,
        "subject": st.none() | strategies.attributes,
        "id_": st.none() | strategies.attributes,
        "schemaversion": st.integers(1, 2**31 - 1),
        "extensions": strategies.extensions,
    }
)


@given(events)
def test_decoding_gives_back_what_was_encoded(fields: dict[str, Any]) -> None:
    event = decode_line(encode(**fields))
    expected = Event(
        id=fields["id_"] or f"{LOG_ID}-{fields['sequence']}",
        source=fields["source"],
        type=fields["type_"],
        time=fields["time"].astimezone(UTC),
        subject=fields["subject"],
        data=fields["data"],
        schemaversion=fields["schemaversion"],
        extensions=fields["extensions"],
        digits=f"{fields['sequence']:019d}",
        commit=fields["commit"],
        crc32=event.crc32,
    )
    assert event == expected
    for mine, its in ((event.data, expected.data), (event.extensions, fields["extensions"])):
        assert _exactly(mine) == _exactly(its)
    assert event.sequence == fields["sequence"]


def _exactly(value: object) -> str:
    """Unlike ==, this tells 1 from 1.0 and True."""
    return repr(sorted(value.items()) if isinstance(value, dict) else value)


@given(events)
def test_a_line_is_canonical_json_in_the_order_of_the_grammar(fields: dict[str, Any]) -> None:
    line = encode(**fields)
    parsed = json.loads(line)
    assert not any(byte < 0x20 for byte in line)
    order = ["specversion", "id", "source", "type"]
    order += ["subject"] if fields["subject"] is not None else []
    order += ["time"]
    order += ["schemaversion"] if fields["schemaversion"] > 1 else []
    order += sorted(fields["extensions"])
    order += ["sequence", "data"]
    order += ["commit"] if fields["commit"] is not None else []
    assert list(parsed) == [*order, "crc32"]
    without_data = {**parsed, "data": {}}
    outside = line.replace(encode_data(fields["data"]), b"{}", 1)
    compact = json.dumps(without_data, ensure_ascii=False, separators=(",", ":"))
    if b"\\" not in line:
        assert json.loads(outside) == without_data
        assert outside.decode() == compact


@given(events)
def test_what_is_read_off_a_line_is_what_a_parser_finds(fields: dict[str, Any]) -> None:
    line = encode(**fields)
    parsed = json.loads(line)
    assert sequence_of(line) == int(parsed["sequence"])
    assert time_of(line).decode() == parsed["time"]
    assert commit_of(line) == parsed.get("commit")
    assert ends_batch(line) is ("commit" in parsed)
    assert is_intact(line, SALT)


@given(events, events)
def test_the_content_of_a_line_is_what_a_retry_must_equal(
    fields: dict[str, Any], other: dict[str, Any]
) -> None:
    """Sequence, time, commit and extensions play no part, all else does."""
    encoder = LineEncoder(LOG_ID, 1 << 20)

    def content(one: dict[str, Any]) -> bytes:
        given_id = encoder.prepare(
            one["source"], one["type_"], one["subject"], one["time"],
            one["data"], id_="given", extensions=one["extensions"],
        ).given  # fmt: skip
        assert given_id is not None
        return given_id.content

    assert content_of(encode(**fields)) == content(fields)
    same_but = {**other, **{k: fields[k] for k in ("type_", "data", "subject", "source")}}
    assert content_of(encode(**same_but)) == content(fields)
    for name in ("type_", "data", "subject", "source"):
        changed = {**fields, name: other[name]}
        is_same = repr(changed[name]) == repr(fields[name])
        assert (content_of(encode(**changed)) == content(fields)) is is_same


@given(events)
def test_a_needle_is_in_every_line_with_its_attribute(fields: dict[str, Any]) -> None:
    line = encode(**fields)
    assert needle("type", fields["type_"]) in line
    if fields["subject"] is not None:
        assert needle("subject", fields["subject"]) in line


@given(st.lists(events, max_size=6))
def test_lines_decode_together_as_they_do_alone(several: list[dict[str, Any]]) -> None:
    lines = [encode(**fields) for fields in several]
    assert decode_lines(lines) == [decode_line(line) for line in lines]


@pytest.mark.parametrize("commit", [None, 1, 300])
def test_every_flipped_bit_of_a_line_is_detected(commit: int | None) -> None:
    line = encode(data={"task": "write \u00fc", "n": [1, 2.5]}, subject="s-17", commit=commit)
    for offset in range(len(line)):
        for bit in range(8):
            assert not is_intact(flip(line, offset, bit), SALT), (offset, bit)


@given(events)
def test_a_line_of_another_log_fails_its_check(fields: dict[str, Any]) -> None:
    assert not is_intact(encode(**fields), salt_of("another22222"))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"nonsense",
        b"\xff\xfe",
        encode()[:-1],
        encode().replace(b'"data":{}', b'"data":[]'),
        encode().replace(b'"time":"2026', b'"time":"soon'),
        encode(extensions={"extra": "x"}).replace(b'"data":{}', b'"data":[]'),
        b'{"a":' * 100_000,
    ],
)
def test_bytes_that_are_no_event_are_damage(line: bytes) -> None:
    with pytest.raises(DamagedLogError, match="a line is no event"):
        decode_line(line)


@pytest.mark.parametrize("line", [b"", b"{}", b',"sequence":"12"', b',"sequence":"' + b"x" * 19])
def test_a_line_without_a_sequence_is_damage(line: bytes) -> None:
    with pytest.raises(DamagedLogError, match="states no sequence"):
        sequence_of(line)


def test_a_line_may_be_as_long_as_the_limit_and_no_longer() -> None:
    encoder = LineEncoder(LOG_ID, 1000)

    def prepare(padding: int) -> bytes:
        prepared = encoder.prepare("s", "a", None, None, {"p": "x" * padding})
        return encoder.finish(prepared, 10**19 - 1, 10**9)

    fitting = max(padding for padding in range(1000) if _accepts(lambda: prepare(padding)))  # noqa: B023
    assert 900 <= len(prepare(fitting)) <= 1000
    with pytest.raises(InvalidEventError, match="may have 1,000: keep large content in a file"):
        prepare(fitting + 1)


def _accepts(action: Any) -> bool:
    try:
        action()
    except InvalidEventError:
        return False
    return True


@pytest.mark.parametrize("id_", ["x" * 512, "\U0001f600" * 512, '"' * 512, "\\" * 512])
def test_a_given_id_counts_for_the_length_of_a_line(id_: str) -> None:
    encoder = LineEncoder(LOG_ID, 3000)

    def prepare(padding: int) -> bytes:
        prepared = encoder.prepare(
            "s", "a", None, None, {"p": "x" * padding}, id_=id_
        )  # fmt: skip
        return encoder.finish(prepared, 10**19 - 1, 10**9)

    accepted = [padding for padding in range(0, 3000, 50) if _accepts(lambda: prepare(padding))]  # noqa: B023
    assert accepted
    assert all(len(prepare(padding)) <= 3000 for padding in accepted)


def test_the_hard_limit_stands_above_the_log_s_own() -> None:
    encoder = LineEncoder(LOG_ID, 1 << 30)
    with pytest.raises(InvalidEventError, match="16,777,216"):
        encoder.prepare("s", "a", None, None, {"p": "x" * (16 << 20)})


def test_more_heads_than_are_kept_encode_as_well() -> None:
    encoder = LineEncoder(LOG_ID, 1 << 20)
    for number in [*range(5000), 0, 1]:
        prepared = encoder.prepare("s", "a", f"s-{number}", None, {})
        assert b',"subject":"s-%d",' % number in encoder.finish(prepared, 1, 1)


@pytest.mark.parametrize("extensions", [{}, {"traceparent": "00-1f"}])
def test_the_clock_s_time_stands_in_a_line_as_a_given_one_does(
    extensions: dict[str, str | int | bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder = LineEncoder(LOG_ID, 1 << 20)

    def prepare(time: datetime | None, now: bytes | None) -> Prepared:
        return encoder.prepare("s", "a", None, time, {}, extensions=extensions, now=now)

    second = 1_770_381_296_000_000_000
    for ns in (second + 789_012_999, second + 10**9 - 1, second + 10**9, second - 1, 0, -1):
        monkeypatch.setattr(clock, "time_ns", lambda ns=ns: ns)
        plain = prepare(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000), None)
        assert prepare(None, None) == plain
        assert prepare(None, encoder.now()) == plain
