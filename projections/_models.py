"""The read models by name: what can be asked of any log without writing code."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any

from projections._protocol import Projection

Maker = Callable[[], Projection[Any, Any]]

_CLASSES = {
    "session-summaries": ("summaries", "SessionSummaries"),
    "session-analysis": ("analysis", "SessionAnalyses"),
    "session-trends": ("trends", "SessionTrends"),
    "areas": ("areas", "Areas"),
    "recovery-snapshots": ("recovery", "RecoverySnapshots"),
    "practice-metrics": ("practice", "PracticeMetrics"),
}


class _ReadModels(Mapping[str, Maker]):
    """Names are known at once, and each class is imported when it is asked for."""

    def __getitem__(self, name: str) -> Maker:
        module, cls = _CLASSES[name]
        make: Maker = getattr(import_module(f"projections.{module}"), cls)
        return make

    def __iter__(self) -> Iterator[str]:
        return iter(_CLASSES)

    def __len__(self) -> int:
        return len(_CLASSES)


READ_MODELS: Mapping[str, Maker] = _ReadModels()
"""What makes each read model, by the projection's name."""
