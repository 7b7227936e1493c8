"""What a line should be decoded into: the numbers of docs/decisions/0002.

Run it: python benchmarks/decode_targets.py [ROUNDS]

Every round times every target once, in turn, so that a slow moment of the machine hits all alike.
Printed is each target's median over the rounds.
"""

from __future__ import annotations

import gc
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from statistics import median
from typing import Any

import attrs
import msgspec
from cattrs.preconf.msgspec import make_converter

from eventlog import Event, EventLog
from sessions.sample import write_sample

SESSIONS = 400
AT_ONCE = 512  # as the read loop does it


@attrs.frozen(kw_only=True)
class AttrsEvent:
    """The same fields as a frozen, slotted attrs class."""

    id: str
    source: str
    type: str
    time: datetime
    subject: str | None = None
    data: dict[str, Any]
    schemaversion: int = 1
    sequence: str
    commit: int | None = None
    crc32: str = ""
    specversion: str = "1.0"


def sample_chunks() -> list[bytes]:
    """The lines of a sample log, as many in each chunk as are decoded at once."""
    with (
        tempfile.TemporaryDirectory() as directory,
        EventLog.open(Path(directory) / "log", sync="never") as log,
    ):
        write_sample(log, SESSIONS)
        lines = [line for line, _ in log.scan()]
    return [b"\n".join(lines[start : start + AT_ONCE]) for start in range(0, len(lines), AT_ONCE)]


def targets() -> dict[str, Callable[[bytes], list[Any]]]:
    """By name, a function from the lines of a chunk to their events."""
    into_dicts = msgspec.json.Decoder(dict[str, Any]).decode_lines
    structure = make_converter().structure
    return {
        "plain dicts, nothing checked": into_dicts,
        "msgspec into Event (a Struct)": msgspec.json.Decoder(Event).decode_lines,
        "msgspec into the attrs class": msgspec.json.Decoder(AttrsEvent).decode_lines,
        "dicts, then cattrs": lambda chunk: [structure(x, AttrsEvent) for x in into_dicts(chunk)],
    }


def seconds_for(decode: Callable[[bytes], list[Any]], chunks: list[bytes]) -> float:
    """The time to decode every chunk once, each dropped before the next."""
    gc.collect()
    start = time.perf_counter()
    for chunk in chunks:
        decode(chunk)
    return time.perf_counter() - start


def main(rounds: int) -> None:
    chunks, decoders = sample_chunks(), targets()
    events = sum(chunk.count(b"\n") + 1 for chunk in chunks)
    times: dict[str, list[float]] = {name: [] for name in decoders}
    for _ in range(rounds):
        for name, decode in decoders.items():
            times[name].append(seconds_for(decode, chunks))
    print(f"{events:,} events, {rounds} rounds; median microseconds per event")
    for name, seconds in times.items():
        print(f"  {name:<30}{median(seconds) / events * 1e6:6.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
