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


def known(data: dict[str, Any]) -> dict[str, Any]:
    """What is not None."""
    return {name: value for name, value in data.items() if value is not None}


def path_text(path: Any) -> Any:
    """A path as text. What is no path passes as it is."""
    given = os.fsdecode(path) if isinstance(path, bytes | os.PathLike) else path
    return plain_text(given) if isinstance(given, str) else given
