"""Lines that somebody who knows the format made: their checks fit, and what they say does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from eventlog import EventLog, verify
from eventlog._check import CHECK_BYTES, finish_line, salt_of
from tests.hostile.uses import use
from tests.second_verifier import Log
from tests.support.files import UnsyncedFiles
from tests.support.logs import active_file

FORGERIES: dict[str, Callable[[bytes], bytes]] = {
    "a time that is no text": lambda line: line.replace(b'"time":"2', b'"time":"\xff'),
    "a sequence far away": lambda line: line.replace(
        b'"sequence":"0000000000000000002"', b'"sequence":"0000400000000000002"'
    ),
    "two sequences": lambda line: line.replace(
        b'"sequence":"0000000000000000002"',
        b'"sequence":"0000000000000000002","sequence":"0000000000000000009"',
    ),
    "a longer sequence": lambda line: line.replace(b'02","data"', b'02x","data"'),
    "a sequence in other digits": lambda line: line.replace(b'02","data"', '0٢","data"'.encode()),
    "the last sequence there can be": lambda line: line.replace(
        b'"sequence":"0000000000000000002"', b'"sequence":"9999999999999999999"'
    ),
    "data that are not all": lambda line: line.replace(b'"data":{', b'"data":{},"data":{'),
    "data that are cut": lambda line: line.replace(b'"data":{"n":2}', b'"data":{"n":2'),
    "data that is a list": lambda line: line.replace(b'"data":{"n":2}', b'"data":[2]'),
    "something behind the data": lambda line: line.replace(b'{"n":2}', b'{"n":2},"x":1'),
    "a huge commit": lambda line: line.replace(b',"commit":1', b',"commit":99999999999999999999'),
    "a commit that is no number": lambda line: line.replace(b',"commit":1', b',"commit":"1"'),
    "a commit of nothing": lambda line: line.replace(b',"commit":1', b',"commit":0'),
    "a source that is no text": lambda line: line.replace(b'"source":"x"', b'"source":7'),
    "a subject that is no text": lambda line: line.replace(b'"subject":"s-1"', b'"subject":{}'),
    "a subject that is no UTF-8": lambda line: line.replace(
        b'"subject":"s-1"', b'"subject":"\xc0"'
    ),
    "the wrong version": lambda line: line.replace(b'"1.0"', b'"2.0"'),
    "deep nesting": lambda line: line.replace(b'"n":2', b'"n":' + b"[" * 5000 + b"]" * 5000),
    "an integer of 500 digits": lambda line: line.replace(b'"n":2', b'"n":' + b"9" * 500),
    "NaN": lambda line: line.replace(b'"n":2', b'"n":NaN'),
    "half a surrogate pair": lambda line: line.replace(b'"n":2', rb'"n":"\ud800"'),
    "the same name twice": lambda line: line.replace(b'"n":2', b'"n":2,"n":3'),
    "an id of the log that is another event's": lambda line: line.replace(
        b'"id":"given"', b'"id":"LOG-1"'
    ),
    "nothing at all": lambda _: b"{" + b" " * CHECK_BYTES,
}


def forged(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Three events, of which the second was forged; all their checks fit."""
    with EventLog.open(path, files=UnsyncedFiles()) as log:
        for number in (1, 2, 3):
            given = "given" if number == 2 else None
            log.append("test.n", {"n": number}, id=given, subject="s-1", source="x")
        salt, own = salt_of(log.log_id), log.log_id.encode()
    one, two, three = active_file(path).read_bytes().splitlines(keepends=True)
    other = change(two).replace(b"LOG-", own + b"-")
    assert other != two
    two = finish_line(other[: -CHECK_BYTES - 1], salt)
    active_file(path).write_bytes(one + two + three)


# The second verifier looks at the limits of values, too; verify at the form alone.
BEYOND_LIMITS = {"an integer of 500 digits"}


@pytest.mark.parametrize("change", FORGERIES.values(), ids=FORGERIES)
def test_every_use_gives_an_answer_or_an_error_of_ours(
    change: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    forged(tmp_path / "log", change)
    use(tmp_path / "log")


@pytest.mark.parametrize("name", FORGERIES)
def test_both_verifiers_agree_but_on_limits(name: str, tmp_path: Path) -> None:
    forged(tmp_path / "log", FORGERIES[name])
    is_sound = not list(Log(tmp_path / "log").faults())
    assert verify(tmp_path / "log").ok == (is_sound or name in BEYOND_LIMITS)
