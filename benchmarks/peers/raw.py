"""The limits of the machine: what is left when a program does nothing but encode and write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import msgspec

from benchmarks._workload import BATCH, Plain
from benchmarks._writers import Loop

_encode = msgspec.json.Encoder().encode


def _line(one: Plain, sequence: int) -> bytes:
    """The event as the log stores it (but for its check), built the way any program would."""
    return (
        _encode(
            {
                "specversion": "1.0",
                "id": f"abcdefghijkm-{sequence}",
                "source": one.source,
                "type": one.type,
                "subject": one.subject,
                "time": datetime.now(UTC).isoformat(),
                "sequence": f"{sequence:019d}",
                "data": one.data,
            }
        )
        + b"\n"
    )


def _line_fast_time(one: Plain, sequence: int) -> bytes:
    """The same. The encoder writes the time, in a third of the time that ``isoformat`` takes."""
    return (
        _encode(
            {
                "specversion": "1.0",
                "id": f"abcdefghijkm-{sequence}",
                "source": one.source,
                "type": one.type,
                "subject": one.subject,
                "time": datetime.now(UTC),
                "sequence": f"{sequence:019d}",
                "data": one.data,
            }
        )
        + b"\n"
    )


@contextmanager
def _file(target: Path) -> Iterator[int]:
    descriptor = os.open(target / "raw", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def write_each(
    target: Path, events: list[Plain], line: Callable[[Plain, int], bytes] = _line
) -> Iterator[Loop]:
    """Encode, and one ``os.write`` per event."""
    with _file(target) as descriptor:

        def loop() -> None:
            for sequence, one in enumerate(events, 1):
                os.write(descriptor, line(one, sequence))

        yield loop


write_each_fast_time = partial(write_each, line=_line_fast_time)
"""The least that Python can do."""


@contextmanager
def write_buffered(target: Path, events: list[Plain]) -> Iterator[Loop]:
    """Encode, and write to a buffered file; not on the disk when it is done."""

    def loop() -> None:
        with (target / "raw").open("wb") as file:
            for sequence, one in enumerate(events, 1):
                file.write(_line(one, sequence))

    yield loop


@contextmanager
def write_synced(target: Path, events: list[Plain]) -> Iterator[Loop]:
    """Encode, ``os.write`` and fdatasync, per event."""
    with _file(target) as descriptor:

        def loop() -> None:
            for sequence, one in enumerate(events, 1):
                os.write(descriptor, _line(one, sequence))
                os.fdatasync(descriptor)

        yield loop


@contextmanager
def write_synced_batches(target: Path, events: list[Plain]) -> Iterator[Loop]:
    """Encode a thousand, one ``os.write``, one fdatasync."""
    with _file(target) as descriptor:

        def loop() -> None:
            for start in range(0, len(events), BATCH):
                batch = events[start : start + BATCH]
                os.write(
                    descriptor, b"".join(map(_line, batch, range(start + 1, start + BATCH + 1)))
                )
                os.fdatasync(descriptor)

        yield loop
