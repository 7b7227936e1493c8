"""The shell sessions of a log: which events began them, and which of them are open.

Folded from the log, so a restart forgets nothing, and what other processes wrote is seen.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from uuid import UUID

from attrs import define

from eventlog import Event
from sessions._guards import Guard
from sessions._shared_log import SharedLog

SYSTEM = "shell"
_TYPES = ("session.started", "session.ended")


@define
class Session:
    """One session. ``event_id`` and ``started`` are None when only its end is known."""

    subject: str
    source: str
    session_id: str
    event_id: str | None = None
    started: datetime | None = None
    ended: bool = False


class Registry:
    """What is known of the sessions. Taking in an event a second time changes nothing."""

    def __init__(self, shared: SharedLog) -> None:
        self._shared = shared
        self._through = 0
        self._by_event: dict[str, Session] = {}
        self._by_subject: dict[str, Session] = {}
        self._by_id: dict[str, list[Session]] = {}
        self._lock = Guard()

    @property
    def is_behind(self) -> bool:
        """Whether the log has events that were not looked at."""
        with self._shared.opened() as log:
            return log is not None and log.head() != self._through

    def catch_up(self) -> None:
        """Look at what is new in the log; as long as that is, so better not in an event loop."""
        with self._lock, self._shared.opened() as log:
            if log is None:
                return
            head = log.head()
            for event in log.read(after=self._through, until=head, types=_TYPES):
                self._take(event)
            self._through = head

    def _take(self, event: Event) -> None:
        session_id, subject = event.data.get("session_id"), event.subject
        if not isinstance(session_id, str) or subject is None:
            return  # not written by a tracker
        if not event.source.startswith(f"{SYSTEM}/"):
            return
        session = Session(subject, event.source, session_id)
        if event.type == "session.ended":
            self.end(session)
            return
        session.event_id, session.started = event.data.get("event_id"), event.time
        self.start(session)

    def start(self, session: Session, sequence: int | None = None) -> None:
        """A session began, with the event of that sequence in the log."""
        known = self._by_subject.setdefault(session.subject, session)
        if known is session:
            self._by_id.setdefault(session.session_id, []).append(session)
        event_id = _canonical(session.event_id)
        if event_id is not None:
            self._by_event.setdefault(event_id, known)
        self._seen(sequence)

    def end(self, session: Session, sequence: int | None = None) -> None:
        """A session ended; perhaps one whose start is not known."""
        self.start(session)
        self._by_subject[session.subject].ended = True
        self._seen(sequence)

    def _seen(self, sequence: int | None) -> None:
        if sequence == self._through + 1:
            self._through = sequence

    def begun_by(self, event_id: str) -> Session | None:
        """The session that the event with this id began, however the id is written."""
        return self._by_event.get(_canonical(event_id) or "")

    def find(self, session_id: str) -> Session | None:
        """The oldest open session of this id, else one that is over."""
        sessions = self._by_id.get(session_id)
        if not sessions:
            return None
        return next((one for one in sessions if not one.ended), sessions[-1])


@lru_cache(maxsize=64)  # one start asks several times
def canonical(event_id: str) -> str:
    """The hex digits of a UUID, however it is written; ValueError when it is none."""
    return UUID(event_id).hex


def _canonical(event_id: object) -> str | None:
    try:
        return canonical(event_id) if isinstance(event_id, str) else None
    except ValueError:
        return None  # a log may hold anything
