"""Measures everything, each theme in interleaved rounds, and writes ``benchmarks/RESULTS.md``.

A quick run prints the same page from less, and leaves the file alone.
"""

from __future__ import annotations

import argparse
import shutil
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks._themes import NAMES

if TYPE_CHECKING:
    from benchmarks._frame import Measured, Theme
    from benchmarks._scale import Scale

_HERE = Path(__file__).parent


def main(arguments: Sequence[str] | None = None, here: Path = _HERE) -> None:
    """Measure, print the page, and keep it in the directory ``here``."""
    from benchmarks._page import make_page
    from benchmarks._scale import LONG, QUICK
    from benchmarks.recording_calls import recording_page

    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events and rounds")
    parser.add_argument("--only", choices=NAMES, action="append", help="nothing but this theme")
    options = parser.parse_args(arguments)
    scale, scratch = QUICK if options.quick else LONG, here / "scratch"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    started = time.monotonic()
    try:
        measured = [_measure(name, scratch, scale) for name in options.only or NAMES]
    finally:
        shutil.rmtree(scratch)
    calls = "" if options.only else recording_page(quick=options.quick)
    page = make_page(measured, scale, time.monotonic() - started) + calls
    print(page)
    if scale is LONG and not options.only:
        (here / "RESULTS.md").write_text(page, encoding="utf-8")


def _measure(name: str, scratch: Path, scale: Scale) -> Measured:
    """One theme. What it wrote is dropped before the next one needs the room."""
    from benchmarks._frame import measure

    directory = scratch / name
    try:
        return measure(_load(name), directory, scale)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _load(name: str) -> Theme:
    """Only now, since processes that help to answer need none of them."""
    theme: Theme = import_module(f"benchmarks.{name}").THEME
    return theme


if __name__ == "__main__":
    main()
