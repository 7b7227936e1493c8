"""Where the time goes: what each of our own stages adds, as the difference to the row before it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks._asking import QUESTIONS, Make
from benchmarks._frame import Piece, Prepared, Taken, Theme, per_event
from benchmarks._scale import Scale
from benchmarks._workload import BATCH, load_plain, save_plain, write_log
from benchmarks._writers import append, extend, time_writer
from benchmarks.replay import SEGMENTS
from eventlog import EventLog
from eventlog._catalog import Catalog
from eventlog._check import is_intact
from eventlog._codec import LineEncoder
from eventlog._collector import collector_paused
from eventlog._query import Query
from eventlog._reader import line_blocks
from eventlog._sums import SegmentSums
from projections import project
from projections._fold import fold_lists

_LOG_ID = "abcdefghijkm"
_MOST_LINE_BYTES = 1 << 20


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    log, events, raw = scratch / "replayed.eventlog", scratch / "events", scratch / "raw.eventlog"
    write_log(log, scale.replayed, segments=SEGMENTS)
    save_plain(events, scale.batched)
    _write_active(raw, scale.sealed_while)
    pieces = [
        *_in_turn("append", _append_stages(events)),
        *_in_turn("extend", _extend_stages(events)),
        *_in_turn("seal", _seal_stages(raw, scale.sealed_while)),
    ]
    for question, make in QUESTIONS.items():
        pieces += _in_turn(question, _replay_stages(log, make, scale.replayed))
    yield Prepared(
        pieces,
        [
            f"Each row does what the row above it does, and one thing more; the last of its kind "
            f"is the whole. {scale.batched:,} events appended one by one and {BATCH:,} at a time, "
            f"{scale.sealed_while:,} sealed, {scale.replayed:,} asked."
        ],
    )


THEME = Theme("Where the time goes", _prepare)

Stages = dict[str, Callable[[], Taken]]


def _in_turn(work: str, stages: Stages) -> Iterator[Piece]:
    before: str | None = None
    for stage, run in stages.items():
        name = f"{work}: {stage}"
        yield Piece(name, run, against=before)
        before = name


# Writing


def _append_stages(events: Path) -> Stages:
    return {
        "check and encode": partial(_prepare_each, events),
        "and number, id and check of the line": partial(_finish_each, events),
        "and os.write": partial(_finish_each, events, write=True),
        "the whole call": partial(time_writer, events, partial(append, sync="never")),
    }


def _extend_stages(events: Path) -> Stages:
    return {
        "check and encode": partial(_prepare_each, events),
        "and number, id and check of the lines": partial(_finish_batches, events),
        "and os.write": partial(_finish_batches, events, write=True),
        "and fdatasync": partial(_finish_batches, events, write=True, sync=True),
        "the whole call": partial(time_writer, events, extend),
    }


def _encoder() -> LineEncoder:
    return LineEncoder(_LOG_ID, _MOST_LINE_BYTES)


def _prepare_each(source: Path) -> Taken:
    events, prepare = load_plain(source), _encoder().prepare

    def work() -> None:
        for one in events:
            prepare(one.source, one.type, one.subject, None, one.data)

    return per_event(len(events), work)


def _finish_each(source: Path, *, write: bool = False) -> Taken:
    events, encoder = load_plain(source), _encoder()
    prepare, finish, to_file = encoder.prepare, encoder.finish, os.write

    def work(descriptor: int) -> None:
        for number, one in enumerate(events, 1):
            prepared = prepare(one.source, one.type, one.subject, None, one.data)
            line = finish(prepared, number, 1)
            if write:
                to_file(descriptor, line)

    return _into_a_file(source, len(events), work)


def _finish_batches(source: Path, *, write: bool = False, sync: bool = False) -> Taken:
    events, encoder = load_plain(source), _encoder()
    prepare, finish = encoder.prepare, encoder.finish

    def work(descriptor: int) -> None:
        for start in range(0, len(events), BATCH):
            batch = [
                prepare(one.source, one.type, one.subject, None, one.data)
                for one in events[start : start + BATCH]
            ]
            data = b"".join([finish(one, place, None) for place, one in enumerate(batch, start)])
            if write:
                os.write(descriptor, data)
            if sync:
                os.fdatasync(descriptor)

    return _into_a_file(source, len(events), work)


def _into_a_file(source: Path, count: int, work: Callable[[int], None]) -> Taken:
    path = source.with_name("written-by-hand")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    try:
        return per_event(count, lambda: work(descriptor))
    finally:
        os.close(descriptor)
        path.unlink()


# Sealing


def _write_active(path: Path, count: int) -> None:
    save_plain(source := path.with_suffix(".events"), count)
    with EventLog.open(path, sync="never", segment_bytes=1 << 36) as log:
        for one in load_plain(source):
            log.append(one.type, one.data, subject=one.subject, source=one.source)
    source.unlink()


def _seal_stages(log: Path, count: int) -> Stages:
    return {
        "read and cut": partial(_cut, log, count),
        "and check the lines": partial(_cut, log, count, check=True),
        "and sum up, with the Merkle tree": partial(_cut, log, count, check=True, sums=True),
        "the whole, compressed, hashed and synced": partial(_seal, log, count),
    }


def _cut(path: Path, count: int, *, check: bool = False, sums: bool = False) -> Taken:
    with EventLog.open(path, readonly=True) as log:
        segment = Catalog(log.path).snapshot().raw[-1]

    def work() -> None:
        summed = SegmentSums(segment.first_sequence)
        with segment.open() as file:
            for block in segment.blocks(file, 0, _refuse):
                lines = block.data.split(b"\n")
                lines.pop()
                if check:
                    assert all(is_intact(line, segment.salt) for line in lines)
                if sums:
                    summed.add(lines, len(block.data))

    return per_event(count, work)


def _refuse(*found: Any) -> Any:
    raise AssertionError(f"damaged: {found}")


def _seal(path: Path, count: int) -> Taken:
    copy = path.with_name("sealed.eventlog")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(path, copy)
    with EventLog.open(copy, sync="never") as log:
        return per_event(count, log.seal)


# Reading


def _replay_stages(log: Path, make: Make, count: int) -> Stages:
    return {
        "decompress": partial(_blocks, log, make, count),
        "and decode": partial(_lists, log, make, count),
        "and fold": partial(_fold, log, make, count),
        "the whole question": partial(_ask, log, make, count),
    }


def _blocks(path: Path, make: Make, count: int) -> Taken:
    with EventLog.open(path, readonly=True) as log:
        catalog = Catalog(log.path)
        return per_event(count, lambda: _drain(line_blocks(catalog, Query(types=make().types))))


def _lists(path: Path, make: Make, count: int) -> Taken:
    with EventLog.open(path, readonly=True) as log, collector_paused():
        return per_event(count, lambda: _drain(log.read_lists(types=make().types)))


def _drain(things: Iterator[Any]) -> None:
    for _ in things:
        pass


def _fold(path: Path, make: Make, count: int) -> Taken:
    projection = make()
    with EventLog.open(path, readonly=True) as log, collector_paused():
        return per_event(
            count, lambda: fold_lists(projection, log.read_lists(types=projection.types))
        )


def _ask(path: Path, make: Make, count: int) -> Taken:
    shutil.rmtree(path / "cache", ignore_errors=True)
    with EventLog.open(path, readonly=True) as log:
        return per_event(count, lambda: project(log, make()))
