"""Names of segment files: formatting and parsing, side by side."""

from __future__ import annotations

import re

from eventlog._format import SEQUENCE_DIGITS

RAW_SUFFIX = ".jsonl"
SEALED_SUFFIX = ".jsonl.zst"
TEMPORARY_SUFFIX = ".tmp"

_NAME = re.compile(rf"(\d{{{SEQUENCE_DIGITS}}})(\.jsonl|\.jsonl\.zst)", re.ASCII)


def raw_name(first_sequence: int) -> str:
    """Name of the raw segment that begins at ``first_sequence``."""
    return f"{first_sequence:0{SEQUENCE_DIGITS}d}{RAW_SUFFIX}"


def sealed_name(first_sequence: int) -> str:
    """Name of the sealed segment that begins at ``first_sequence``."""
    return f"{first_sequence:0{SEQUENCE_DIGITS}d}{SEALED_SUFFIX}"


def parse_name(name: str) -> tuple[int, bool] | None:
    """``(first sequence, is sealed)`` of a segment's file name; None for any other file."""
    match = _NAME.fullmatch(name)
    if match is None or int(match[1]) == 0:
        return None
    return int(match[1]), match[2] == SEALED_SUFFIX
