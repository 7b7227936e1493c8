"""What CloudEvents 1.0 demands of an event in JSON, as a JSON schema."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

_TEXT = {"type": "string", "minLength": 1}

SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["specversion", "id", "source", "type"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": _TEXT,
        "source": {**_TEXT, "format": "uri-reference"},
        "type": _TEXT,
        "subject": _TEXT,
        "time": {**_TEXT, "format": "date-time"},
        "datacontenttype": _TEXT,
        "dataschema": {**_TEXT, "format": "uri"},
        "data": True,
        "data_base64": {"type": "string", "contentEncoding": "base64"},
    },
    # An extension is a boolean, a 32-bit integer or text, under a lower-case name.
    "additionalProperties": {
        "type": ["boolean", "integer", "string"],
        "minimum": -(2**31),
        "maximum": 2**31 - 1,
    },
    "propertyNames": {"pattern": "^([a-z0-9]+|data_base64)$"},
    "not": {"required": ["data", "data_base64"]},
}

_formats = FormatChecker(formats=["uri", "uri-reference", "date-time"])
_validator = Draft202012Validator(SCHEMA, format_checker=_formats)


def faults(event: dict[str, Any]) -> list[str]:
    """Why this is no CloudEvent."""
    return [error.message for error in _validator.iter_errors(event)]
