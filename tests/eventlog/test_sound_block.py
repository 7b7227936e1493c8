"""The quick check of a whole block says yes exactly when the slow one finds nothing."""

from __future__ import annotations

from pathlib import Path
from random import Random
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import EventLog
from eventlog._check import CHECK_BYTES, salt_of
from eventlog._format import HARD_MAX_LINE_BYTES
from eventlog._line_checks import LineChecker
from eventlog._segments import Block
from eventlog._sound_block import sound_block
from tests.support.files import UnsyncedFiles
from tests.support.logs import active_file, batch, flip

PATH = Path("segment")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, int]:
    """The bytes of batches of 1, 3 and 2 events, and the log's salt."""
    path = tmp_path_factory.mktemp("written") / "log"
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        for first, size in ((1, 1), (2, 3), (5, 2)):
            log.extend(batch(first, size))
        return active_file(path).read_bytes(), salt_of(log.log_id)


def faults(data: bytes, salt: int) -> list[str]:
    """What is found when each line is looked at."""
    found: list[str] = []

    def report(kind: str, message: str, **_: object) -> None:
        found.append(f"{kind}: {message}")

    checker = LineChecker(1, salt, report)
    checker._take_each(Block(PATH, 0, data, True))
    checker.finish()
    return found


def is_sound(data: bytes, salt: int) -> bool:
    found = sound_block(Block(PATH, 0, data, True), salt, 1, 0)
    return found is not None and found.batch == 0


def resealed(line: bytes, salt: int) -> bytes:
    """A line with the check that fits its bytes."""
    body = line[:-CHECK_BYTES]
    return b'%b,"crc32":"%08x"}' % (body, crc32(body, salt))


def test_a_block_that_was_written_is_sound(written: tuple[bytes, int]) -> None:
    data, salt = written
    assert is_sound(data, salt)
    assert faults(data, salt) == []


def test_no_flipped_bit_is_sound(written: tuple[bytes, int]) -> None:
    data, salt = written
    for offset in range(len(data)):
        assert not is_sound(flip(data, offset, offset % 8), salt)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"specversion"', b' "specversion"'),
        (b'"specversion":"1.0"', b'"specversion":"2.0"'),
        (b'"id":"', b'"id":"\\'),
        (b'"n":', b'"n":1e999,"m":'),
        (b'"n":', b'"n":01,"m":'),
        (b'"n":', b'"n":"\xff","m":'),
        (b'"n":', b'"n":"\x01","m":'),
        (b'"n":', b'"n":NaN,"m":'),
        (b'"subject":"s', b'"subject":"\xffs'),
        (b'"source":"', b'"source":"","x":"'),
        (b'"data":{', b'"data":[{'),
        (b'"data":', b'"other":1,"data":'),
        (b'"type":', b'"type":"x","type":'),
        (b'Z",', b'z",'),
        (b'"time":"20', b'"time":"99'),
        (b'"time":"2026-11', b'"time":"2026-13'),
        (b'"sequence":"000', b'"sequence":" 00'),
        (b'"sequence":"0000000000000000002"', b'"sequence":"0000000000000000003"'),
        (b'"commit":3', b'"commit":2'),
        (b'"commit":3', b'"commit":"3"'),
        (b',"commit":3', b""),
        (b',"commit":3', b',"commit":3,"commit":3'),
        (b',"commit":3', b',"x":1,"commit":3'),
        (b',"commit":3', b',"data":{},"commit":3'),
        (b',"commit":3', b',"commit":03'),
        (b'"n":', b'"n": '),
        (b'"data":', b'"schemaversion":0,"data":'),
        (b',"sequence"', b',"b":1,"a":1,"sequence"'),
        (b',"sequence"', b',"schemaversion":1,"sequence"'),
        (b',"sequence"', b',"schemaversion":0,"sequence"'),
        (b',"sequence"', b',"schemaversion":-2,"sequence"'),
        (b',"sequence"', b',"schemaversion":02,"sequence"'),
        (b',"sequence"', b',"aa":1,"schemaversion":3,"sequence"'),
        (b',"sequence"', b',"schemaversion":3,"schemaversion":3,"sequence"'),
        (b'"data":{', b'"data":{},"data":{'),
        (b'"time":"2026-11-2', b'"time":"2026-W1-2'),
        (b',"commit":3', b',"crc32":"00000000"'),
    ],
)
def test_a_line_that_was_forged_with_a_fitting_check_is_judged_alike(
    written: tuple[bytes, int], old: bytes, new: bytes
) -> None:
    data, salt = written
    lines = data.split(b"\n")[:-1]
    for number, line in enumerate(lines):
        forged = [*lines]
        forged[number] = resealed(line.replace(old, new, 1), salt)
        changed = b"\n".join([*forged, b""])
        assert is_sound(changed, salt) == (faults(changed, salt) == [])


@given(st.randoms(use_true_random=False))
def test_any_mixture_of_lines_is_judged_alike(written: tuple[bytes, int], random: Random) -> None:
    data, salt = written
    lines = data.split(b"\n")[:-1]
    for _ in range(random.randint(0, 2)):
        at = random.randrange(len(lines))
        lines[at : at + random.randint(0, 1)] = random.choices(lines, k=random.randint(0, 2))
        lines = lines or [b""]
    changed = b"\n".join([*lines, b""])
    if is_sound(changed, salt):
        assert faults(changed, salt) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"n":', b'"n":1,"n":'),
        (b'"n":', b'"n":1e2,"m":'),
        (b'"n":', rb'"\u006e":'),
        (b',"sequence"', b',"traceparent":"00-1f","sequence"'),
    ],
)
def test_what_another_writer_may_spell_otherwise_is_left_to_the_slow_check(
    written: tuple[bytes, int], old: bytes, new: bytes
) -> None:
    data, salt = written
    first, *others = data.split(b"\n")
    changed = b"\n".join([resealed(first.replace(old, new, 1), salt), *others])
    assert changed != data
    assert not is_sound(changed, salt)
    assert faults(changed, salt) == []


def test_escaped_text_is_sound(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        log.append("a", {"text": "\u0000 \n \\"}, subject='with "quotes"')
        salt = salt_of(log.log_id)
    assert is_sound(active_file(path).read_bytes(), salt)


def test_fields_that_are_right_only_when_they_are_joined_are_not_sound(
    written: tuple[bytes, int],
) -> None:
    """A digit that moved from one line's field into the next line's."""
    data, salt = written
    one, two, *others = data.split(b"\n")
    shorter = resealed(
        one.replace(b'"sequence":"0000000000000000001"', b'"sequence":"000000000000000000"'), salt
    )
    longer = resealed(two.replace(b'"sequence":"0', b'"sequence":"10'), salt)
    changed = b"\n".join([shorter, longer, *others])
    assert not is_sound(changed, salt)
    assert faults(changed, salt)
    checks = one[-10:-2] + two[-10:-2]
    moved = [one[:-10] + checks[:7] + b'"}', two[:-10] + checks[7:] + b'"}']
    assert not is_sound(b"\n".join([*moved, *others]), salt)


def test_a_line_longer_than_any_may_be_is_told_of() -> None:
    found = faults(b"x" * (HARD_MAX_LINE_BYTES + 1) + b"\n", 0)
    assert found == ["line: a line is damaged: no line may be that long"]
