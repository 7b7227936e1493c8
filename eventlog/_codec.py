"""Events to lines and back. The grammar is in docs/log-format.md.

Encoding takes two steps, because the sequence is known only under the writer's lock:
``LineEncoder.prepare`` does all that can be done before, ``LineEncoder.finish`` what is left.
"""

from __future__ import annotations

import re
import time as clock
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from attrs import define

from eventlog._check import CHECK_BYTES, finish_line, salt_of
from eventlog._errors import DamagedLogError, InvalidEventError
from eventlog._event import Event
from eventlog._format import HARD_MAX_LINE_BYTES, SEQUENCE_DIGITS
from eventlog._times import SECOND_NS, format_time, second_of
from eventlog._values import check_extension, check_source, check_text, encode_data

_encode = msgspec.json.Encoder().encode
_event_decoder = msgspec.json.Decoder(Event)
_object_decoder = msgspec.json.Decoder(dict[str, Any])

DEFAULT_SOURCE = "eventlog"
"""Of an event whose caller names no source."""

_HEADS_KEPT = 4096
_START = b'{"specversion":"1.0","id":"'
_SEQUENCE_NAME = b',"sequence":"'
_TIME_END = b'"' + _SEQUENCE_NAME
_TIME_NAME = b',"time":"'
_SUBJECT_NAME = b',"subject":'
_PLAIN = b'Z","sequence":"'
"""Nothing stands between time and sequence: the line has no extension attributes."""
_COMMIT_NAME = b',"commit":'
_COMMIT_OF_ONE = _COMMIT_NAME + b"1"

# What surrounds the prepared parts: names, id, sequence, commit and check, generously.
_FRAMING_BYTES = 160
_ID_BYTES = 64
"""Of those for the id: so many hold any that a log makes itself, which other logs then import."""


@define(eq=False)
class GivenId:
    """An id that the caller chose, and what a retry with the same id must equal."""

    source: str
    id: str
    content: bytes
    """Source, type, subject and data, as they stand in the line."""


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """The parts of a line that do not depend on its place in the log.

    One is made for every event: a Struct, because that takes a third of the time.
    """

    place: bytes
    """From the end of ``id`` to the start of the sequence's digits."""
    data: bytes
    given: GivenId | None = None
    """Only when the caller gave an id."""


class LineEncoder:
    """Encodes the lines of one log."""

    def __init__(self, log_id: str, max_line_bytes: int) -> None:
        self._salt = salt_of(log_id)
        self._own_start = _START + log_id.encode() + b"-"
        self._longest = min(max_line_bytes, HARD_MAX_LINE_BYTES) - _FRAMING_BYTES
        self._heads: dict[tuple[str, str, str | None], bytes] = {}
        self._second = second_of(0)
        """The one of the last event; replaced whole, so that threads see a matching pair."""

    def now(self) -> bytes:
        """The time as it stands in a line, up to the digits of the sequence."""
        begin, text = self._second
        rest = clock.time_ns() - begin
        if not 0 <= rest < SECOND_NS:
            rest, text = self._next_second()
        return b"%b%06dZ%b" % (text, rest // 1000, _TIME_END)

    def _next_second(self) -> tuple[int, bytes]:
        """How long it has lasted, in nanoseconds, and its text."""
        ns = clock.time_ns()
        begin, text = self._second = second_of(ns)
        return ns - begin, text

    def prepare(
        self,
        source: str | None,
        type_: str,
        subject: str | None,
        time: datetime | None,
        data: Mapping[str, Any] | None,
        id_: str | None = None,
        schemaversion: int = 1,
        extensions: Mapping[str, str | int | bool] | None = None,
        now: bytes | None = None,
    ) -> Prepared:
        """Check and encode everything but the sequence; InvalidEventError when refused.

        ``time`` None: ``now``, which events of a batch share, or the moment of this call.
        """
        if source is None:
            source = DEFAULT_SOURCE
        try:
            head = self._heads.get((source, type_, subject))
        except TypeError:  # a list as a subject, say: what is wrong with it is told below
            head = None
        if head is None:
            head = self._make_head(source, type_, subject)
        if time is not None:
            place = head + format_time(time).encode() + _TIME_END
        elif now is not None:
            place = head + now
        else:  # as now() does it, and in one step with the head
            begin, text = self._second
            rest = clock.time_ns() - begin
            if not 0 <= rest < SECOND_NS:
                rest, text = self._next_second()
            place = b'%b%b%06dZ","sequence":"' % (head, text, rest // 1000)
        if extensions or schemaversion != 1:
            extra = _encode_extensions(schemaversion, extensions or {})
            place = b'%b"%b%b' % (place[: -len(_TIME_END)], extra, _SEQUENCE_NAME)
        encoded = encode_data({} if data is None else data)
        size, given = len(place) + len(encoded), None
        if id_ is not None:
            given = GivenId(source, check_text("id", id_), head + DATA_NAME + encoded)
            size += max(0, len(_encode(given.id)) - _ID_BYTES)
        if size > self._longest:
            raise self._too_long(size)
        return Prepared(place, encoded, given)

    def finish(self, prepared: Prepared, sequence: int, commit: int | None) -> bytes:
        """The line, LF included."""
        start, digits = self._own_start, b"%d" % sequence
        if prepared.given is None:
            id_ = digits
        else:
            start, id_ = _START, _encode(prepared.given.id)[1:-1]
        if commit is None:
            end = b""
        else:
            end = _COMMIT_OF_ONE if commit == 1 else b"%b%d" % (_COMMIT_NAME, commit)
        # One join is twice as fast as formatting.
        parts = (
            start, id_, prepared.place, digits.zfill(SEQUENCE_DIGITS), DATA_NAME, prepared.data, end
        )  # fmt: skip
        return finish_line(b"".join(parts), self._salt)

    def _too_long(self, size: int) -> InvalidEventError:
        return InvalidEventError(
            f"the event needs {size + _FRAMING_BYTES:,} bytes, and a line of this log may have "
            f"{self._longest + _FRAMING_BYTES:,}: keep large content in a file, and its name and "
            "hash in the event"
        )

    def _make_head(self, source: str, type_: str, subject: str | None) -> bytes:
        source, type_ = check_source(source), check_text("type", type_)
        head = b'","source":%b,"type":%b' % (_encode(source), _encode(type_))
        if subject is not None:
            subject = check_text("subject", subject)
            head += b',"subject":' + _encode(subject)
        head += b',"time":"'
        if len(self._heads) >= _HEADS_KEPT:
            self._heads.clear()  # a log of a million sessions must not keep a million heads
        self._heads[source, type_, subject] = head
        return head


def _encode_extensions(schemaversion: int, extensions: object) -> bytes:
    parts = [b',"schemaversion":%d' % schemaversion] if schemaversion > 1 else []
    if not isinstance(extensions, Mapping):
        kind = type(extensions).__name__
        raise InvalidEventError(f"extensions must be a mapping of names to values, not {kind}")
    checked = [check_extension(name, value) for name, value in extensions.items()]
    for name, value in sorted(checked):
        parts.append(b',"%b":%b' % (name.encode(), _encode(value)))
    return b"".join(parts)


def decode_line(line: bytes) -> Event:
    """The event of one line; DamagedLogError when it is none."""
    return decode_lines([line])[0]


def decode_lines(lines: list[bytes]) -> list[Event]:
    """The events of many lines, decoded in one go."""
    try:
        events = _event_decoder.decode_lines(b"\n".join(lines))
    except msgspec.ValidationError:
        return _decode_mixed(lines)
    except (ValueError, RecursionError) as error:
        raise DamagedLogError(f"a line is no event: {error}") from None
    if len(events) != len(lines):  # the decoder passes over empty lines
        raise DamagedLogError("a line is no event: it is empty")
    return events


def _decode_mixed(lines: list[bytes]) -> list[Event]:
    """The slow way for lines with extension attributes, the fast one still for all the others."""
    plain = [line for line in lines if line.find(_PLAIN) >= 0]
    try:
        decoded = iter(_event_decoder.decode_lines(b"\n".join(plain)))
    except (ValueError, RecursionError):
        return [_decode_extended(line) for line in lines]
    return [next(decoded) if _PLAIN in line else _decode_extended(line) for line in lines]


def _decode_extended(line: bytes) -> Event:
    try:
        fields = _object_decoder.decode(line)
        known = {name: fields.pop(name) for name in _ATTRIBUTES if name in fields}
        known["-extensions"] = fields
        return msgspec.convert(known, Event)
    except (ValueError, RecursionError) as error:
        raise DamagedLogError(f"a line is no event: {error}") from None


_ATTRIBUTES = tuple(
    field.encode_name for field in msgspec.structs.fields(Event) if field.name != "extensions"
)


def sequence_of(line: bytes) -> int:
    """The sequence of a line, read without parsing it; DamagedLogError when it states none.

    The first match is the real one: nothing before it can hold an unescaped quote.
    """
    start = line.find(_SEQUENCE_NAME) + len(_SEQUENCE_NAME)
    digits = line[start : start + SEQUENCE_DIGITS]
    if start < len(_SEQUENCE_NAME) or len(digits) < SEQUENCE_DIGITS or not digits.isdigit():
        raise DamagedLogError("a line states no sequence")
    return int(digits)


def subject_in(line: bytes) -> str | None:
    """The subject of a stored line, read without parsing the rest; None when it has none.

    DamagedLogError when it is no text.
    """
    start, end = line.find(_SUBJECT_NAME), line.find(_TIME_NAME)
    if not 0 <= start < end:  # what is in the data looks like one at most behind the time
        return None
    try:
        return msgspec.json.decode(line[start + len(_SUBJECT_NAME) : end], type=str)
    except ValueError as error:
        raise DamagedLogError(f"a line is no event: {error}") from None


def content_of(line: bytes) -> bytes:
    """Source, type, subject and data of a stored line: the inverse view of ``GivenId.content``."""
    head = line[line.find(b'","source":') : line.find(_TIME_NAME) + len(_TIME_NAME)]
    body = line[:-CHECK_BYTES]
    start = body.find(_SEQUENCE_NAME) + len(_SEQUENCE_NAME) + SEQUENCE_DIGITS
    return head + (body[start:] if body.endswith(b"}") else body[start : body.rfind(_COMMIT_NAME)])


def time_of(line: bytes) -> bytes:
    """The time of a line, as its 27 bytes of text, which sort like the times themselves."""
    start = line.find(_TIME_NAME) + len(_TIME_NAME)
    return line[start : start + 27]


def commit_of(line: bytes) -> int | None:
    """The batch size that an intact line states as the last of its batch, or None.

    None also for what is intact and no event, such as a line of the manifest.
    """
    body = line[:-CHECK_BYTES]
    if body.endswith(b"}"):
        return None
    digits = body[body.rfind(_COMMIT_NAME) + len(_COMMIT_NAME) :]
    return int(digits) if digits.isdigit() else None


_COMMIT_END = re.compile(rb',"commit":\d{1,10},"crc32":"[0-9a-f]{8}"}$', re.ASCII)


def ends_batch(line: bytes) -> bool:
    """Whether a line, damaged or not, ends in a commit mark."""
    return _COMMIT_END.search(line[-64:]) is not None


DATA_NAME = b'","data":'
"""What stands before an event's data: its quote ends the sequence."""

TYPE_NAME = b',"type":'
"""What stands before an event's type, and nowhere before that."""


def needle(name: str, value: str) -> bytes:
    """The bytes that every line with this attribute holds; none does when it is no text at all."""
    try:
        return b',"%b":%b,' % (name.encode(), _encode(value))
    except UnicodeEncodeError:  # a lone surrogate
        return b"\xff"
