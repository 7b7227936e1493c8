"""CloudEvents of other systems, and of other logs of this kind, as attributes and data."""

from __future__ import annotations

import re
from typing import Any

from eventlog._errors import InvalidEventError
from eventlog._values import check_extension
from eventlog.importing._bad_line import BadLineError, quoted
from eventlog.importing._drafts import Extensions
from eventlog.importing._fields import ATTRIBUTES, free_name, is_present
from eventlog.importing._marks import OURS

_KINDS = {dict: "an object", list: "an array", float: "a fraction"}
_FRAMING = ("sequence", "commit", "crc32")
_SEQUENCE = re.compile(r"[0-9]{19}")
_CHECK = re.compile(r"[0-9a-f]{8}")


def is_cloudevent(fields: dict[str, Any]) -> bool:
    """Whether a line claims to be a CloudEvent."""
    return "specversion" in fields


def open_envelope(
    fields: dict[str, Any],
) -> tuple[dict[str, Any], dict[str, Any], Extensions | None]:
    """Attributes, data and extensions of a CloudEvent in JSON. ``fields`` is used up.

    An attribute that is null or empty counts as absent.
    """
    version = fields.pop("specversion")
    if version != "1.0":
        raise BadLineError(f"CloudEvents version {quoted(str(version))}: only 1.0 can be read")
    data = _data_of(fields)
    present = {name: value for name, value in fields.items() if is_present(value)}
    attributes = {name: present.pop(name) for name in ATTRIBUTES if name in present}
    return attributes, data, _extensions(present) if present else None


def _data_of(fields: dict[str, Any]) -> dict[str, Any]:
    data, binary = fields.pop("data", None), fields.pop("data_base64", None)
    if binary is not None:
        if data is not None:
            raise BadLineError("both data and data_base64")
        return {"data_base64": binary}
    if type(data) is dict:
        return data
    return {} if data is None else {"value": data}


def _extensions(fields: dict[str, Any]) -> Extensions:
    if not _FRAMING_NAMES.isdisjoint(fields):
        _unframe(fields)
    for name, value in fields.items():
        if kind := _KINDS.get(type(value)):
            raise BadLineError(
                f"the extension {quoted(name)} is {kind}, and must be a simple value"
            )
        try:
            check_extension(name, value)
        except InvalidEventError as error:
            raise BadLineError(error.message) from None
    return fields


_FRAMING_NAMES = OURS.union(_FRAMING)


def _unframe(fields: dict[str, Any]) -> None:
    """Rename what this log writes itself. The framing of another such log is dropped."""
    for name in OURS:
        fields.pop(name, None)
    if _is_framed(fields):
        fields.pop("crc32")
        fields.pop("commit", None)
    for name in _FRAMING:
        if name in fields:
            value = fields.pop(name)
            kept = f"origin{name}"
            fields[free_name(kept, fields) if kept in fields else kept] = value


def _is_framed(fields: dict[str, Any]) -> bool:
    sequence, check = str(fields.get("sequence")), str(fields.get("crc32"))
    return bool(_SEQUENCE.fullmatch(sequence) and _CHECK.fullmatch(check))
