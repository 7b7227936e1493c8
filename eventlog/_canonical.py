"""The shape that the format prescribes for a line, which searches by bytes rely on."""

from __future__ import annotations

import re

_TEXT = rb'"(?!")[^"\\]*(?:\\.[^"\\]*)*"'
_RESERVED = rb"(?:specversion|id|source|type|subject|time|data|sequence|commit|crc32)"
_CANONICAL = re.compile(
    rb'{"specversion":"1\.0","id":%b,"source":%b,"type":%b(?:,"subject":%b)?'
    rb',"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"'
    rb'(?:,"schemaversion":\d+)?(?:,"(?!%b")[a-z0-9]+":(?:%b|-?\d+|true|false))*'
    rb',"sequence":"\d{19}","data":{' % (_TEXT, _TEXT, _TEXT, _TEXT, _RESERVED, _TEXT)
)


def is_canonical(line: bytes) -> bool:
    """Whether a line has the shape that the format prescribes, up to its data."""
    return _CANONICAL.match(line) is not None
