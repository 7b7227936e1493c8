"""The four attributes that are text: type, subject, source and id."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import quote

from eventlog._format import MAX_TEXT
from eventlog._uri import is_uri_reference
from eventlog.importing._bad_line import BadLineError

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_KINDS: dict[type, str] = {dict: "an object", list: "an array"}
_SAFE = "/:?@!$&'()*+,;=~"


def text_of(name: str, value: object) -> str:
    """``value`` as the attribute ``name``: numbers and booleans are written as JSON does."""
    if type(value) is not str:
        value = _written(name, value)
    if len(value) > MAX_TEXT:
        raise BadLineError(f"the {name} has {len(value)} characters, more than {MAX_TEXT}")
    if not value.isprintable() and (found := _CONTROL.search(value)):
        raise BadLineError(f"the {name} holds a control character (U+{ord(found[0]):04X})")
    return value


def _written(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    raise BadLineError(f"the {name} is {_KINDS.get(type(value), 'no text')}, and must be a text")


@lru_cache(maxsize=4096)
def uri_reference(text: str) -> str:
    """``text`` when it is a URI reference (RFC 3986), else ``text`` percent-encoded.

    Decoding what was encoded here gives ``text`` back, since its own ``%`` are encoded too.
    """
    if is_uri_reference(text):
        return text
    encoded = quote(text, safe=_SAFE, errors="surrogateescape")
    if is_uri_reference(encoded):
        return encoded
    return quote(text, safe="/", errors="surrogateescape")


def source_of(value: object) -> str:
    """``value`` as the attribute ``source``."""
    source = uri_reference(text_of("source", value))
    if len(source) > MAX_TEXT:
        raise BadLineError(f"the source has more than {MAX_TEXT} characters as a URI")
    return source


def source_of_file(name: str) -> str:
    """The source of events that name none: the file's name, its beginning if it is too long."""
    source = uri_reference(name)
    return source if len(source) <= MAX_TEXT else uri_reference(name[: MAX_TEXT // 12])
