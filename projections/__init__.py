"""Folds over a log: the engine, and the read models.

A projection is a fold with an associative merge; see :class:`Projection` for its one law.
"""

from projections._engine import AsOf, fold, project
from projections._exact import ExactSum
from projections._protocol import Projection
from projections.summaries import SessionSummaries, SessionSummary

__all__ = [
    "AsOf",
    "ExactSum",
    "Projection",
    "SessionSummaries",
    "SessionSummary",
    "fold",
    "project",
]
