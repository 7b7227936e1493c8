"""Runs every measurement in interleaved rounds and writes ``benchmarks/RESULTS.md``.

A round runs each piece of work once, in turn, so that a noisy moment hits all of them. What counts
is the median over the rounds, and the ratio of medians.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from statistics import median

from benchmarks._machine import describe_machine
from benchmarks._work import Measurement, measurements
from benchmarks.questions import questions_page
from benchmarks.recording_calls import recording_page

_HERE = Path(__file__).parent
_SCRATCH = _HERE / "scratch"
_RESULTS = _HERE / "RESULTS.md"


def main() -> None:
    """Measure, print the table, and keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer events and rounds")
    quick = parser.parse_args().quick
    rounds, events = (3, 50_000) if quick else (7, 300_000)
    shutil.rmtree(_SCRATCH, ignore_errors=True)
    _SCRATCH.mkdir()
    try:
        work = measurements(_SCRATCH, events)
        results: dict[str, list[float]] = {one.name: [] for one in work}
        for number in range(rounds):
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
            for one in work:
                results[one.name].append(one.run())
        questions = questions_page(_SCRATCH, quick=quick)
    finally:
        shutil.rmtree(_SCRATCH)
    page = f"{_page(work, results, events)}\n{questions}\n{recording_page(quick=quick)}"
    print(page)
    if not quick:
        _RESULTS.write_text(page, encoding="utf-8")


def _page(work: list[Measurement], results: dict[str, list[float]], events: int) -> str:
    medians = {name: median(values) for name, values in results.items()}
    lines = [
        "# Results",
        "",
        f"{describe_machine()}.",
        f"{events:,} events a round, {len(next(iter(results.values())))} rounds, interleaved;",
        "medians, with the lowest and highest round. Made by `make bench`.",
        "",
        "| work | median | lowest - highest | unit | compared with | ratio |",
        "|---|---:|---:|---|---|---:|",
    ]
    for one in work:
        low, high = min(results[one.name]), max(results[one.name])
        ratio = f"{medians[one.name] / medians[one.against]:.2f}" if one.against else ""
        lines.append(
            f"| {one.name} | {medians[one.name]:,.2f} | {low:,.2f} - {high:,.2f} | {one.unit} "
            f"| {one.against or ''} | {ratio} |"
        )
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    main()
