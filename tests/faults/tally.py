"""How much of what was tried, for the summary at the end of a run."""

from __future__ import annotations

from collections import Counter

TALLY: Counter[str] = Counter()
