"""The check that ends a line: CRC-32 over the bytes before it, salted with the log id.

``finish_line`` and ``is_intact`` are inverses, for event lines, manifest lines and ``log.json``.
"""

from __future__ import annotations

from zlib import crc32

CHECK_START = b',"crc32":"'
CHECK_BYTES = len(CHECK_START) + 8 + len(b'"}')


def salt_of(log_id: str) -> int:
    """The CRC of the log id, from which every line's CRC goes on."""
    return crc32(log_id.encode())


def finish_line(body: bytes, salt: int) -> bytes:
    """``body`` (an object without its closing brace) with check, brace and LF."""
    return b'%b,"crc32":"%08x"}\n' % (body, crc32(body, salt))


def is_intact(line: bytes, salt: int) -> bool:
    """Whether a line, without its LF, ends in the check of its own bytes."""
    body = line[:-CHECK_BYTES]
    return line[-CHECK_BYTES:] == b',"crc32":"%08x"}' % crc32(body, salt)
