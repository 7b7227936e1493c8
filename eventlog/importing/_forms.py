"""Inputs that hold lines, in a form that is not read here: compressed, or in UTF-16."""

from __future__ import annotations

import re

LONGEST_SIGN = 4
"""So many bytes at the start of an input show its form."""

_PACKED = {
    rb"\x1f\x8b": ("gzip", "gzip -dc"),
    rb"\x28\xb5\x2f\xfd": ("zstd", "zstd -dc"),
    rb"\xfd7zX": ("xz", "xz -dc"),
    rb"BZh[1-9]": ("bzip2", "bzip2 -dc"),
    rb"PK\x03\x04": ("zip", "unzip -p"),
}
# Without a byte order mark, every second byte of ASCII text is a NUL.
_UTF_16 = re.compile(rb"\xff\xfe|\xfe\xff|([\t -~]\0){2}|(\0[\t -~]){2}")


def foreign_form(start: bytes) -> str | None:
    """What is wrong with an input that begins so, and what to do; None when nothing is."""
    for sign, (name, unpack) in _PACKED.items():
        if re.match(sign, start, re.DOTALL):
            return f"is compressed ({name}): pipe it, '{unpack} FILE | eventlog import LOG -'"
    if _UTF_16.match(start):
        return "is UTF-16 text: convert it, 'iconv -f UTF-16 -t UTF-8 FILE | eventlog import LOG -'"
    return None
