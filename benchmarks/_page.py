"""The page: what was measured on, the goals with their verdicts, and every figure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from statistics import median

from benchmarks._frame import Measured, Piece
from benchmarks._goals import GOALS, Goal
from benchmarks._machine import describe_machine, describe_peers
from benchmarks._scale import LONG, Scale
from benchmarks._verdicts import NOT_MET, UNSURE, Verdict, judge, ratios_by_round

_COLUMNS = "| work | median | lowest - highest | unit | ratio | also |"


def make_page(measured: list[Measured], scale: Scale, seconds: float) -> str:
    """The whole page, as Markdown."""
    values = {key: found for one in measured for key, found in one.values.items()}
    goals = [goal for goal in GOALS if goal.ours in values or scale is LONG]
    lines = [
        "# Results",
        "",
        f"{describe_machine()}.",
        "",
        f"Compared with: {describe_peers()}.",
        "",
        f"{_made_by(scale, seconds)} What each row means is in docs/benchmarks.md.",
        "",
        *_goals_table(judge(goal, values) for goal in goals),
    ]
    return "\n".join([*lines, *(line for one in measured for line in theme_table(one)), ""])


def _made_by(scale: Scale, seconds: float) -> str:
    if scale is LONG:
        return f"Made by `make bench` in {seconds / 60:.0f} minutes, {scale.rounds} rounds."
    return (
        f"The **{scale.name} run** (`make bench QUICK=1`, {seconds:.0f} s, {scale.rounds} rounds): "
        "too few events and rounds to decide much. The verdicts that count are those of "
        "`make bench`."
    )


def _goals_table(verdicts: Iterable[Verdict]) -> list[str]:
    """One row per goal."""
    lines = [
        "## Goals",
        "",
        "| work | goal | ours | the other's | ratio (its spread) | verdict |",
        "|---|---|---:|---:|---:|---|",
    ]
    return [*lines, *map(_goal_row, verdicts), ""]


def _goal_row(one: Verdict) -> str:
    goal = one.goal
    unit = goal.ours[1]
    peer = "" if goal.peer is None else f"{_number(one.peer)} {unit}"
    ratio = ""
    if one.ratio is not None and one.low is not None and one.high is not None:
        low, high = (one.high, one.low) if goal.shown == "faster" else (one.low, one.high)
        spread = f"{_shown(goal, low)} - {_shown(goal, high)}"
        ratio = spread if goal.shown == "value" else f"{_shown(goal, one.ratio)} ({spread})"
    return (
        f"| {goal.work} | {_wanted(goal)} | {_number(one.ours)} {unit} | {peer} | {ratio} "
        f"| {_word(one)} |"
    )


def _word(one: Verdict) -> str:
    """With the reason, where there has to be one."""
    if one.word not in (NOT_MET, UNSURE):
        return one.word
    return f"[{one.word}](../docs/performance.md#{anchor(one.goal.work)})"


def anchor(heading: str) -> str:
    """What a link to a heading ends in."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _wanted(goal: Goal) -> str:
    if goal.peer is None:
        return f"{goal.ours[0]}: at most {goal.at_most:g} {goal.ours[1]}"
    if goal.shown == "faster":
        times = 1 / goal.at_most
        much = "at least as fast as" if times == 1 else f"at least {times:g} times as fast as"
        return f"{goal.ours[0]}: {much} {goal.peer[0]}"
    limit = f"{goal.at_most:.0%} of" if goal.shown == "share" else f"{goal.at_most:g} x"
    return f"{goal.ours[0]}: at most {limit} {goal.peer[0]}"


def _shown(goal: Goal, ratio: float) -> str:
    if goal.shown == "faster":
        return f"{1 / ratio:,.2f}" if ratio else "infinite"
    return f"{ratio:.1%}" if goal.shown == "share" else _number(ratio)


def theme_table(measured: Measured) -> list[str]:
    """One row per piece."""
    lines = [f"## {measured.title}", ""]
    for note in measured.notes:
        lines += [note, ""]
    lines += [_COLUMNS, "|---|---:|---:|---|---:|---|"]
    for piece in measured.pieces:
        reason = measured.missing.get(piece.name)
        lines.append(f"| {piece.name} | {reason} | | | | |" if reason else _row(piece, measured))
    return [*lines, ""]


def _row(piece: Piece, measured: Measured) -> str:
    """The first figure in full, the median of the others."""
    found = {
        unit: list(by_round.values())
        for (name, unit), by_round in measured.values.items()
        if name == piece.name
    }
    unit, *others = found
    first = found[unit]
    also = ", ".join(f"{other} {_number(median(found[other]))}" for other in others)
    return (
        f"| {piece.name} | {_number(median(first))} | {_number(min(first))} - "
        f"{_number(max(first))} | {unit} | {_ratio(piece, unit, measured)} | {also} |"
    )


def _ratio(piece: Piece, unit: str, measured: Measured) -> str:
    other = measured.values.get((piece.against or "", unit))
    if not other:
        return ""
    ratios = ratios_by_round(measured.values[piece.name, unit], other)
    return f"{_number(median(ratios))} times {piece.against}"


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    digits = 0 if value >= 1000 or value == int(value) else 1 if value >= 100 else 2
    return f"{value:,.{digits}f}" if value >= 1 or not value else f"{value:.3g}"
