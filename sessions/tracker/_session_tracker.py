"""``SessionTracker``: answers events of shell sessions, and records them."""

from __future__ import annotations

import asyncio
import inspect
import logging
from pathlib import Path
from types import TracebackType
from typing import Any
from weakref import WeakValueDictionary

from eventlog import EventLogError
from sessions._shared_log import shared_log
from sessions._texts import plain_text
from sessions.tracker import _contents as contents
from sessions.tracker._models import (
    SessionEndEvent,
    SessionEndResult,
    SessionStartEvent,
    SessionStartResult,
)
from sessions.tracker._registry import Registry, Session, canonical
from sessions.tracker._timestamps import moment_of, written_digits


class SessionTracker:
    """Tracks shell sessions of any number of components.

    ``session_manager`` has ``initialize_session`` and ``end_session``, as
    :class:`SessionLifecycleManager` does; ``logger`` is that of ``sessions.tracker`` by default.
    ``log_dir`` names the log: this argument, else ``EVENTLOG_DIR``, else ``./activity.eventlog``.
    What the tracker knows it knows from that log, so a restart forgets nothing.

    No handler raises; what goes wrong is the ``error`` of its result. One event loop at a time.

    Example::

        import asyncio
        from sessions.tracker import SessionEndEvent, SessionLifecycleManager, SessionTracker

        end = SessionEndEvent(session_id="shell-20260206-123456", timestamp="2026-02-06T13:00:00Z")
        with SessionTracker(SessionLifecycleManager(), log_dir="work.eventlog") as tracker:
            print(asyncio.run(tracker.handle_session_end(end)).status)  # not_found
    """

    def __init__(
        self,
        session_manager: Any,
        logger: logging.Logger | None = None,
        *,
        log_dir: str | Path | None = None,
    ) -> None:
        self.session_manager = session_manager
        self.logger = logger or logging.getLogger("sessions.tracker")
        self._log = shared_log(log_dir)
        self._sessions = Registry(self._log)
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # Starts

    async def handle_session_start(self, event: SessionStartEvent) -> SessionStartResult:
        """``tracked`` with a session id, ``error`` when the manager refuses or anything fails.

        The id is ``{component_name}-{YYYYMMDD-HHMMSS}``, of the timestamp as it is written. An
        event that came before gets the answer that it got then, and nothing is done again.

        Example: ``result = await tracker.handle_session_start(event)``.
        """
        try:
            async with self._turn(canonical(event.event_id)):
                return await self._start(event)
        except Exception as error:
            self.logger.error(
                f"Session start failed: {contents.started_line(event, error=error)}", exc_info=True
            )
            self._record_failed_start(event, error)
            return SessionStartResult(None, "error", f"Session start failed: {error}")

    async def _start(self, event: SessionStartEvent) -> SessionStartResult:
        await self._catch_up()
        session_id = f"{event.component_name}-{written_digits(event.timestamp)}"
        known = self._sessions.begun_by(event.event_id)
        if known is not None:
            if known.session_id != session_id:
                self.logger.warning(
                    f"event_id {event.event_id} began {known.session_id} before, so {session_id} "
                    "is taken for a repetition, and not tracked: give each event an id of its own"
                )
            return SessionStartResult(known.session_id, "tracked")

        data = contents.of_start(event, session_id)  # refused before the manager does anything
        reply = await self.session_manager.initialize_session(
            working_directory=event.environment.cwd
        )
        if not reply.get("success"):
            problem = str(reply.get("error") or "Unknown initialization error")
            self.logger.error(
                f"Session start failed: {contents.started_line(event, error=problem)}"
            )
            self._record_failed_start(event, problem)
            return SessionStartResult(None, "error", problem)

        session = Session(
            contents.subject_of(session_id, event.event_id),
            contents.source_of_component(event.component_name),
            session_id,
            event.event_id,
            moment_of(event.timestamp),
        )
        sequence = self._record("session.started", data, session, event.timestamp)
        self._sessions.start(session, sequence)
        await self._notify_manager("register_session", session_id, event.environment.cwd)
        if self.logger.isEnabledFor(logging.INFO):
            line = contents.started_line(event, session_id=session_id)
            self.logger.info(f"Session started: {line}")
        return SessionStartResult(session_id, "tracked")

    # Ends

    async def handle_session_end(self, event: SessionEndEvent) -> SessionEndResult:
        """``ended``, ``not_found`` when neither log nor manager know the session, or ``error``.

        Of several open sessions with one id the oldest ends. A session that is over stays so, and
        the answer is ``ended`` again. A manager without ``has_session`` is taken to know all.

        Example: ``result = await tracker.handle_session_end(event)``.
        """
        try:
            async with self._turn(event.session_id):
                return await self._end(event)
        except Exception as error:
            session_id = str(getattr(event, "session_id", None))
            line = contents.line(session_id=session_id, error=error)
            self.logger.error(f"Session end failed: {line}", exc_info=True)
            self._record_problem("session.end_failed", session_id, error)
            return SessionEndResult(session_id, "error", f"Session end failed: {error}")

    async def _end(self, event: SessionEndEvent) -> SessionEndResult:
        await self._catch_up()
        session = self._sessions.find(event.session_id)
        if session is not None and session.ended:
            return SessionEndResult(event.session_id, "ended")
        if session is None:
            if await self._ask_manager("has_session", event.session_id) is False:
                self.logger.warning(
                    f"Session not found: {contents.line(session_id=event.session_id)}"
                )
                self._record_problem("session.end_unmatched", event.session_id)
                return SessionEndResult(event.session_id, "not_found")
            session = contents.session_without_start(event.session_id)

        data = contents.of_end(event, session)
        reply = await self.session_manager.end_session(working_directory=None)
        if not reply.get("success"):
            problem = str(reply.get("error") or "Unknown session end error")
            line = contents.line(session_id=event.session_id, error=problem)
            self.logger.error(f"Session end failed: {line}")
            self._record_problem("session.end_failed", event.session_id, problem)
            return SessionEndResult(event.session_id, "error", problem)

        sequence = self._record("session.ended", data, session, event.timestamp)
        self._sessions.end(session, sequence)
        await self._notify_manager("forget_session", event.session_id)
        line = contents.line(session_id=event.session_id, timestamp=event.timestamp)
        self.logger.info(f"Session ended: {line}")
        return SessionEndResult(event.session_id, "ended")

    # Ending

    def close(self) -> None:
        """Bring what was recorded to the disk. The tracker can go on."""
        self._log.settle()

    def __enter__(self) -> SessionTracker:
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # Inside

    def _turn(self, key: str) -> asyncio.Lock:
        """Handlers of one event or one session wait for each other: a retry may overtake."""
        return self._turns.setdefault(key, asyncio.Lock())

    async def _catch_up(self) -> None:
        try:
            if self._sessions.is_behind:
                await asyncio.to_thread(self._sessions.catch_up)
        except (OSError, EventLogError) as error:
            self.logger.error(f"Earlier sessions cannot be read, and are not recognized: {error}")

    async def _ask_manager(self, method: str, *arguments: Any) -> Any:
        """What the manager's method answers; None when it has none of that name."""
        known = getattr(self.session_manager, method, None)
        answer = None if known is None else known(*arguments)
        return await answer if inspect.isawaitable(answer) else answer

    async def _notify_manager(self, method: str, *arguments: Any) -> None:
        """Say what is recorded already, and stays so whatever the manager makes of it."""
        try:
            await self._ask_manager(method, *arguments)
        except Exception as error:
            self.logger.error(f"{method} of the session manager failed: {error}", exc_info=True)

    def _record(
        self, type_: str, data: dict[str, Any], session: Session, timestamp: str
    ) -> int | None:
        return self._log.record(
            type_, data, subject=session.subject, source=session.source, time=moment_of(timestamp)
        )

    def _record_failed_start(self, event: object, error: object) -> None:
        if not isinstance(event, SessionStartEvent):
            return
        try:
            session_id = f"{event.component_name}-{written_digits(event.timestamp)}"
            self._log.record(
                "session.start_failed",
                {
                    "event_id": event.event_id,
                    "component": event.component_name,
                    **contents.of_error(error),
                },
                subject=contents.subject_of(session_id, event.event_id),
                source=contents.source_of_component(event.component_name),
            )
        except Exception as refused:  # the event's fields may have been changed to anything
            self.logger.error(f"session.start_failed was not recorded: {refused}")

    def _record_problem(self, type_: str, session_id: str, error: object = None) -> None:
        session = self._sessions.find(session_id) or contents.session_without_start(session_id)
        try:
            self._log.record(
                type_,
                {"session_id": plain_text(session_id), **contents.of_error(error)},
                subject=contents.NO_SESSION if session.started is None else session.subject,
                source=session.source,
            )
        except EventLogError as refused:
            self.logger.error(f"{type_} was not recorded: {refused}")
