"""Answers as plain JSON values, the same for every way an answer was computed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import attrs
import msgspec


def to_document(value: Any) -> Any:
    """Plain JSON values of an answer: attrs classes as objects, times as RFC 3339 text in UTC."""
    if attrs.has(type(value)):
        return {
            field.name: to_document(getattr(value, field.name))
            for field in attrs.fields(type(value))
        }
    if isinstance(value, dict):
        return {str(name): to_document(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [to_document(one) for one in value]
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    return value


def canonical_json(value: Any) -> bytes:
    """The bytes by which two answers are compared."""
    return msgspec.json.encode(to_document(value))
