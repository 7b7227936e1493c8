"""What the measurements of one session come to, for an end that states no final values."""

from __future__ import annotations

from typing import Any

from attrs import Factory, define

from sessions.practice._values import SCORES


@define
class Tally:
    """Sums and counts so far."""

    sums: dict[str, float] = Factory(lambda: dict.fromkeys(SCORES, 0.0))
    counts: dict[str, int] = Factory(lambda: dict.fromkeys(SCORES, 0))
    inside: int = 0
    outside: int = 0
    classes: set[Any] = Factory(set)

    def add(self, data: dict[str, Any]) -> None:
        """Take in the data of one metric.recorded."""
        for name in SCORES:
            value = data.get(name)
            if isinstance(value, int | float):
                self.sums[name] += value
                self.counts[name] += 1
        detail = data.get("detail")
        if isinstance(detail, dict) and detail.get("note_detected"):
            self._note(detail)

    def _note(self, detail: dict[str, Any]) -> None:
        """One detected note. Where nothing says that it is in the scale, it is not."""
        if not detail.get("in_scale"):
            self.outside += 1
            return
        self.inside += 1
        pitch_class = detail.get("pitch_class")
        if isinstance(pitch_class, int | float):
            self.classes.add(pitch_class)

    def finals(self, enabled: dict[str, bool]) -> dict[str, Any]:
        """The parameters of end_session that these measurements stand for.

        A score is the mean of what was measured, without the frames that measured nothing.
        """
        scores = {
            f"final_{name}": self.sums[name] / self.counts[name]
            for name in SCORES
            if self.counts[name] and enabled[name]
        }
        return {
            **scores,
            "notes_detected": self.inside + self.outside,
            "unique_notes_used": len(self.classes),
            "notes_in_scale": self.inside,
            "notes_out_of_scale": self.outside,
        }
