"""Constants of the on-disk format, shared by every reader and writer. See docs/log-format.md."""

from __future__ import annotations

FORMAT_VERSION = 1

IDENTITY_NAME = "log.json"
MANIFEST_NAME = "manifest.jsonl"
SEGMENTS_NAME = "segments"
QUARANTINE_NAME = "quarantine"
CACHE_NAME = "cache"
LOCK_NAME = "writer.lock"
REJECTS_NAME = "rejects.jsonl"

SEQUENCE_DIGITS = 19
MAX_TEXT = 512
MAX_NESTING = 100
MAX_LINE_BYTES = 1 << 20
HARD_MAX_LINE_BYTES = 16 << 20
MAX_BATCH_BYTES = 64 << 20
FRAME_BYTES = 1 << 20

MIN_INTEGER = -(2**63)
MAX_INTEGER = 2**64 - 1
"""Bounds of an integer in ``data``: what a signed or an unsigned 64-bit integer can hold."""
