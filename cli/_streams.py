"""The three standard streams, made fit for whatever started us."""

from __future__ import annotations

import os
import sys
from io import TextIOWrapper
from typing import TextIO, cast


def prepare_streams() -> None:
    """Call this first: afterwards all three streams are there, and take any text.

    Whoever starts us with a stream closed would get the log's first file in its place, and with it
    our messages. The null device stands in. Characters that the terminal's encoding lacks are
    written as escapes.
    """
    _open_missing_descriptors()
    sys.stdin = sys.stdin or _null_device("r")
    sys.stdout = sys.stdout or _null_device("w")
    sys.stderr = sys.stderr or _null_device("w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _open_missing_descriptors() -> None:
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)


def _null_device(mode: str) -> TextIO:
    return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))
