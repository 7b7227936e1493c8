"""What it costs to refuse what JSON cannot hold: the numbers of docs/decisions/0007.

Run it: python benchmarks/value_checks.py [ROUNDS]

Encodes the data of every event of the sample log, once as it is and once with that of twenty events
in one. Each round times every way once, in turn; printed is the median over the rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import msgspec

from eventlog import STANDARD_TYPES
from eventlog._values import _check_value, encode_data
from sessions.sample import sample_events

SESSIONS, TOGETHER = 400, 20

_encode = msgspec.json.Encoder().encode


def every_value(data: dict[str, Any]) -> None:
    """The thorough way: walk all values, then encode."""
    _check_value(data, "data", 1)
    _encode(data)


def measure(sample: list[dict[str, Any]], rounds: int) -> None:
    ways: dict[str, Callable[[dict[str, Any]], object]] = {
        "encode, no check": _encode,
        "encode, walk by exact types": encode_data,
        "walk with paths, encode": every_value,
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start = time.perf_counter()
            for data in sample:
                way(data)
            times[name].append(time.perf_counter() - start)
    size = sum(len(_encode(data)) for data in sample) / len(sample)
    print(f"{len(sample):,} events of {size:.0f} bytes; median microseconds per event")
    for name, seconds in times.items():
        print(f"  {name:<30}{median(seconds) / len(sample) * 1e6:6.2f}")


def main(rounds: int) -> None:
    small = [STANDARD_TYPES.dump(new.event)[2] for new in sample_events(SESSIONS)]
    starts = range(0, len(small), TOGETHER)
    large = [{f"part-{i}": one for i, one in enumerate(small[n : n + TOGETHER])} for n in starts]
    measure(small, rounds)
    measure(large, rounds)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
