"""How much is measured: in a long run, in a quick one, and in the tests of the measurements."""

from __future__ import annotations

from attrs import frozen


@frozen
class Scale:
    """Sizes, in events where nothing else is said."""

    name: str
    rounds: int
    written: int
    """Appended one by one without waiting for the disk."""
    synced: int
    """Appended one by one, each waiting for the disk."""
    batched: int
    """Appended by the thousand, each thousand waiting for the disk."""
    by_threads: int
    by_processes: int
    sealed_while: int
    """In the segment that is sealed while others are appended."""
    replayed: int
    asked: int
    """In the log that every read model is asked about."""
    segments: int
    """Of the log that many segments are opened of."""
    active_bytes: int
    """In the active segment that opening has to read through."""
    growth: tuple[int, ...]
    distinct: int
    """Sessions, with a few events each."""


LONG = Scale(
    name="long", rounds=7, written=200_000, synced=2_000, batched=200_000, by_threads=4_000,
    by_processes=400_000, sealed_while=220_000, replayed=1_000_000, asked=1_000_000,
    segments=10_000, active_bytes=64 << 20, growth=(10_000, 100_000, 1_000_000, 10_000_000),
    distinct=1_000_000,
)  # fmt: skip

QUICK = Scale(
    name="quick", rounds=3, written=20_000, synced=1_000, batched=20_000, by_threads=800,
    by_processes=80_000, sealed_while=60_000, replayed=100_000, asked=50_000, segments=1_000,
    active_bytes=16 << 20, growth=(10_000, 100_000), distinct=20_000,
)  # fmt: skip

TINY = Scale(
    name="tiny", rounds=1, written=300, synced=20, batched=2_000, by_threads=64, by_processes=160,
    sealed_while=600, replayed=2_000, asked=1_700, segments=20, active_bytes=1 << 16,
    growth=(200, 1_000), distinct=300,
)  # fmt: skip
