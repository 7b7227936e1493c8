"""The read models by name: what can be asked of any log without writing code."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from projections._protocol import Projection
from projections.analysis import SessionAnalyses
from projections.areas import Areas
from projections.practice import PracticeMetrics
from projections.recovery import RecoverySnapshots
from projections.summaries import SessionSummaries
from projections.trends import SessionTrends

READ_MODELS: Mapping[str, Callable[[], Projection[Any, Any]]] = MappingProxyType(
    {
        SessionSummaries.name: SessionSummaries,
        SessionAnalyses.name: SessionAnalyses,
        SessionTrends.name: SessionTrends,
        Areas.name: Areas,
        RecoverySnapshots.name: RecoverySnapshots,
        PracticeMetrics.name: PracticeMetrics,
    }
)
"""What makes each read model, by the projection's name."""
