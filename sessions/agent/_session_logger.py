"""``SessionLogger``: what an agent does, recorded as it happens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

import sessions.agent as public  # for its logger, as it is when a call is made
from sessions.agent._decorate import Function, message_of, within
from sessions.agent._json_values import (
    copied,
    copied_metadata,
    path_text,
    standard,
    text_of,
)
from sessions.agent._models import (
    FileEvent,
    SessionAnalysis,
    SessionEvent,
    SessionSummary,
    TaskEvent,
    ToolEvent,
)
from sessions.agent._recorder import Recorder
from sessions.agent._summary import summary_of

_NUMBER = (int, float)


class SessionLogger:
    """One session of one agent.

    Every call is in the log when it returns; ``events`` holds the same in memory, as the value
    classes of this module, for :meth:`save_session`. Threads may share a logger.

    Values are not checked. What has no form in JSON (NaN, objects, lone surrogates, more than 1 MiB
    in one event) raises :class:`eventlog.InvalidEventError`, and that call records nothing.

    ``log_dir`` names the log: this argument, else ``EVENTLOG_DIR``, else ``./activity.eventlog``.
    A session begins in the log with its first event, so a logger that only analyzes leaves none.

    Example::

        from sessions.agent import SessionLogger

        with SessionLogger("AGENT-007", log_dir="work.eventlog") as logger:
            logger.log_task_start("write docs", {"priority": "P1"})
            logger.log_file_write("docs/api.md", size_bytes=8192, lines=200)
            logger.log_task_complete("write docs", duration_ms=1_800_000)
            logger.save_session("saved")
    """

    def __init__(
        self, agent_id: str, session_id: str | None = None, *, log_dir: str | Path | None = None
    ) -> None:
        self.agent_id = agent_id
        self.session_id = session_id or str(uuid4())
        self.start_time = time.time()
        self.events: list[SessionEvent] = []
        self._open: dict[str, list[TaskEvent]] = {}
        self._recorder = Recorder(agent_id, self.session_id, log_dir)

    @property
    def subject(self) -> str:
        """This session's name in the log, for ``eventlog summary LOG --subject`` and the like.

        Unlike ``session_id``, no other session has it.
        """
        return self._recorder.subject

    # Recording

    def log_task_start(self, task_name: str, metadata: Mapping[str, Any] | None = None) -> None:
        """A task begins. Example: ``logger.log_task_start("review", {"pull_request": 123})``."""
        self._start(task_name, metadata)

    def log_task_complete(
        self, task_name: str, duration_ms: int, metadata: Mapping[str, Any] | None = None
    ) -> None:
        """The newest open task of this name ends; ``metadata`` is merged over that of its start.

        Its ``end_time`` is now. ``duration_ms`` is kept in the log, where analysis uses it.
        Without such a task there is a warning, and the session's events stay as they are.

        Example: ``logger.log_task_complete("review", 900_000, {"result": "success"})``.
        """
        with self._recorder.lock:
            task = self._newest_open(task_name)
            if task is not None:
                self._complete(task, duration_ms, metadata)
                return
            data = {"task": text_of(task_name), **standard(_NUMBER, duration_ms=duration_ms)}
            data["metadata"] = copied_metadata(metadata)
            self._recorder.record("task.completion_unmatched", data)
        public.logger.warning(
            f"Task complete event logged without corresponding start event: {task_name}"
        )

    def log_file_read(self, path: str | os.PathLike[str], size_bytes: int | None = None) -> None:
        """A file was read. Example: ``logger.log_file_read("src/cli.py", size_bytes=24_576)``."""
        self._add_file("file.read", FileEvent(path_text(path), "read", size_bytes))

    def log_file_write(
        self, path: str | os.PathLike[str], size_bytes: int, lines: int | None = None
    ) -> None:
        """A file was written. Example: ``logger.log_file_write("API.md", 8192, lines=200)``."""
        self._add_file("file.written", FileEvent(path_text(path), "write", size_bytes, lines))

    def log_tool_call(
        self, tool_name: str, params: Mapping[str, Any] | None, duration_ms: int
    ) -> None:
        """A tool was called. Example: ``logger.log_tool_call("pytest", {"path": "tests"}, 2500)``.

        ``params`` is any JSON value.
        """
        event = ToolEvent(tool_name, copied(params), duration_ms)
        data = {
            "tool": text_of(tool_name),
            **standard(dict, params=event.params),
            **standard(_NUMBER, duration_ms=duration_ms),
        }
        with self._recorder.lock:
            self._recorder.record("tool.called", data)
            self.events.append(event)

    @contextmanager
    def task(self, name: str, metadata: Mapping[str, Any] | None = None) -> Iterator[TaskEvent]:
        """A task for as long as the block runs; it completes even when the block raises.

        Its metadata tells how: ``result`` is ``"success"`` or ``"failed"``, the latter with
        ``error`` and ``error_type``. What the block adds to ``metadata`` is recorded, too; when the
        log can't hold it, the task completes without, and the logger of this module says so. The
        block's own exception always goes on.

        Example: ``with logger.task("review") as task: task.metadata["comments"] = 3``.
        """
        task = self._start(name, metadata)
        at_start = copied_metadata(metadata)
        began = time.perf_counter()
        outcome = {"result": "success"}
        try:
            yield task
        except BaseException as error:
            outcome = {
                "result": "failed",
                "error": message_of(error),
                "error_type": type(error).__name__,
            }
            raise
        finally:
            duration_ms = int((time.perf_counter() - began) * 1000)
            with self._recorder.lock:
                if task.end_time is None:
                    self._complete_block(task, duration_ms, at_start, outcome)

    def log_task(
        self, name: str | None = None, metadata: Mapping[str, Any] | None = None
    ) -> Callable[[Function], Function]:
        """Decorator: every call of the function, async or not, is a :meth:`task`.

        ``name`` is the function's own by default. Example: ``@logger.log_task("run the tests")``
        above ``async def run_tests(): ...``.
        """
        return lambda function: within(
            lambda: self.task(function.__name__ if name is None else name, metadata), function
        )

    # Asking

    def get_session_summary(self) -> SessionSummary:
        """Where the session stands now. ``velocity`` is 0.0 within the first millisecond."""
        return summary_of(list(self.events), int((time.time() - self.start_time) * 1000))

    def analyze_session(
        self, session_path: str | os.PathLike[str], *, session_id: str | None = None
    ) -> SessionAnalysis:
        """Where the time went: of a saved file, or of a session in a log (a directory).

        In a log, ``session_id`` chooses by the session's id or its :attr:`subject`; without it,
        this logger's own session is meant, or the only one there. A file tells the time between
        start and end of each task, a log what the completions reported.

        Errors: FileNotFoundError; json.JSONDecodeError, KeyError or ValueError for a file that is
        no saved session; NotALogError for a directory that is no log; ValueError for a session that
        is not in the log, or not the only one.

        Example: ``logger.analyze_session("saved/AGENT-007_sprint1.jsonl").bottlenecks``.
        """
        from sessions.agent._analysis import analyze  # recording needs none of it

        return analyze(Path(session_path), session_id, self.subject)

    # Keeping

    def save_session(self, output_dir: str | os.PathLike[str]) -> None:
        """Write all events so far to ``{agent_id}_{session_id}.jsonl`` in that directory.

        The directory is made when missing. Saving again replaces the file, as a whole. Characters
        of the ids that no file name takes become ``_``, and a hash is added.

        Errors: OSError; the older file is left as it was then.
        Example: ``logger.save_session("saved")``.
        """
        from sessions.agent._saved_file import encode_event, replace_file, saved_name

        path = Path(output_dir) / saved_name(str(self.agent_id), str(self.session_id))
        path.parent.mkdir(parents=True, exist_ok=True)
        events = list(self.events)
        replace_file(path, map(encode_event, events))
        data = {"path": path_text(path.absolute()), "count": len(events)}
        self._recorder.record("session.exported", data)
        public.logger.info(f"Session saved to {path}")

    def end_session(self, reason: str | None = None) -> None:
        """The session is over; once. Example: ``logger.end_session("budget used")``."""
        self._recorder.end(reason)

    def close(self) -> None:
        """End the session, and bring what was recorded to the disk."""
        self.end_session()
        self._recorder.close()

    def __enter__(self) -> SessionLogger:
        self._recorder.begin()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end_session(None if error_type is None else error_type.__name__)
        self.close()

    # Inside

    def _start(self, name: str, metadata: Mapping[str, Any] | None) -> TaskEvent:
        task = TaskEvent(name, time.time(), None, copied_metadata(metadata))
        key = text_of(name)
        data = {"task": key, "metadata": task.metadata, "start_time": task.start_time}
        with self._recorder.lock:
            same_name = self._open.setdefault(key, [])
            self._recorder.record("task.started", data)
            same_name.append(task)
            self.events.append(task)
        return task

    def _newest_open(self, name: str) -> TaskEvent | None:
        for task in reversed(self._open.get(text_of(name), ())):
            if task.end_time is None and task.name == name:
                return task
        return None

    def _complete(
        self, task: TaskEvent, duration_ms: int, metadata: Mapping[str, Any] | None
    ) -> None:
        """With the lock held."""
        added, end_time, name = copied_metadata(metadata), time.time(), text_of(task.name)
        self._recorder.record(
            "task.completed",
            {
                "task": name,
                **standard(_NUMBER, duration_ms=duration_ms),
                "metadata": added,
                "start_time": task.start_time,
                "end_time": end_time,
            },
        )
        task.end_time = end_time
        task.metadata.update(added)
        same_name = self._open.get(name, [])
        while same_name and same_name[-1].end_time is not None:
            same_name.pop()
        if not same_name:
            self._open.pop(name, None)

    def _complete_block(
        self,
        task: TaskEvent,
        duration_ms: int,
        at_start: dict[str, Any],
        outcome: dict[str, str],
    ) -> None:
        """With the lock held. What the block did to the metadata keeps no task open."""
        try:
            self._complete(task, duration_ms, {**task.metadata, **outcome})
        except Exception as error:  # the block may have made anything of it
            public.logger.error(f"Task {task.name}: completes without its metadata: {error}")
            task.metadata = at_start
            self._complete(task, duration_ms, outcome)

    def _add_file(self, type_: str, event: FileEvent) -> None:
        data = {
            "path": text_of(event.path),
            **standard(int, size_bytes=event.size_bytes, lines=event.lines),
        }
        with self._recorder.lock:
            self._recorder.record(type_, data)
            self.events.append(event)
