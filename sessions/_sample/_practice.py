"""A practice session: a measurement every few seconds, the final values at the end."""

from __future__ import annotations

from collections.abc import Iterator

from eventlog import MetricRecorded, SessionEnded, SessionStarted
from sessions._sample._draw import Draw, Step, between, pick, pick_ranked, skewed, thousandths

SOURCES = (
    "practice/guitar-2",
    "practice/guitar-1",
    "practice/violin-1",
    "practice/bass-1",
    "practice/voice-3",
    "practice/cello-1",
)

_SCALES = (
    ("A minor pentatonic", (57, 60, 62, 64, 67)),
    ("C major", (60, 62, 64, 65, 67, 69, 71)),
    ("E minor", (52, 54, 55, 57, 59, 60, 62)),
    ("F♯ minor", (54, 56, 57, 59, 61, 62, 64)),
    ("D dorian", (50, 52, 53, 55, 57, 59, 60)),
)
_HERTZ = tuple(round(440 * 2 ** ((midi - 69) / 12), 1) for midi in range(128))
_LEVELS = (0.4, 0.5, 0.6, 0.7)
_SECONDS_BETWEEN = 28
_IN_SCALE = 0.88


def practice(draw: Draw, seconds: float) -> Iterator[Step]:
    """Notes until the time is up."""
    player = _Player(draw)
    yield 0.0, player.started()
    while seconds > 0:
        wait = 2 + skewed(draw, _SECONDS_BETWEEN)
        seconds -= wait
        yield wait, player.measured()
    yield skewed(draw, 8), player.ended()


class _Player:
    """What one session has played so far. Accuracy and timing wander, and slowly get better."""

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._scale, self._notes = pick_ranked(draw, _SCALES)
        self._pitch = between(draw, 0.5, 0.8)
        self._timing = between(draw, 0.4, 0.8)
        self._found: set[int] = set()  # the notes of the scale that were played
        self._inside = self._outside = 0

    def started(self) -> SessionStarted:
        return SessionStarted(
            {
                "component": "practice",
                "scale_name": self._scale,
                "strictness": pick(self._draw, _LEVELS),
                "sensitivity": pick(self._draw, _LEVELS),
                "ambient_lighting": self._draw() < 0.8,
            }
        )

    def measured(self) -> MetricRecorded:
        self._pitch = _wander(self._draw, self._pitch)
        self._timing = _wander(self._draw, self._timing)
        midi = self._play()
        detail = {"midi": midi, "hz": _HERTZ[midi]}
        return MetricRecorded({**self._scores(), "detail": detail})

    def ended(self) -> SessionEnded:
        finals: dict[str, object] = {
            f"final_{name}": value for name, value in self._scores().items()
        }
        finals["notes_detected"] = self._inside + self._outside
        finals["unique_notes_used"] = len(self._found)
        finals["notes_in_scale"] = self._inside
        finals["notes_out_of_scale"] = self._outside
        return SessionEnded("finished", finals)

    def _play(self) -> int:
        midi = pick(self._draw, self._notes)
        if self._draw() < _IN_SCALE:
            self._inside += 1
            self._found.add(midi)
            return midi
        self._outside += 1
        return midi + 1 if midi + 1 not in self._notes else midi - 1

    def _scores(self) -> dict[str, float]:
        return {
            "pitch_accuracy": thousandths(self._pitch),
            "scale_conformity": thousandths(len(self._found) / len(self._notes)),
            "timing_stability": thousandths(self._timing),
        }


def _wander(draw: Draw, score: float) -> float:
    return min(0.999, max(0.05, score + 0.06 * (draw() - 0.49)))
