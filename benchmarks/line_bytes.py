"""What a line costs: the bytes of docs/decisions/0001 and 0004, the checks of 0003.

Run it: python benchmarks/line_bytes.py

Bytes are per event of the sample log, the same in every run but for a few that come from random
ids. Compressed means zstd at the level and in the frames of a sealed segment. Times are medians of
interleaved rounds.
"""

from __future__ import annotations

import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from random import Random
from statistics import median
from zlib import crc32

import msgspec

from eventlog import EventLog
from eventlog._format import FRAME_BYTES
from eventlog._merkle import MerkleTree
from eventlog._seekable import compress_frames
from sessions.sample import write_sample

SESSIONS, ROUNDS = 400, 15


def sample_lines() -> list[bytes]:
    with (
        tempfile.TemporaryDirectory() as directory,
        EventLog.open(Path(directory) / "log", sync="never") as log,
    ):
        write_sample(log, SESSIONS)
        return [line for line, _ in log.scan()]


def as_array(fields: dict[str, object]) -> bytes:
    """The same facts with no names at all: what a private format could do."""
    names = ("sequence", "time", "source", "type", "subject", "data")
    return msgspec.json.encode([fields[name] for name in names])


def with_uuid(fields: dict[str, object], random: Random) -> bytes:
    return msgspec.json.encode({**fields, "id": str(uuid.UUID(int=random.getrandbits(128)))})


def without_check(fields: dict[str, object]) -> bytes:
    return msgspec.json.encode({n: v for n, v in fields.items() if n != "crc32"})


def blocks(lines: Iterable[bytes]) -> Iterator[bytes]:
    block = bytearray()
    for line in lines:
        if len(block) + len(line) + 1 > FRAME_BYTES:
            yield bytes(block)
            block.clear()
        block += line + b"\n"
    yield bytes(block)


def print_bytes(lines: list[bytes]) -> None:
    objects = [msgspec.json.decode(line) for line in lines]
    random = Random(17)
    variants = {
        "the line as it is": lines,
        "without crc32": [without_check(one) for one in objects],
        "with a random UUID as its id": [with_uuid(one, random) for one in objects],
        "an array without names": [as_array(one) for one in objects],
        "data alone": [msgspec.json.encode(one["data"]) for one in objects],
    }
    print(f"{len(lines):,} events; bytes per event    raw  compressed")
    for name, variant in variants.items():
        raw = sum(map(len, variant)) + len(variant)
        stored = sum(map(len, compress_frames(blocks(variant))))
        print(f"  {name:<34}{raw / len(lines):6.1f}{stored / len(lines):12.1f}")


def print_checks(lines: list[bytes]) -> None:
    checks: dict[str, Callable[[], object]] = {
        "crc32": lambda: [crc32(line, 17) for line in lines],
        "sha256": lambda: [sha256(line).digest() for line in lines],
        "Merkle tree": lambda: MerkleTree().extend(lines),
        "zstd": lambda: list(compress_frames(blocks(lines))),
    }
    times: dict[str, list[float]] = {name: [] for name in checks}
    for _ in range(ROUNDS):
        for name, check in checks.items():
            start = time.perf_counter()
            check()
            times[name].append(time.perf_counter() - start)
    print(f"median microseconds per event, {ROUNDS} rounds")
    for name, seconds in times.items():
        print(f"  {name:<34}{median(seconds) / len(lines) * 1e6:6.2f}")


if __name__ == "__main__":
    sample = sample_lines()
    print_bytes(sample)
    print_checks(sample)
