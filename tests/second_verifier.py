"""A second opinion on a log, from ``docs/log-format.md`` alone; nothing of eventlog is imported.

It prints one line per fault of a log, and exits with 3 if there is any. What a crash may leave and
the next writer clears away (``*.tmp``, raw beside sealed segments, pruned ones) is no fault.
"""

from __future__ import annotations

import json
import re
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any
from zlib import crc32

import zstandard

MIB, FRAME = 1 << 20, b"\x28\xb5\x2f\xfd"
TIME = r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)"'
NUMBER, HASH = r"(0|[1-9]\d{0,18})", r'"[0-9a-f]{64}"'
TEXT = r'("[^"\\]*(?:\\.[^"\\]*)*")'
CRC = r',"crc32":"([0-9a-f]{8})"\}\n'
EXTENSION = rf',"([a-z0-9]{{1,20}})":(?:{TEXT}|(-?\d{{1,10}})|true|false)'
EVENT = (
    rf'\{{"specversion":"1\.0","id":{TEXT},"source":{TEXT},"type":{TEXT}(?:,"subject":{TEXT})?'
    rf',"time":{TIME}(?:,"schemaversion":([2-9]|[1-9]\d+))?(?P<extensions>(?:{EXTENSION})*)'
    rf',"sequence":"(?P<sequence>\d{{19}})","data":(?P<data>\{{.*\}})'
    rf'(?:,"commit":(?P<commit>[1-9]\d{{0,9}}))?{CRC}'
)
IDENTITY = rf'\{{"format":1,"log_id":"([a-km-np-z2-9]{{12}})","created":{TIME}{CRC}'
ENTRY = (
    rf'\{{"record":(?:"sealed","segment":"\d{{19}}\.jsonl\.zst","first_sequence":{NUMBER}'
    rf',"last_sequence":{NUMBER},"events":{NUMBER},"first_time":{TIME},"last_time":{TIME}'
    rf',"raw_bytes":{NUMBER},"stored_bytes":{NUMBER},"sha256":{HASH},"merkle_root":{HASH}'
    rf'|"pruned","first_sequence":{NUMBER},"last_sequence":{NUMBER},"time":{TIME}'
    rf',"tree":\[{HASH}(?:,{HASH})*\]),"previous":{HASH}{CRC}'
)
SEQUENCE = rb'"sequence":"(\d{19})"'
LINE = re.compile(rb"[^\n]*\n|[^\n]+")
END = re.compile(rb'(?:,"commit":(\d{1,9}))?,"crc32":"[0-9a-f]{8}"\}(\n?)')
ATTRIBUTE = r"[^\x00-\x1f\x7f-\x9f]{1,512}"
URI_REFERENCE = r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+"
TAKEN = set(re.findall(r'"(\w+)":', EVENT))

Fault = tuple[str, int, int, str]  # file, offset in it as stored, next sequence, what is wrong


def need(right: object, kind: str) -> None:
    if not right:
        raise ValueError(kind)


def number(text: str) -> float:
    whole = text.lstrip("-").isdigit()
    inside = -(2**63) <= int(text) < 2**64 if whole else abs(float(text)) < float("inf")
    need(inside, f"{text[:30]} is beyond 64 bits, infinite or no number")
    return float(text)


JSON = json.JSONDecoder(parse_float=number, parse_int=number, parse_constant=number)


def intact(line: bytes, salt: int = 0) -> bool:
    """Whether a line with its LF has a check that fits."""
    check = re.fullmatch(CRC.encode(), line[-21:])
    return check is not None and crc32(line[:-21], salt) == int(check[1], 16)


def check_event(event: re.Match[bytes]) -> None:
    """The rules for attributes and data, beyond their grammar; no lone surrogate can be encoded."""
    extensions = re.findall(EXTENSION.encode(), event["extensions"])
    names = [name.decode() for name, _, _ in extensions]
    need(names == sorted(set(names) - TAKEN), "the order or the name of extensions")
    need(all(abs(int(v or 0) + 0.5) < 2**31 for *_, v in extensions), "an integer beyond 32 bits")
    quoted = [event[1], event[2], event[3], event[4], *(text for _, text, _ in extensions)]
    texts = [JSON.decode(text.decode()) for text in quoted if text]
    need(all(re.fullmatch(ATTRIBUTE, text) for text in texts), "the length or signs of a text")
    need(re.fullmatch(URI_REFERENCE, texts[1]), "source is no URI reference")
    datetime.fromisoformat(event[5].decode())  # a day and an hour that exist
    bare = re.sub(TEXT.encode(), b"", event["data"])
    need(not re.search(rb"\s", bare), "white space outside of strings")
    steps = (1 if bracket in b"[{" else -1 for bracket in re.findall(rb"[\[\]{}]", bare))
    need(max(accumulate(steps)) <= 100, "data is deeper than 100")
    json.dumps([texts, JSON.decode(event["data"].decode())], ensure_ascii=False).encode()


def merkle_root(hashes: list[bytes]) -> bytes:
    """RFC 6962: the left subtree is the largest perfect one."""
    if len(hashes) == 1:
        return hashes[0]
    left = 1 << (len(hashes) - 1).bit_length() - 1
    return sha256(b"\1" + merkle_root(hashes[:left]) + merkle_root(hashes[left:])).digest()


def later_batch(content: bytes, lines: Lines) -> bool:
    """Whether a later batch follows the whole ones, or all of the next one: no tear has either."""
    rest, expected, met = content[lines.whole :], lines.expected - lines.batch, set[int]()
    for start in re.finditer(rb'\{"specversion":', rest):
        for end in END.finditer(rest, start.start()):
            line = rest[start.start() : end.start(2)] + b"\n"
            if (at := re.search(SEQUENCE, line)) and intact(line, lines.log.salt):
                met.add(last := int(at[1]))
                first = last + 1 - int(end[1] or last + 1)
                all_met = first == expected and all(one in met for one in range(first, last))
                if first > expected or (all_met and end[2]):
                    return True
    return re.search(rb',"commit":\d{1,9},"crc32":"[0-9a-f]{8}"\}\n.', rest, re.S) is not None


def frames_of(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Offset, stored and raw bytes of each frame, as the seek table at the end says."""
    frames, flags, magic = struct.unpack("<IBI", content[-9:].rjust(9, b"\0"))
    start = len(content) - 17 - 8 * frames
    need(start >= 0 and (flags, magic) == (0, 0x8F92EAB1), "no seek table at the end")
    head, offset = struct.unpack_from("<II", content, start), 0
    need(head == (0x184D2A5E, 8 * frames + 9), "no seek table where its number of frames says")
    for stored, raw in struct.iter_unpack("<II", content[start + 8 : -9]):
        yield offset, stored, raw
        offset += stored
    need(offset == start, "the frames do not end where the seek table begins")


def decompressed(frame: bytes, raw: int) -> bytes:
    """The content of one frame; its header is asked before any memory is taken."""
    header = zstandard.get_frame_parameters(frame)
    need(frame[:4] == FRAME and header.has_checksum, "no Zstandard frame with a checksum")
    need(header.content_size == raw <= 16 * MIB + 1, f"a frame of {header.content_size} bytes")
    content = zstandard.ZstdDecompressor().decompress(frame, allow_extra_data=False)
    need(content.endswith(b"\n"), "a frame does not hold whole lines")
    need(raw <= MIB or content.count(b"\n") == 1, "a frame of several lines beyond 1 MiB")
    return content


@dataclass
class Lines:  # of one segment, taken in order
    log: Log
    expected: int
    leaves: list[bytes] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    raw_bytes: int = 0
    whole: int = 0  # where the last whole batch ends, in raw bytes
    batch: int = 0  # lines of the batch that is not whole yet

    def take(self, line: bytes) -> None:
        """One line with its LF, which has to be right in itself and in its place."""
        need(intact(line, self.log.salt), "the check does not fit the line")
        need(len(line) <= 16 * MIB + 1, "the line is longer than 16 MiB")
        if not (event := re.fullmatch(EVENT.encode(), line)):
            raise ValueError("not the form of a line")
        check_event(event)
        sequence, given = int(event["sequence"]), (event[2], event[1])
        need(sequence == self.expected, f"{self.expected} was expected")
        need(given not in self.log.given_ids, "source and id are in the log already")
        if event[1] != f'"{self.log.log_id}-{sequence}"'.encode():
            self.log.given_ids.add(given)
        self.raw_bytes += len(line)
        if event["commit"]:
            need(int(event["commit"]) == self.batch + 1, f"{self.batch + 1} lines were expected")
            need(self.raw_bytes <= self.whole + 64 * MIB, "the batch is larger than 64 MiB")
            self.whole = self.raw_bytes
        self.expected, self.batch = self.expected + 1, 0 if event["commit"] else self.batch + 1
        self.leaves.append(sha256(b"\0" + line[:-1]).digest())
        self.times.append(event[5].decode())


@dataclass
class Log:
    """One log, looked through from its identity to its last line."""

    path: Path
    log_id: str = ""
    salt: int = 0
    expected: int = 1
    pruned: int = 0
    listed: dict[str, dict[str, Any]] = field(default_factory=dict)
    given_ids: set[tuple[bytes, bytes]] = field(default_factory=set)

    def faults(self) -> Iterator[Fault]:
        """Each fault: of log.json, the manifest, the sealed segments, the raw ones."""
        identity = self.content("log.json")
        match = re.fullmatch(IDENTITY.encode(), identity)
        if match is None or not intact(identity):
            yield ("log.json", 0, 1, "missing, damaged or of a newer format")
            return  # without the log id no check can be computed
        self.log_id, self.salt = match[1].decode(), crc32(match[1])
        yield from self.manifest(self.content("manifest.jsonl"), sha256(identity).hexdigest())
        for name, entry in self.listed.items():
            if entry["first_sequence"] > self.pruned:
                yield from self.sealed_segment(f"segments/{name}", entry)
        yield from self.raw_segments()

    def content(self, name: str) -> bytes:  # none of a missing file, which is nowhere sound
        return (self.path / name).read_bytes() if (self.path / name).is_file() else b""

    def manifest(self, content: bytes, previous: str) -> Iterator[Fault]:
        """Each line; the end may be torn while its raw segment is there."""
        for line in LINE.finditer(content):
            raw = self.path / f"segments/{self.expected:019}.jsonl"
            torn = line.end() == len(content) and not intact(line[0], self.salt) and raw.exists()
            try:
                self.take_entry(line[0], previous)
            except ValueError as error:
                yield ("manifest.jsonl", line.start(), self.expected, "torn: " * torn + str(error))
            previous = sha256(line[0].removesuffix(b"\n")).hexdigest()

    def take_entry(self, line: bytes, previous: str) -> None:
        """A line of the manifest; an intact one counts even when it does not fit the others."""
        need(intact(line, self.salt), "the check does not fit the line")
        need(re.fullmatch(ENTRY.encode(), line), "not the form of a line")
        entry = json.loads(line)
        first, last = entry["first_sequence"], entry["last_sequence"]
        if entry["record"] == "sealed":
            wanted, self.expected = self.expected, last + 1
            self.listed[entry["segment"]] = entry
            need(first == wanted, f"the segment begins where {wanted} was expected")
            need(entry["segment"] == f"{first:019}.jsonl.zst", "the name is not the first sequence")
            need(last - first + 1 == entry["events"] > 0, "sequences and events do not fit")
        else:
            begins, self.pruned = self.pruned + 1, last
            ends = [one["last_sequence"] for one in self.listed.values()] or [last] * (begins == 1)
            self.expected = max(self.expected, last + 1)  # more only in a log that was mended
            need(last in ends, "no segment ends there")
            need(first == begins <= last, f"pruned where {begins} was expected")
            need(len(entry["tree"]) == last.bit_count(), "the tree does not fit the sequence")
        need(entry["previous"] == previous, "previous is not the hash of the line before")

    def sealed_segment(self, name: str, entry: dict[str, Any]) -> Iterator[Fault]:
        """One sealed segment against what the manifest states."""
        content, lines, offset = self.content(name), Lines(self, entry["first_sequence"]), 0
        try:
            for offset, stored, raw in frames_of(content):
                for line in LINE.findall(decompressed(content[offset : offset + stored], raw)):
                    lines.take(line)
            need(lines.leaves and not lines.batch, "no events, or the last batch is not whole")
        except (ValueError, zstandard.ZstdError) as error:
            yield (name, offset, lines.expected, str(error))
            return
        found: dict[str, object] = {"first_time": min(lines.times), "last_time": max(lines.times)}
        found |= {"last_sequence": lines.expected - 1, "raw_bytes": lines.raw_bytes}
        found |= {"events": len(lines.leaves), "merkle_root": merkle_root(lines.leaves).hex()}
        found |= {"sha256": sha256(content).hexdigest(), "stored_bytes": len(content)}
        for what, is_ in found.items():
            if is_ != entry[what]:
                yield (name, 0, lines.expected, f"{what} is {is_}, not {entry[what]}")

    def raw_segments(self) -> Iterator[Fault]:
        """The segments that are not in the manifest."""
        names = sorted(file.name for file in self.path.glob("segments/*"))
        names = [name for name in names if re.fullmatch(r"[0-9]{19}\.jsonl(\.zst)?", name)]
        for name in (name for name in names if int(name[:19]) <= self.pruned):
            yield from self.pruned_segment(f"segments/{name}")
        names = [name for name in names if int(name[:19]) > self.pruned and name not in self.listed]
        raws = [one for one in names if one[19:] == ".jsonl" and f"{one}.zst" not in self.listed]
        for name in names:
            if name[19:] != ".jsonl" and name.removesuffix(".zst") not in names:
                yield (f"segments/{name}", 0, int(name[:19]), "not in the manifest")
        for name in raws:
            yield from self.raw_segment(f"segments/{name}", int(name[:19]), name == raws[-1])
        if not raws:
            yield ("segments", 0, self.expected, "no active segment")

    def pruned_segment(self, name: str) -> Iterator[Fault]:
        content = self.content(name)
        with suppress(ValueError, zstandard.ZstdError):  # then it is raw, whatever its name says
            cuts = frames_of(content)
            content = b"".join([decompressed(content[at:][:n], raw) for at, n, raw in cuts])
        lines = [one for one in LINE.findall(content) if intact(one, self.salt)]
        if any(int(at) > self.pruned for one in lines for at in re.findall(SEQUENCE, one)[:1]):
            yield (name, 0, self.pruned, "holds what was not pruned")

    def raw_segment(self, name: str, first: int, active: bool) -> Iterator[Fault]:
        """One raw segment, line by line; the end of the active one may be torn."""
        content, lines, at = self.content(name), Lines(self, first), 0
        if first != self.expected or not (content or active):
            yield (name, 0, first, f"empty, or {self.expected} was expected")
        try:
            for match in LINE.finditer(content):
                at = match.start()
                lines.take(match[0])
            at = len(content)
            need(not lines.batch, "the last batch is not whole")
        except ValueError as error:
            torn = active and not later_batch(content, lines)
            yield (name, at, lines.expected, "torn: " * torn + str(error))
        self.expected = lines.expected


if __name__ == "__main__":
    everything = [": ".join(map(str, fault)) for fault in Log(Path(sys.argv[1])).faults()]
    print("\n".join(everything) or "intact")
    sys.exit(3 if everything else 0)
