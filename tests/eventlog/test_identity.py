"""``log.json``."""

from __future__ import annotations

from pathlib import Path

import pytest

from eventlog import DamagedLogError, UnsupportedFormatError
from eventlog._check import finish_line
from eventlog._files import Files
from eventlog._identity import (
    Identity,
    decode_identity,
    encode_identity,
    new_log_id,
    read_identity,
    write_identity,
)
from tests.support.logs import flip

IDENTITY = Identity(1, "q3k7xw9abcde", "2026-02-06T12:34:56.000000Z")
PATH = Path("log.json")


def test_decoding_is_the_inverse_of_encoding() -> None:
    assert decode_identity(encode_identity(IDENTITY), PATH) == IDENTITY


def test_reading_gives_what_was_written_and_the_bytes_of_it(tmp_path: Path) -> None:
    content = write_identity(tmp_path, IDENTITY, Files())
    assert read_identity(tmp_path) == (IDENTITY, content)
    assert [path.name for path in tmp_path.iterdir()] == ["log.json"]


def test_a_temporary_file_that_was_left_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "log.json.tmp").write_text("cut short")
    write_identity(tmp_path, IDENTITY, Files())
    assert read_identity(tmp_path)[0] == IDENTITY


def test_every_flipped_bit_is_detected() -> None:
    content = encode_identity(IDENTITY)
    for offset in range(len(content)):
        for bit in range(8):
            with pytest.raises((DamagedLogError, UnsupportedFormatError)) as raised:
                decode_identity(flip(content, offset, bit), PATH)
            assert raised.value.path == PATH


def test_every_truncation_is_detected() -> None:
    content = encode_identity(IDENTITY)
    for size in range(len(content)):
        with pytest.raises(DamagedLogError, match="restore it from a copy"):
            decode_identity(content[:size], PATH)


def test_a_newer_format_is_refused_before_anything_else_is_looked_at() -> None:
    content = finish_line(b'{"format":2,"new":{"a":1}', 0)
    with pytest.raises(UnsupportedFormatError, match=r"format 2.*up to 1: install a newer"):
        decode_identity(content, PATH)


@pytest.mark.parametrize(
    "body", [b'{"format":1', b'{"format":1,"log_id":5,"created":"x"', b'{"format":"1"', b"[1"]
)
def test_a_sound_check_over_something_else_is_damage(body: bytes) -> None:
    with pytest.raises(DamagedLogError):
        decode_identity(finish_line(body, 0), PATH)


def test_log_ids_differ_and_hold_no_letters_that_look_alike() -> None:
    made = {new_log_id() for _ in range(500)}
    assert len(made) == 500
    assert all(len(one) == 12 for one in made)
    assert set("".join(made)) == set("abcdefghijkmnpqrstuvwxyz23456789")
