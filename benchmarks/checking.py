"""Verifying a sealed log, beside the least that checks as much."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from pathlib import Path
from zlib import crc32

from zstandard import ZstdDecompressor

from benchmarks._frame import Piece, Prepared, Taken, Theme, per_event
from benchmarks._scale import Scale
from benchmarks._workload import write_log
from eventlog import verify
from eventlog._merkle import MerkleTree


@contextmanager
def _prepare(scratch: Path, scale: Scale) -> Iterator[Prepared]:
    log, least = scratch / "verified.eventlog", "hash and decompress"
    write_log(log, scale.replayed)
    yield Prepared(
        [
            Piece(least, partial(_hash, log, scale.replayed)),
            Piece("verify", partial(_verify, log, scale.replayed), against=least),
        ],
        [
            f"{scale.replayed:,} events in sealed segments of the default size, one core. The "
            "least is: SHA-256 of each file, decompressing it, CRC and Merkle tree of its lines."
        ],
    )


THEME = Theme("Verifying", _prepare)


def _verify(path: Path, events: int) -> Taken:
    return per_event(events, lambda: verify(path))


def _hash(path: Path, events: int) -> Taken:
    def work() -> None:
        for segment in (path / "segments").glob("*.zst"):
            stored = segment.read_bytes()
            sha256(stored).digest()
            tree = MerkleTree()
            with ZstdDecompressor().stream_reader(stored, read_across_frames=True) as stream:
                rest = b""
                while piece := stream.read(1 << 20):
                    *lines, rest = (rest + piece).split(b"\n")
                    for line in lines:
                        crc32(line)
                    tree.extend(lines)

    return per_event(events, work)
