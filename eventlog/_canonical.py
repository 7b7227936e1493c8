"""The form that the format prescribes for a line, which searches by bytes rely on.

The form, not the limits of what stands in it: how deep data nest, or how long a text is.
"""

from __future__ import annotations

import re

import msgspec

_TEXT = rb'"(?!")[^"\\]*(?:\\.[^"\\]*)*"'
_RESERVED = rb"(?:specversion|id|source|type|subject|time|schemaversion|data|sequence|commit|crc32)"
_EXTENSION = rb',"(?!%b")([a-z0-9]{1,20})":(?:%b|-?\d+|true|false)' % (_RESERVED, _TEXT)
_BEFORE_DATA = re.compile(
    rb'{"specversion":"1\.0","id":%b,"source":%b,"type":%b(?:,"subject":%b)?'
    rb',"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z"'
    rb'(?:,"schemaversion":(?:[2-9]|[1-9]\d+))?(?P<extensions>(?:%b)*)'
    rb',"sequence":"\d{19}","data":(?={)' % (_TEXT, _TEXT, _TEXT, _TEXT, _EXTENSION)
)
_EXTENSIONS = re.compile(_EXTENSION)
_BEHIND_DATA = re.compile(rb'(?:,"commit":[1-9]\d{0,9})?,"crc32":"[0-9a-f]{8}"}')


class _Data(msgspec.Struct):
    data: msgspec.Raw


_data_of = msgspec.json.Decoder(_Data).decode


def is_canonical(line: bytes) -> bool:
    """Whether a line has the form that the format prescribes."""
    start = _BEFORE_DATA.match(line)
    if start is None:
        return False
    names = _EXTENSIONS.findall(start["extensions"])
    if names != sorted(set(names)):
        return False
    try:
        data = bytes(_data_of(line).data)
        if msgspec.json.format(data, indent=-1) != data:  # white space
            return False
    except (ValueError, RecursionError):
        return False
    end = start.end() + len(data)
    return line[start.end() : end] == data and _BEHIND_DATA.fullmatch(line, end) is not None
