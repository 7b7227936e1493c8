"""``manifest.jsonl``: the chain of sealed segments."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from attrs import evolve

from eventlog import DamagedLogError
from eventlog._check import salt_of
from eventlog._manifest import Manifest
from eventlog._manifest_lines import SealedEntry, decode_entry, encode_entry
from eventlog._names import sealed_name
from tests.support.logs import flip

LOG_ID = "q3k7xw9abcde"
SALT = salt_of(LOG_ID)
IDENTITY_LINE = b"identity\n"


def entry(first: int, previous: str) -> SealedEntry:
    """A segment of ten events."""
    return SealedEntry(
        record="sealed",
        segment=sealed_name(first),
        first_sequence=first,
        last_sequence=first + 9,
        events=10,
        first_time="2026-02-06T12:34:56.000000Z",
        last_time="2026-02-06T12:34:57.000000Z",
        raw_bytes=1000,
        stored_bytes=100,
        sha256="0" * 64,
        merkle_root="1" * 64,
        previous=previous,
    )


def chain(count: int, change: Callable[[SealedEntry], SealedEntry] = lambda one: one) -> bytes:
    """Lines that follow each other; the last one changed."""
    lines, previous = [], sha256(IDENTITY_LINE).hexdigest()
    for number in range(count):
        one = entry(1 + 10 * number, previous)
        line = encode_entry(change(one) if number == count - 1 else one, SALT)
        lines.append(line)
        previous = sha256(line[:-1]).hexdigest()
    return b"".join(lines)


def manifest(log: Path, content: bytes) -> Manifest:
    (log / "manifest.jsonl").write_bytes(content)
    one = Manifest(log, LOG_ID, IDENTITY_LINE)
    one.refresh()
    return one


def test_decoding_is_the_inverse_of_encoding() -> None:
    one = entry(1, "2" * 64)
    line = encode_entry(one, SALT)
    assert decode_entry(line[:-1], SALT) == one
    with pytest.raises(ValueError, match="check is wrong"):
        decode_entry(line[:-1], salt_of("another"))


def test_no_manifest_means_that_nothing_is_sealed(tmp_path: Path) -> None:
    one = Manifest(tmp_path, LOG_ID, IDENTITY_LINE)
    one.refresh()
    assert (one.entries, one.last_sequence, one.torn_from) == ([], 0, None)


def test_a_chain_is_read_as_it_grows(tmp_path: Path) -> None:
    one = manifest(tmp_path, chain(1))
    for count in (1, 2, 5):
        (tmp_path / "manifest.jsonl").write_bytes(chain(count))
        one.refresh()
        assert [e.first_sequence for e in one.entries] == [1 + 10 * n for n in range(count)]
        assert one.size == len(chain(count))
        assert one.previous == sha256(chain(count).split(b"\n")[-2]).hexdigest()


def test_the_last_line_may_be_torn_at_any_byte(tmp_path: Path) -> None:
    content, whole = chain(3), len(chain(2))
    for size in range(whole, len(content)):
        one = manifest(tmp_path, content[:size])
        assert len(one.entries) == 2
        assert one.torn_from == (whole if size > whole else None), size


def test_any_flipped_bit_of_the_last_line_leaves_it_out(tmp_path: Path) -> None:
    content, whole = chain(2), len(chain(1))
    for offset in range(whole, len(content)):
        one = manifest(tmp_path, flip(content, offset, offset % 8))
        assert len(one.entries) == 1
        assert one.torn_from == whole, offset


def test_any_flipped_bit_before_the_last_line_is_damage(tmp_path: Path) -> None:
    """But for the line end before the last line, which makes one damaged last line of two."""
    content = chain(3)
    for offset in range(len(chain(2)) - 1):
        with pytest.raises(DamagedLogError) as raised:
            manifest(tmp_path, flip(content, offset, offset % 8))
        assert raised.value.path == tmp_path / "manifest.jsonl"
        assert raised.value.offset == (0 if offset < len(chain(1)) else len(chain(1)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: evolve(one, segment="../../../etc/passwd"), "names a wrong file"),
        (lambda one: evolve(one, segment=sealed_name(12)), "names a wrong file"),
        (lambda one: evolve(one, previous="3" * 64), "does not follow the line before it"),
        (lambda one: evolve(one, first_sequence=12, segment=sealed_name(12)), "leaves a gap"),
        (lambda one: evolve(one, first_sequence=5, segment=sealed_name(5)), "repeats sequences"),
    ],
)
def test_a_sound_line_that_does_not_belong_there_is_damage(
    tmp_path: Path, change: Callable[[SealedEntry], SealedEntry], message: str
) -> None:
    wrong = chain(2, change)
    rest = chain(3)[len(chain(2)) :]
    with pytest.raises(DamagedLogError, match=message):
        manifest(tmp_path, wrong + rest)


def test_lines_that_changed_their_places_are_damage(tmp_path: Path) -> None:
    first, second, third, _ = chain(3).split(b"\n")
    with pytest.raises(DamagedLogError):
        manifest(tmp_path, b"\n".join([first, third, second, b""]))


def test_a_manifest_of_another_log_is_damage(tmp_path: Path) -> None:
    (tmp_path / "manifest.jsonl").write_bytes(chain(2))
    with pytest.raises(DamagedLogError):
        Manifest(tmp_path, LOG_ID, b"another log.json\n").refresh()


@pytest.mark.parametrize(("left", "message"), [(chain(1), "became shorter"), (None, "is gone")])
def test_a_manifest_that_loses_lines_while_it_is_used_is_damage(
    tmp_path: Path, left: bytes | None, message: str
) -> None:
    one = manifest(tmp_path, chain(2))
    if left is None:
        one.path.unlink()
    else:
        one.path.write_bytes(left)
    with pytest.raises(DamagedLogError, match=message):
        one.refresh()
