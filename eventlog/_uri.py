"""What CloudEvents asks of ``source``: to be a URI reference, by the grammar of RFC 3986."""

from __future__ import annotations

import re

_PCHAR = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|%[0-9A-Fa-f]{2})"
_URI_REFERENCE = re.compile(
    rf"(?:[A-Za-z][A-Za-z0-9+.\-]*:(?:(?://(?P<a>[^/?#]*)(?:/{_PCHAR}*)*)|/?(?:{_PCHAR}+(?:/{_PCHAR}*)*)?)"
    rf"|//(?P<b>[^/?#]*)(?:/{_PCHAR}*)*"
    rf"|/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?"
    rf"|(?:(?!:){_PCHAR})(?:(?!:){_PCHAR})*(?:/{_PCHAR}*)*"
    rf"|)(?:\?(?:{_PCHAR}|[/?])*)?(?:\#(?:{_PCHAR}|[/?])*)?",
    re.ASCII,
)
_AUTHORITY = re.compile(
    r"(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|%[0-9A-Fa-f]{2})*@)?"
    r"(?:\[[0-9A-Fa-f:.]+\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)(?::[0-9]*)?",
    re.ASCII,
)


def is_uri_reference(text: str) -> bool:
    """Whether ``text`` is a URI or a relative reference (RFC 3986), as CloudEvents demands."""
    match = _URI_REFERENCE.fullmatch(text)
    if match is None:
        return False
    authority = match["a"] if match["a"] is not None else match["b"]
    return authority is None or _AUTHORITY.fullmatch(authority) is not None
