"""Lines with numbers and offsets, whatever the blocks they arrive in."""

from __future__ import annotations

import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from eventlog.importing._lines import Line, LongLine, content_chunks, is_text, read_lines, sha256_of


class Blocks:
    """A source that hands out the given blocks one by one."""

    def __init__(self, blocks: list[bytes], *, ready: bool = True) -> None:
        self._blocks = [block for block in blocks if block]
        self._ready = ready

    def read(self, size: int) -> bytes:
        return self._blocks.pop(0) if self._blocks else b""

    def rewind(self, *, last: bool = False) -> None:
        raise NotImplementedError

    def ready(self) -> bool:
        return self._ready

    def close(self) -> None: ...


def bytes_of(line: Line) -> bytes:
    return line.raw if isinstance(line.raw, bytes) else b"".join(line.raw.chunks())


def lines_of(tmp_path: Path, blocks: list[bytes], limit: int = 10) -> list[Line]:
    return [line for line in read_lines(Blocks(blocks), limit, tmp_path) if line is not None]


BLOCKS = st.lists(st.text("ab\n", max_size=30).map(str.encode), max_size=6)


@given(blocks=BLOCKS, limit=st.integers(1, 40))
def test_lines_are_those_of_a_plain_split(tmp_path: Path, blocks: list[bytes], limit: int) -> None:
    whole = b"".join(blocks)
    assert [bytes_of(line) for line in lines_of(tmp_path, blocks, limit)] == list(io.BytesIO(whole))


@given(blocks=BLOCKS)
def test_numbers_count_from_one_and_ends_are_offsets_in_the_input(
    tmp_path: Path, blocks: list[bytes]
) -> None:
    whole, reached = b"".join(blocks), 0
    for number, line in enumerate(lines_of(tmp_path, blocks), 1):
        assert line.number == number
        assert whole[reached : line.end] == bytes_of(line)
        reached = line.end
    assert reached == len(whole)


@given(blocks=BLOCKS, limit=st.integers(1, 40))
def test_nothing_longer_than_the_limit_is_put_together_in_memory(
    tmp_path: Path, blocks: list[bytes], limit: int
) -> None:
    longest = max([*map(len, blocks), limit + 1])
    for line in lines_of(tmp_path, blocks, limit):
        assert isinstance(line.raw, LongLine) or len(line.raw) <= longest


def test_a_long_line_gives_its_bytes_again_and_again(tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, [b"x" * 30, b"y" * 30, b"z\n"])
    assert isinstance(line.raw, LongLine)
    for _ in range(2):
        assert b"".join(content_chunks(line.raw)) == b"x" * 30 + b"y" * 30 + b"z"


def test_hash_and_encoding_of_a_long_line_are_those_of_its_bytes(tmp_path: Path) -> None:
    content = "ä€😀".encode() * 9
    (long,) = lines_of(tmp_path, [content[:7], content[7:] + b"\n"])
    assert isinstance(long.raw, LongLine)
    assert sha256_of(long.raw) == sha256_of(content + b"\n")
    assert is_text(long.raw)
    (broken,) = lines_of(tmp_path, [content[:7], content[7:-1]])
    assert not is_text(broken.raw)


def test_none_stands_where_the_source_has_nothing_more_to_give_at_once(tmp_path: Path) -> None:
    found = list(read_lines(Blocks([b"a\nb", b"c\n"], ready=False), 10, tmp_path))
    assert [None if line is None else line.raw for line in found] == [b"a\n", None, b"bc\n", None]
