"""Values as JSON gives them back: copies that the caller cannot change later."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import msgspec

from eventlog._values import encode_data
from sessions._texts import plain_text


def copied(value: Any) -> Any:
    """A copy of any JSON value; InvalidEventError when JSON cannot hold it."""
    return msgspec.json.decode(encode_data({"value": value}))["value"]


def copied_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    """A copy of the metadata; TypeError when it is no mapping."""
    if not metadata:
        return {}
    if not isinstance(metadata, Mapping):
        raise TypeError(f"metadata must be a dict, not {type(metadata).__name__}")
    plain: dict[str, Any] = msgspec.json.decode(encode_data(metadata))
    return plain


def text_of(name: Any) -> str:
    """A name as read models look for it: what is no text is its JSON, so 5 becomes "5"."""
    return name if isinstance(name, str) else msgspec.json.encode(copied(name)).decode()


def standard(kinds: type | tuple[type, ...], /, **given: Any) -> dict[str, Any]:
    """What readers of the log can count on: values of these kinds, under their names.

    Callers pass anything. What is of another kind is kept as ``{name}_given``; None is left out.
    """
    return {
        name if isinstance(value, kinds) and not isinstance(value, bool) else f"{name}_given": value
        for name, value in given.items()
        if value is not None
    }


def path_text(path: Any) -> Any:
    """A path as text. What is no path passes as it is."""
    given = os.fsdecode(path) if isinstance(path, bytes | os.PathLike) else path
    return plain_text(given) if isinstance(given, str) else given
