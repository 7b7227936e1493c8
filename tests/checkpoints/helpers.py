"""What the standards say, word for word and slowly; and logs to sign, roll back and forge."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import zstandard

from eventlog import Event, EventLog, NewEvent, Query, new_key
from eventlog._create import make_skeleton
from eventlog._files import Files
from eventlog._names import raw_name

KEY = new_key("example.com/audit")
OTHER_KEY = new_key("example.com/audit")


def leaf_of(data: bytes) -> bytes:
    """A leaf of RFC 6962."""
    return sha256(b"\x00" + data).digest()


def half_of(size: int) -> int:
    """The largest power of two below ``size``."""
    half = 1
    while half * 2 < size:
        half *= 2
    return half


def root_of(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaf_of(leaves[0])
    half = half_of(len(leaves))
    return sha256(b"\x01" + root_of(leaves[:half]) + root_of(leaves[half:])).digest()


def path_of(index: int, leaves: list[bytes]) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) == 1:
        return []
    half = half_of(len(leaves))
    if index < half:
        return [*path_of(index, leaves[:half]), root_of(leaves[half:])]
    return [*path_of(index - half, leaves[half:]), root_of(leaves[:half])]


def growth_of(old: int, leaves: list[bytes]) -> list[bytes]:
    """PROOF of RFC 6962, section 2.1.2."""
    return _subproof(old, leaves, is_whole=True)


def _subproof(old: int, leaves: list[bytes], *, is_whole: bool) -> list[bytes]:
    if old == len(leaves):
        return [] if is_whole else [root_of(leaves)]
    half = half_of(len(leaves))
    if old <= half:
        return [*_subproof(old, leaves[:half], is_whole=is_whole), root_of(leaves[half:])]
    return [*_subproof(old - half, leaves[half:], is_whole=False), root_of(leaves[:half])]


def events(first: int, last: int) -> list[NewEvent]:
    """Events that tell their number."""
    return [
        NewEvent("test.numbered", {"n": n}, subject=f"s-{n % 3}") for n in range(first, last + 1)
    ]


def make_log(path: Path) -> Path:
    """Eleven events: two sealed segments of three and four, and an active one with two batches."""
    with EventLog.open(path, sync="never") as log:
        log.extend(events(1, 3))
        log.seal()
        log.extend(events(4, 6))
        log.append("test.numbered", {"n": 7, "text": "ü\u202e"}, id="given", source="agent/7")
        log.seal()
        log.extend(events(8, 9))
        log.extend(events(10, 11))
    return path


def grow(path: Path, first: int, last: int) -> None:
    """Append these events, as a batch."""
    with EventLog.open(path, sync="never") as log:
        log.extend(events(first, last))


def lines_in(path: Path) -> list[bytes]:
    """The lines of all segments, read with nothing of ours but the names."""
    found = []
    for file in sorted((path / "segments").iterdir()):
        with file.open("rb") as raw:
            if file.suffix == ".zst":
                reader = zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True)
                found += reader.read().split(b"\n")[:-1]
            else:
                found += raw.read().split(b"\n")[:-1]
    return found


def line_of(path: Path, sequence: int) -> bytes:
    """The line of one event, as it is stored."""
    with EventLog.open(path, readonly=True) as log:
        return next(log.scan(Query(after=sequence - 1, limit=1)))[0]


def forge(path: Path, target: Path, change: Callable[[Event], dict[str, Any]]) -> Path:
    """The same log with other data: same ids and times, every check, hash and link made anew."""
    make_skeleton(target, (path / "log.json").read_bytes(), Files())
    (target / "segments" / raw_name(1)).touch()
    with (
        EventLog.open(path, readonly=True) as log,
        EventLog.open(target, sync="never") as forged,
    ):
        ends = {entry.last_sequence for entry in log.sealed()}
        batch: list[NewEvent] = []
        for line, event in log.scan():
            own = event.id != f"{log.log_id}-{event.sequence}"
            batch.append(
                NewEvent(
                    event.type, change(event), subject=event.subject, source=event.source,
                    time=event.time, id=event.id if own else None,
                )
            )  # fmt: skip
            if b',"commit":' in line:
                forged.extend(batch)
                batch.clear()
            if event.sequence in ends:
                forged.seal()
    return target


def signed_text(note: str) -> str:
    """What the signatures of a note are about."""
    return note.rpartition("\n\n")[0] + "\n"


def flips(text: str) -> list[bytes]:
    """The text with each of its bits turned over, one at a time."""
    content = text.encode()
    return [
        content[:place] + bytes([content[place] ^ (1 << bit)]) + content[place + 1 :]
        for place in range(len(content))
        for bit in range(8)
    ]
