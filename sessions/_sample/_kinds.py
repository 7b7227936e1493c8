"""The five kinds of session, and how often each occurs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from sessions._sample import _agent, _farming, _practice, _recovery, _shell
from sessions._sample._draw import Draw, Step


class Kind(NamedTuple):
    """``steps`` takes the session's chance and its length in seconds."""

    name: str
    sources: Sequence[str]
    steps: Callable[[Draw, float], Iterator[Step]]
    length: float
    """Multiplies the length that sessions of all kinds have."""


AGENT = Kind("agent", _agent.SOURCES, _agent.agent, 1.0)
FARMING = Kind("farming", _farming.SOURCES, _farming.farming, 1.2)
PRACTICE = Kind("practice", _practice.SOURCES, _practice.practice, 0.6)
SHELL = Kind("shell", _shell.SOURCES, _shell.shell, 0.5)
RECOVERY = Kind("recovery", _recovery.SOURCES, _recovery.recovery, 1.5)

# fmt: off
_ROTA = (
    AGENT, FARMING, PRACTICE, SHELL, RECOVERY, AGENT, SHELL, FARMING, AGENT, PRACTICE,
    AGENT, SHELL, FARMING, AGENT, PRACTICE, RECOVERY, SHELL, AGENT, FARMING, AGENT,
)
# fmt: on


def kind_of(number: int) -> Kind:
    """The kind of the session of that number: a rota, so that a small sample has them all."""
    return _ROTA[number % len(_ROTA)]
