"""The three standard streams, made fit for whatever started us."""

from __future__ import annotations

import os
import sys
from io import BufferedWriter, FileIO, RawIOBase, TextIOWrapper
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
    sys.stdout = _buffered(sys.stdout)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def let_go() -> None:
    """What the streams still hold leaves now, or never: the interpreter would fail on it, too."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)


def _buffered(stream: TextIO) -> TextIO:
    """A stream that writes all it is given. Without a buffer (``python -u``) the system may take a
    part of a large text, and nobody writes the rest."""
    if not isinstance(stream.buffer, RawIOBase):
        return stream
    raw = FileIO(stream.fileno(), "w", closefd=False)
    return TextIOWrapper(BufferedWriter(raw), stream.encoding, line_buffering=stream.isatty())


def _open_missing_descriptors() -> None:
    descriptor = os.open(os.devnull, os.O_RDWR)
    while descriptor <= 2:
        descriptor = os.open(os.devnull, os.O_RDWR)
    os.close(descriptor)


def _null_device(mode: str) -> TextIO:
    return cast("TextIO", open(os.devnull, mode, encoding="utf-8"))
