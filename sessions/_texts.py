"""Texts that callers choose freely, as the log can hold them: names of sessions, paths, errors."""

from __future__ import annotations

import re
from hashlib import sha256
from urllib.parse import quote

_NOT_IN_A_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST = 200


def session_key(public_id: str, unique: str) -> str:
    """A ``subject`` of its own for a session whose public id may be anything, and be repeated."""
    return f"{_NOT_IN_A_NAME.sub('_', public_id)[:_LONGEST]}~{unique}"


def source_of(system: str, instance: str) -> str:
    """``system/instance`` as a URI reference; a long instance is cut, and told apart by a hash."""
    quoted = quote(instance, safe="@:", errors="backslashreplace")
    if len(quoted) > _LONGEST:
        kept = quote(instance[: _LONGEST // 12], safe="@:", errors="backslashreplace")
        quoted = f"{kept}~{digest(instance)}"
    return f"{system}/{quoted}"


def digest(text: str) -> str:
    """Twelve characters that differ where the text does."""
    return sha256(text.encode(errors="backslashreplace")).hexdigest()[:12]


def plain_text(text: str) -> str:
    r"""Text that JSON can hold: bytes of a file name that are no UTF-8 become ``\udc80`` to ff."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="backslashreplace").decode()
    return text
