"""Standard base64 with padding, where each content has one spelling."""

from __future__ import annotations

from base64 import b64decode, b64encode


def encode_base64(content: bytes) -> str:
    """The text."""
    return b64encode(content).decode()


def decode_base64(text: str) -> bytes | None:
    """The inverse of :func:`encode_base64`: None for any other spelling of the same bytes."""
    try:
        content = b64decode(text)
    except ValueError:
        return None
    return content if encode_base64(content) == text else None
