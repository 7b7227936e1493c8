"""The work that is measured: the raw limits of the machine, and the log beside them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any
from zlib import crc32

import msgspec
from attrs import frozen
from zstandard import ZstdDecompressor

from eventlog import STANDARD_TYPES, EventLog, NewEvent, verify
from eventlog._merkle import MerkleTree
from eventlog._writer import Sync
from projections import SessionSummaries, project
from sessions.sample import sample_events

_SYNCED = 300
"""Appends that each wait for the disk: enough for a steady mean, few enough to be quick."""


@frozen
class Measurement:
    """One piece of work: its name, its unit, how to do it once, and what it is compared with."""

    name: str
    unit: str
    run: Callable[[], float]
    against: str | None = None


def measurements(scratch: Path, count: int) -> list[Measurement]:
    """All of them, over the same events."""
    sample = list(islice(sample_events(count // 55), count))
    plain = [_plain(new) for new in sample]
    lines = [msgspec.json.encode(one) + b"\n" for one in plain]
    work = _Work(scratch, sample, lines)
    work.write_replayed()
    us, loads = "us/event", "standard library json, per line"
    hashing = "hash and decompress, sealed"
    write, buffered = "encode and os.write", "encode and buffered write"
    return [
        Measurement(write, us, work.raw_write),
        Measurement("append, sync never", us, lambda: work.append("never"), write),
        Measurement("append, sync interval", us, lambda: work.append("interval"), write),
        Measurement("write and fdatasync", us, work.raw_sync),
        Measurement("append, sync always", us, work.append_synced, "write and fdatasync"),
        Measurement(buffered, us, work.raw_buffered),
        Measurement("extend of 1000, synced", us, work.extend, buffered),
        Measurement(loads, us, work.raw_json),
        Measurement("read every event, sealed", us, work.read, loads),
        Measurement("session summaries, sealed", us, work.summarize, loads),
        Measurement(hashing, us, work.raw_hash),
        Measurement("verify, sealed", us, work.verify, hashing),
        Measurement("read one event by sequence", "ms", work.read_one),
        Measurement("python -c pass", "ms", lambda: _start("pass")),
        Measurement("import eventlog", "ms", lambda: _start("import eventlog"), "python -c pass"),
        Measurement("eventlog --help", "ms", _start_help, "python -c pass"),
    ]  # fmt: skip


def _plain(new: NewEvent) -> dict[str, Any]:
    name, _, data = STANDARD_TYPES.dump(new.event)
    return {"type": name, "subject": new.subject, "source": new.source, "data": data}


def _envelope(one: dict[str, Any], sequence: int) -> dict[str, Any]:
    """The same event as the log stores it, built the way any program would."""
    return {
        "specversion": "1.0",
        "id": f"abcdefghijkm-{sequence}",
        "source": one["source"],
        "type": one["type"],
        "subject": one["subject"],
        "time": datetime.now(UTC).isoformat(),
        "sequence": f"{sequence:019d}",
        "data": one["data"],
    }


def _start(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return (time.perf_counter() - started) * 1e3


def _start_help() -> float:
    started = time.perf_counter()
    command = [str(Path(sys.executable).with_name("eventlog")), "--help"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1e3


class _Work:
    """Does each piece once, and says how long it took per event, in microseconds."""

    def __init__(self, scratch: Path, sample: list[NewEvent], lines: list[bytes]) -> None:
        self._file = scratch / "raw"
        self._log = scratch / "written.eventlog"
        self._replayed = scratch / "replayed.eventlog"
        self._sample = sample
        self._lines = lines
        self._plain = [msgspec.json.decode(line) for line in lines]

    def write_replayed(self) -> None:
        """The sealed log that is read, folded and verified."""
        with EventLog.open(self._replayed, sync="never") as log:
            for start in range(0, len(self._sample), 1000):
                log.extend(self._sample[start : start + 1000])
            log.seal()

    def _per_event(self, work: Callable[[], object], count: int | None = None) -> float:
        started = time.perf_counter()
        work()
        elapsed = time.perf_counter() - started
        return elapsed / (len(self._sample) if count is None else count) * 1e6

    # The limits of the machine

    def _raw(self, loop: Callable[[int], object], count: int | None = None) -> float:
        descriptor = os.open(self._file, os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_TRUNC)
        try:
            return self._per_event(lambda: loop(descriptor), count)
        finally:
            os.close(descriptor)

    def raw_write(self) -> float:
        encode = msgspec.json.Encoder().encode

        def loop(descriptor: int) -> None:
            for sequence, one in enumerate(self._plain, 1):
                os.write(descriptor, encode(_envelope(one, sequence)) + b"\n")

        return self._raw(loop)

    def raw_sync(self) -> float:
        def loop(descriptor: int) -> None:
            for line in self._lines[:_SYNCED]:
                os.write(descriptor, line)
                os.fdatasync(descriptor)

        return self._raw(loop, _SYNCED)

    def raw_buffered(self) -> float:
        encode = msgspec.json.Encoder().encode

        def loop() -> None:
            with self._file.open("wb") as file:
                for sequence, one in enumerate(self._plain, 1):
                    file.write(encode(_envelope(one, sequence)) + b"\n")

        return self._per_event(loop)

    def raw_json(self) -> float:
        import json

        def loop() -> None:
            for line in self._lines:
                json.loads(line)

        return self._per_event(loop)

    def raw_hash(self) -> float:
        """What nobody can do without who checks a file's hash, its lines' CRCs and their tree."""

        def loop() -> None:
            for path in (self._replayed / "segments").glob("*.zst"):
                stored = path.read_bytes()
                sha256(stored).digest()
                tree = MerkleTree()
                with ZstdDecompressor().stream_reader(stored, read_across_frames=True) as stream:
                    rest = b""
                    while piece := stream.read(1 << 20):
                        *lines, rest = (rest + piece).split(b"\n")
                        for line in lines:
                            crc32(line)
                        tree.extend(lines)

        return self._per_event(loop)

    # The log

    def _write(
        self, sync: Sync, work: Callable[[EventLog], object], count: int | None = None
    ) -> float:
        shutil.rmtree(self._log, ignore_errors=True)
        with EventLog.open(self._log, sync=sync) as log:
            return self._per_event(lambda: work(log), count)

    def append(self, sync: Sync) -> float:
        def loop(log: EventLog) -> None:
            for one in self._plain:
                log.append(one["type"], one["data"], subject=one["subject"], source=one["source"])

        return self._write(sync, loop)

    def append_synced(self) -> float:
        def loop(log: EventLog) -> None:
            for one in self._plain[:_SYNCED]:
                log.append(one["type"], one["data"], subject=one["subject"], source=one["source"])

        return self._write("always", loop, _SYNCED)

    def extend(self) -> float:
        new = [
            NewEvent(one["type"], one["data"], subject=one["subject"], source=one["source"])
            for one in self._plain
        ]

        def loop(log: EventLog) -> None:
            for start in range(0, len(new), 1000):
                log.extend(new[start : start + 1000])

        return self._write("always", loop)

    def read(self) -> float:
        with EventLog.open(self._replayed, readonly=True) as log:
            return self._per_event(lambda: sum(1 for _ in log.read()))

    def summarize(self) -> float:
        with EventLog.open(self._replayed, readonly=True) as log:
            shutil.rmtree(log.cache_path, ignore_errors=True)  # or only the first round would fold
            return self._per_event(lambda: project(log, SessionSummaries()))

    def verify(self) -> float:
        return self._per_event(lambda: verify(self._replayed))

    def read_one(self) -> float:
        with EventLog.open(self._replayed, readonly=True) as log:
            middle = len(self._sample) // 2
            return self._per_event(lambda: list(log.read(after=middle, limit=1)), 1) / 1e3
