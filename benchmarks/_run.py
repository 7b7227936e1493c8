"""Running themes from the shell."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from benchmarks._frame import Theme, measure
from benchmarks._machine import describe_machine
from benchmarks._page import theme_table
from benchmarks._scale import LONG, QUICK


def run_alone(theme: Theme) -> None:
    """Measure one theme, and print its table."""
    parser = argparse.ArgumentParser(description=f"Measures one theme: {theme.title}.")
    parser.add_argument("--quick", action="store_true", help="fewer events and rounds")
    scale = QUICK if parser.parse_args().quick else LONG
    with tempfile.TemporaryDirectory() as directory:
        measured = measure(theme, Path(directory) / "measured", scale)
    print("\n".join([f"{describe_machine()}.", "", *theme_table(measured)]))
