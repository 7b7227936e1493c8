"""Standard input and pipes: live, and resumable all the same."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import EventLog
from eventlog.importing import ImportOptions, ImportResult, import_files
from tests.importing.helpers import counts, events, options, plain, rejects, run


@contextmanager
def fed_by(chunks: list[bytes]) -> Iterator[BinaryIO]:
    """The reading end of a pipe into which another thread writes the chunks."""
    reading, writing = os.pipe()

    def feed() -> None:
        with os.fdopen(writing, "wb", buffering=0) as sink:
            for chunk in chunks:
                sink.write(chunk)

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        with os.fdopen(reading, "rb") as source:
            yield source
    finally:
        thread.join()


def test_a_stream_is_called_by_its_dash_and_its_source_is_stdin(tmp_path: Path) -> None:
    result = run(tmp_path / "log", "-", stdin=io.BytesIO(plain(1) + b"bad"))
    assert [one.file for one in result.files] == ["-"]
    assert [event.source for event in events(tmp_path / "log")] == ["stdin"]
    assert [(entry["file"], entry["line"]) for entry in rejects(tmp_path / "log")] == [("-", 2)]


def test_a_stream_can_be_csv(tmp_path: Path) -> None:
    content = io.BytesIO(b"type,time\nt,1\n")
    assert counts(run(tmp_path / "log", "-", stdin=content, with_=options(format="csv"))) == (
        1,
        0,
        0,
    )


@given(
    lines=st.lists(st.integers(0, 9).map(plain) | st.just(b"bad\n"), max_size=8),
    cuts=st.lists(st.integers(0, 400), max_size=5),
    again=st.integers(0, 8),
)
def test_a_stream_that_is_sent_again_adds_only_what_is_new(
    tmp_path: Path, lines: list[bytes], cuts: list[int], again: int
) -> None:
    place = tmp_path / f"{time.monotonic_ns()}"
    content, ends = b"".join(lines), sorted(cuts)
    chunks = [content[a:b] for a, b in zip([0, *ends], [*ends, None], strict=True)]
    good = sum(line != b"bad\n" for line in lines)
    known = sum(line != b"bad\n" for line in lines[:again])
    assert run(place, "-", stdin=io.BytesIO(b"".join(lines[:again]))).imported == known
    with fed_by(chunks) as source:
        assert counts(run(place, "-", stdin=source)) == (good - known, known, len(lines) - good)
    assert len(events(place)) == good


def test_a_file_is_known_again_when_it_comes_through_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(plain(1) + plain(2))
    run(tmp_path / "log", tmp_path / "a")
    with fed_by([plain(1), plain(2), plain(3)]) as source:
        assert counts(run(tmp_path / "log", "-", stdin=source)) == (1, 2, 0)


def test_a_named_pipe_is_read_like_a_stream(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    writer = threading.Thread(target=(tmp_path / "pipe").write_bytes, args=[plain(1)])
    writer.start()
    assert counts(run(tmp_path / "log", tmp_path / "pipe")) == (1, 0, 0)
    writer.join()


def _wait_for(log: EventLog, head: int) -> None:
    deadline = time.monotonic() + 10
    while log.head() < head:
        assert time.monotonic() < deadline, "the events did not arrive while the pipe was open"
        time.sleep(0.005)


@pytest.mark.parametrize("known", [False, True], ids=["new", "known"])
def test_events_arrive_while_the_pipe_is_still_open(tmp_path: Path, known: bool) -> None:
    if known:
        run(tmp_path / "log", "-", stdin=io.BytesIO(plain(1)))
    before = int(known)
    reading, writing = os.pipe()
    results: list[ImportResult] = []
    with EventLog.open(tmp_path / "log") as log, os.fdopen(reading, "rb") as source:
        work = threading.Thread(
            target=lambda: results.append(import_files(log, ["-"], ImportOptions(), stdin=source))
        )
        work.start()
        for number in range(1, 4):
            # The second line is only begun: what is whole must not wait for it.
            os.write(writing, plain(number) + plain(number)[:9])
            _wait_for(log, 2 * number - 1)
            os.write(writing, plain(number)[9:])
            _wait_for(log, 2 * number)
        os.close(writing)
        work.join()
    assert [counts(result) for result in results] == [(6 - before, before, 0)]
