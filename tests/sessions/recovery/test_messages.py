"""Messages from a file that grows, is rotated, and is cut."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.recovery import FileMessages, SessionRecoveryEngine
from sessions.recovery._messages import MOST_LINE_BYTES

from .conftest import MakeEngine


@pytest.fixture
def path(directory: Path) -> Path:
    return directory / "worker.log"


@pytest.fixture
def follow(path: Path) -> Iterator[Callable[[], list[str]]]:
    """What is new in the file."""
    with FileMessages(path) as messages:
        yield lambda: list(messages())


def add(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text.encode() if isinstance(text, str) else text)


Follow = Callable[[], list[str]]


def test_each_line_comes_once(path: Path, follow: Follow) -> None:
    add(path, "a\nb\r\n")
    assert follow() == ["a", "b"]
    assert follow() == []
    add(path, "c\n")
    assert follow() == ["c"]


def test_a_line_comes_when_it_is_whole(path: Path, follow: Follow) -> None:
    add(path, "conn")
    assert follow() == []
    add(path, "ection lost\n")
    assert follow() == ["connection lost"]


def test_without_a_file_there_are_no_lines_until_it_comes(path: Path, follow: Follow) -> None:
    assert follow() == []
    add(path, "a\n")
    assert follow() == ["a"]


def test_a_renamed_file_is_read_to_its_end_first(path: Path, follow: Follow) -> None:
    add(path, "a\n")
    assert follow() == ["a"]
    add(path, "b\nunfinished")
    path.rename(path.with_suffix(".1"))
    add(path, "c\n")
    assert follow() == ["b", "unfinished", "c"]


def test_between_renaming_and_the_new_file_nothing_is_lost(path: Path, follow: Follow) -> None:
    add(path, "a\n")
    follow()
    old = path.rename(path.with_suffix(".1"))
    add(old, "b\n")
    assert follow() == ["b"]
    add(path, "c\n")
    assert follow() == ["c"]


def test_a_cut_file_is_read_from_its_beginning(path: Path, follow: Follow) -> None:
    add(path, "a long line\n")
    follow()
    path.write_text("b\n")
    assert follow() == ["b"]


def test_a_file_written_anew_is_noticed_even_when_it_is_longer(path: Path, follow: Follow) -> None:
    add(path, "short\n")
    follow()
    with path.open("r+") as file:
        file.truncate(0)
        file.write("something longer\nthan before\n")
    assert follow() == ["something longer", "than before"]


def test_an_endless_line_comes_in_pieces(path: Path, follow: Follow) -> None:
    add(path, b"x" * (3 * MOST_LINE_BYTES) + b"\n")
    assert max(map(len, follow())) <= MOST_LINE_BYTES


def test_bytes_that_are_no_text_do_not_stop_it(path: Path, follow: Follow) -> None:
    add(path, b"\xff\x00 connection lost\n")
    (line,) = follow()
    assert line.endswith(" connection lost")


@given(
    st.lists(st.text("ab\n", max_size=200), max_size=10),
    st.sampled_from([1, 7, MOST_LINE_BYTES]),
)
def test_however_it_is_written_the_lines_are_the_same(
    tmp_path_factory: pytest.TempPathFactory, parts: list[str], most: int
) -> None:
    path = tmp_path_factory.mktemp("log") / "log"
    found: list[str] = []
    with FileMessages(path) as messages:
        for part in parts:
            add(path, part)
            found += messages()
    whole = "".join(parts)
    assert found == whole[: whole.rfind("\n") + 1].splitlines()


@pytest.mark.parametrize("kind", ["pipe", "directory"])
def test_what_is_no_file_is_an_error_that_says_so(
    path: Path, follow: Follow, make_engine: MakeEngine, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    with pytest.raises(OSError, match=r"no plain file|directory"):
        follow()


# The position


def test_the_next_process_goes_on_where_the_last_one_was(path: Path) -> None:
    add(path, "a\n")
    for expected in (["a"], [], ["b"]):
        with FileMessages(path, position_file="position") as messages:
            assert list(messages()) == expected
        if expected == []:
            add(path, "b\n")


def test_in_another_file_the_position_means_nothing(path: Path) -> None:
    add(path, "aaaa\n")
    with FileMessages(path, position_file="position") as messages:
        list(messages())
    path.rename("old")
    add(path, "bbbb\ncccc\n")
    with FileMessages(path, position_file="position") as messages:
        assert list(messages()) == ["bbbb", "cccc"]


@pytest.mark.parametrize(
    "content", ["", "[]", "{", "\0", '{"offset": -5}', '{"offset": 1, "tail": "YWJj"}', "x" * 9_000]
)
def test_a_position_of_no_use_means_the_beginning(
    path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    add(path, "a\n")
    Path("position").write_text(content)
    with FileMessages(path, position_file="position") as messages:
        assert list(messages()) == ["a"]
    assert "from their beginning" in caplog.text


def test_the_configuration_may_name_the_file(make_engine: MakeEngine, path: Path) -> None:
    def detect() -> list[str]:
        config = {"crash_detection": {"message_file": str(path)}}
        engine = make_engine(config)
        found = [crash.error_message for crash in engine.detect_crashes()]
        engine.close()
        return found

    add(path, "12:00 Connection lost!\n")
    assert detect() == ["12:00 Connection lost!"]
    assert detect() == []


def test_an_engine_that_watches_a_file_says_when_it_cannot(
    make_engine: MakeEngine, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path.mkdir()
    with FileMessages(path) as messages:
        engine: SessionRecoveryEngine = make_engine(messages=messages)
        assert engine.detect_crashes() == []
    assert "cannot be read" in caplog.text
