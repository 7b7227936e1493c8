"""A refused line, and the entry that keeps it: its place, the reason, and its exact bytes.

One JSON object per line, in ASCII, so that no byte of a hostile line reaches a terminal as it is::

    {"file":"a.jsonl","line":7,"reason":"...","sha256":"...","raw":"..."}

``raw`` is the line without its line feed; ``raw_base64`` stands in its place where the bytes are
not valid UTF-8. ``sha256`` is that of the bytes.
"""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Iterator

from attrs import frozen

from eventlog.importing._lines import Raw, content_chunks, is_text


@frozen
class Reject:
    """A refused line. ``file`` is the input as it was named, ``line`` where the line begins."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


def shown(file: str) -> str:
    """A file's name as it is recorded: bytes that are no text are written as escapes."""
    return file.encode(errors="surrogateescape").decode(errors="backslashreplace")


def entry_pieces(reject: Reject, raw: Raw, digest: str) -> Iterator[bytes]:
    """One entry, in pieces that fit in memory."""
    as_text = is_text(raw)
    name = "raw" if as_text else "raw_base64"
    head = f'{{"file":{json.dumps(shown(reject.file))},"line":{reject.line},'
    head += f'"reason":{json.dumps(reject.reason)},"sha256":"{digest}","{name}":"'
    yield head.encode()
    yield from _as_json(raw) if as_text else _as_base64(raw)
    yield b'"}\n'


def _as_json(raw: Raw) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in content_chunks(raw):
        yield json.dumps(decoder.decode(chunk))[1:-1].encode()


def _as_base64(raw: Raw) -> Iterator[bytes]:
    rest = b""
    for chunk in content_chunks(raw):
        joined = rest + chunk
        whole = len(joined) - len(joined) % 3
        rest = joined[whole:]
        yield base64.b64encode(joined[:whole])
    yield base64.b64encode(rest)
