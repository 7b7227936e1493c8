"""Shell sessions: what events may hold, what the tracker answers and records. T24, T25 are the
known traps."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import random
import re
import runpy
import textwrap
from collections.abc import Coroutine, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import AsyncMock, MagicMock
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventlog import EventLog, verify
from projections import SessionSummaries, project
from sessions._shared_log import close_shared_logs
from sessions.tracker import (
    EnvironmentInfo,
    SessionEndEvent,
    SessionEndResult,
    SessionLifecycleManager,
    SessionStartEvent,
    SessionStartResult,
    SessionTracker,
    UserInfo,
    ValidationError,
)
from sessions.tracker._timestamps import moment_of, written_digits
from tests.cli.helpers import eventlog
from tests.support.processes import ROOT, child, line_of

ID = "550e8400-e29b-41d4-a716-446655440000"
NOON = "2026-02-06T12:34:56.789Z"
SESSION_ID = "db-console-20260206-123456"
END = {"session_id": SESSION_ID, "timestamp": "2026-02-06T13:45:07.890Z"}

Answer = TypeVar("Answer")


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EVENTLOG_DIR", "log")
    yield
    close_shared_logs()


def fields(**changes: Any) -> dict[str, Any]:
    """The fields of a start event, with those changes."""
    return {
        "event_version": "1.0",
        "event_id": ID,
        "component_name": "db-console",
        "shell_type": "DbConsole",
        "timestamp": NOON,
        "pid": 12345,
        "user": {"username": "ops", "home": "/home/ops"},
        "hostname": "host-03",
        "environment": {"python_version": "3.13.0", "platform": "Linux", "cwd": os.getcwd()},  # noqa: PTH109
        **changes,
    }


def start_event(**changes: Any) -> SessionStartEvent:
    return SessionStartEvent(**fields(**changes))


def end_event(**changes: Any) -> SessionEndEvent:
    return SessionEndEvent(**{**END, **changes})


def run(answer: Coroutine[Any, Any, Answer]) -> Answer:
    return asyncio.run(answer)


def stand_in(**replies: Any) -> MagicMock:
    """A manager as the tests of the original have it."""
    manager = MagicMock(spec=SessionLifecycleManager)
    manager.initialize_session = AsyncMock(return_value={"success": True, "project": "test"})
    manager.end_session = AsyncMock(return_value={"success": True})
    for name, reply in replies.items():
        method = getattr(manager, name)
        method.side_effect = reply if isinstance(reply, Exception) else None
        method.return_value = reply
    return manager


def tracker_of(manager: Any = None) -> SessionTracker:
    return SessionTracker(SessionLifecycleManager() if manager is None else manager)


def recorded() -> list[tuple[str, dict[str, Any]]]:
    with EventLog.open("log", readonly=True) as log:
        return [(event.type, event.data) for event in log.read()]


def types() -> list[str]:
    return [type_ for type_, _ in recorded()]


# What the fields may hold


def refused(message: str, **changes: Any) -> None:
    with pytest.raises(ValidationError, match=message):
        start_event(**changes)


def test_an_error_of_a_model_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="Unsupported event version"):
        start_event(event_version="2.0")


@pytest.mark.parametrize("version", ["2.0", "1", "1.0 ", "1.0\n", 1.0, None])
def test_the_version_is_1_0_as_text(version: Any) -> None:
    """T24."""
    refused("Unsupported event version", event_version=version)


@pytest.mark.parametrize(
    "event_id", [ID, ID.upper(), ID.replace("-", ""), f"{{{ID}}}", f"urn:uuid:{ID}"]
)
def test_an_event_id_is_kept_as_it_is_written(event_id: str) -> None:
    assert start_event(event_id=event_id).event_id == event_id


def test_a_uuid_object_passes_and_becomes_text() -> None:
    """T24."""
    assert start_event(event_id=UUID(ID)).event_id == ID


@pytest.mark.parametrize(
    "event_id",
    [
        f" {ID}",
        f"{ID}\n",
        "no-uuid",
        "",
        None,
        5,
        "003f0a18-e57f-11f1-a4ff-02fc00000001",
        UUID("003f0a18-e57f-11f1-a4ff-02fc00000001"),
        "00000000-0000-0000-0000-000000000000",
        " " + ID.replace("-", "")[1:],
        "550e8400_e29b_41d4_a716_446655440000",
    ],
)
def test_what_is_no_uuid_of_version_4_is_refused(event_id: Any) -> None:
    refused("Invalid UUID v4 format", event_id=event_id)


@pytest.mark.parametrize("event_type", ["session_end", "Session_Start", "", None])
def test_an_event_type_is_its_constant(event_type: Any) -> None:
    assert start_event(event_type="session_start").event_type == "session_start"
    assert end_event().event_type == "session_end"
    refused("Invalid event_type for SessionStartEvent", event_type=event_type)
    with pytest.raises(ValidationError, match="Invalid event_type for SessionEndEvent"):
        end_event(event_type="session_start")


@pytest.mark.parametrize("component", ["a", "-", "_", "A-b_9", "x" * 10_000])
def test_component_names_that_pass(component: str) -> None:
    assert start_event(component_name=component).component_name == component


@pytest.mark.parametrize("component", ["", " ", "a.b", "a/b", "a@b", "é", "a\n", "a b", None])
def test_component_names_that_do_not(component: Any) -> None:
    refused("Invalid component_name", component_name=component)


@pytest.mark.parametrize(
    ("pid", "kept"), [(1, 1), (4_194_304, 4_194_304), ("12345", 12345), (12345.0, 12345)]
)
def test_process_ids_that_pass(pid: Any, kept: int) -> None:
    assert start_event(pid=pid).pid == kept


@pytest.mark.parametrize(
    ("pid", "message"),
    [
        (0, "greater than or equal to 1"),
        (-5, "greater than or equal to 1"),
        (4_194_305, "less than or equal to 4194304"),
        pytest.param(10**5000, "less than or equal to 4194304", id="huge"),
        (12345.5, "whole number"),
        (float("nan"), "whole number"),
        (None, "whole number"),
        (True, "whole number"),
        ("1_0", "whole number"),
        ("9" * 10_000, "whole number"),
    ],
)
def test_process_ids_that_do_not(pid: Any, message: str) -> None:
    refused(message, pid=pid)


@pytest.mark.parametrize(("name", "longest"), [("username", 100), ("home", 500), ("cwd", 500)])
def test_the_length_is_looked_at_before_blanks_are_cut_off(name: str, longest: int) -> None:
    """T24: so 99 letters and 2 blanks are too many; nothing is shortened."""

    def value_of(given: Any) -> Any:
        if name == "cwd":
            made = EnvironmentInfo(python_version="3", platform="L", cwd=given)
            return made.cwd
        user: dict[str, Any] = {"username": "u", "home": "h", name: given}
        return getattr(UserInfo(**user), name)

    assert value_of(f" {'x' * (longest - 2)} ") == "x" * (longest - 2)
    assert value_of("   ") == ""
    for too_long in ("x" * (longest + 1), "x" * (longest - 1) + "  "):
        with pytest.raises(ValidationError, match=f"{name} .*at most {longest} characters"):
            value_of(too_long)
    with pytest.raises(ValidationError, match=f"{name} must be text"):
        value_of(None)


@pytest.mark.parametrize("name", ["shell_type", "hostname"])
def test_other_text_passes_as_it_is(name: str) -> None:
    for value in ("", "  x  ", "x" * 10_000):
        assert getattr(start_event(**{name: value}), name) == value
    refused(f"{name} must be text", **{name: 5})


def test_text_about_the_environment_passes_as_it_is() -> None:
    assert EnvironmentInfo(python_version="", platform="  x ", cwd="").platform == "  x "
    wrong: Any = {"python_version": 3.13, "platform": "Linux", "cwd": ""}
    with pytest.raises(ValidationError, match="python_version must be text"):
        EnvironmentInfo(**wrong)


def test_metadata_is_a_dict_and_none_is_an_empty_one() -> None:
    given = {"key": "value"}
    event = start_event(metadata=given)
    assert event.metadata == given
    assert event.metadata is not given
    assert start_event(metadata=None).metadata == start_event().metadata == {}
    refused("metadata must be a dict, not a list", metadata=[1])
    with pytest.raises(ValidationError, match="metadata"):
        end_event(metadata="text")


def test_a_session_id_is_any_text() -> None:
    assert end_event(session_id="").session_id == ""
    with pytest.raises(ValidationError, match="session_id must be text"):
        end_event(session_id=None)


@pytest.mark.parametrize("name", ["event_version", "event_id", "component_name", "pid", "user"])
def test_a_missing_field_is_named(name: str) -> None:
    given = fields()
    del given[name]
    with pytest.raises(ValidationError, match=f"field required: {name}"):
        SessionStartEvent(**given)


def test_unknown_fields_are_ignored_and_nested_models_may_be_dicts() -> None:
    user = {"username": "ops", "home": "/", "shoe_size": 44}
    event = start_event(user=user, colour="blue")
    assert event.user == UserInfo(username="ops", home="/")
    assert not hasattr(event, "colour")
    for wrong in ({"user": "ops"}, {"environment": None}):
        refused("must be a dict", **wrong)
    assert start_event(user=event.user, environment=event.environment).user is event.user


def test_assigning_a_field_is_not_checked() -> None:
    event = start_event()
    event.pid = -1
    assert event.pid == -1


def test_a_model_gives_its_fields_back() -> None:
    event = start_event(metadata={"a": [1]})
    dumped = event.model_dump()
    assert dumped["user"] == {"username": "ops", "home": "/home/ops"}
    assert SessionStartEvent(**json.loads(json.dumps(dumped))) == event


# Timestamps


@pytest.mark.parametrize(
    ("timestamp", "moment"),
    [
        (NOON, "2026-02-06T12:34:56.789000+00:00"),
        ("2026-02-06T12:34:56Z", "2026-02-06T12:34:56+00:00"),
        ("2026-02-06T12:34:56", "2026-02-06T12:34:56+00:00"),
        ("2026-02-06T12:34:56+05:30", "2026-02-06T07:04:56+00:00"),
        ("2026-02-06T20:34:56-05:00", "2026-02-07T01:34:56+00:00"),
        ("2026-02-06T12:34:56.123456789Z", "2026-02-06T12:34:56.123456+00:00"),
        ("2024-02-29T12:34:56.5Z", "2024-02-29T12:34:56.500000+00:00"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00+00:00"),
    ],
)
def test_timestamps_that_pass(timestamp: str, moment: str) -> None:
    assert start_event(timestamp=timestamp).timestamp == timestamp
    assert end_event(timestamp=timestamp).timestamp == timestamp
    assert moment_of(timestamp).isoformat() == moment


@pytest.mark.parametrize(
    "timestamp",
    [
        "2026-02-06 12:34:56Z",
        "2026-02-06t12:34:56Z",
        "2026-02-06T12:34:56z",
        "2026-02-06T12:34",
        "2026-02-06T12:34:56+0000",
        "2026-02-06T12:34:56+00",
        "2026-02-06T12:34:56,5Z",
        "20260206T123456Z",
        "2026-W06-5T12:34:56Z",
        "2026-13-06T12:34:56Z",
        "2026-02-30T12:34:56Z",
        "2026-02-06T24:00:00Z",
        "2026-02-06T12:60:00Z",
        "2026-02-06T12:34:61Z",
        "2026-02-06T12:34:56+24:00",
        "2026-02-06T12:34:56+00:60",
        "0000-02-06T12:34:56Z",
        "0001-01-01T00:00:00+05:30",
        "9999-12-31T23:59:60Z",
        "2026-02-06T12:34:56Z\n",
        "２026-02-06T12:34:56Z",
        "",
    ],
)
def test_timestamps_that_do_not(timestamp: str) -> None:
    refused("Invalid ISO 8601 timestamp", timestamp=timestamp)
    with pytest.raises(ValidationError, match="Invalid ISO 8601 timestamp"):
        end_event(timestamp=timestamp)


def test_a_date_alone_lacks_its_time() -> None:
    refused("missing time component", timestamp="2026-02-06")
    refused("timestamp must be text", timestamp=datetime(2026, 2, 6, tzinfo=UTC))


@given(st.datetimes(), st.integers(-23 * 60, 23 * 60))
def test_a_moment_is_the_inverse_of_its_text(moment: datetime, offset: int) -> None:
    sign = "-" if offset < 0 else "+"
    zone = f"{sign}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}" if offset else "Z"
    text = moment.isoformat() + zone
    try:
        expected = moment.replace(tzinfo=UTC) - timedelta(minutes=offset)
    except OverflowError:
        with pytest.raises(ValueError, match="outside"):
            moment_of(text)
    else:
        assert moment_of(text) == expected
    assert datetime.fromisoformat(written_digits(text).replace("-", "T")) == moment.replace(
        microsecond=0
    )


# Results


def test_results_are_made_by_position_or_by_name() -> None:
    assert SessionStartResult("x", "tracked") == SessionStartResult(
        session_id="x", status="tracked", error=None
    )
    assert SessionEndResult("x", "error", "why").model_dump() == {
        "session_id": "x",
        "status": "error",
        "error": "why",
    }
    assert SessionStartResult("", "tracked").session_id == ""
    assert SessionEndResult("x", "error", "").error == ""


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ((None, "tracked", None), "session_id required when status is 'tracked'"),
        (("x", "tracked", "why"), "error must be None when status is 'tracked'"),
        ((None, "error", None), "error message required when status is 'error'"),
        (("x", "error", "why"), "session_id must be None when status is 'error'"),
        (("x", "ended", None), "Invalid status"),
        (("x", "", None), "Invalid status"),
    ],
)
def test_start_results_that_do_not_fit_together(result: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SessionStartResult(*result)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (("x", "tracked", None), "Invalid status"),
        (("x", "ended", "why"), "error must be None when status is 'ended'"),
        (("x", "not_found", "why"), "error must be None when status is 'not_found'"),
        (("x", "error", None), "error message required when status is 'error'"),
        ((None, "ended", None), "session_id must be text"),
    ],
)
def test_end_results_that_do_not_fit_together(result: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        SessionEndResult(*result)


# Starts


def test_a_tracker_keeps_its_manager_and_logger() -> None:
    manager, logger = SessionLifecycleManager(), logging.getLogger("mine")
    assert SessionTracker(manager).session_manager is manager
    assert SessionTracker(session_manager=manager).logger.name == "sessions.tracker"
    assert SessionTracker(manager, logger=logger).logger is logger


def test_a_start_asks_the_manager_once_and_gives_an_id(caplog: pytest.LogCaptureFixture) -> None:
    manager = stand_in()
    with caplog.at_level(logging.INFO):
        result = run(tracker_of(manager).handle_session_start(start_event()))
    assert result == SessionStartResult(SESSION_ID, "tracked")
    manager.initialize_session.assert_awaited_once_with(working_directory=os.getcwd())  # noqa: PTH109
    assert caplog.messages == [
        f"Session started: session_id={SESSION_ID}, component=db-console, shell_type=DbConsole, "
        f"pid=12345, user=ops, hostname=host-03, cwd={os.getcwd()}"  # noqa: PTH109
    ]


def test_the_id_has_the_digits_of_the_timestamp() -> None:
    """T24: whatever zone they are of."""
    event = start_event(component_name="my-app", timestamp="2026-02-06T23:59:58.9+05:30")
    result = run(tracker_of().handle_session_start(event))
    assert result.session_id == "my-app-20260206-235958"
    with EventLog.open("log", readonly=True) as log:
        assert next(log.read()).time == datetime(2026, 2, 6, 18, 29, 58, 900_000, UTC)


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"success": False, "error": "no room"}, "no room"),
        ({"success": False}, "Unknown initialization error"),
        ({}, "Unknown initialization error"),
    ],
)
def test_a_start_that_the_manager_refuses(
    caplog: pytest.LogCaptureFixture, reply: dict[str, Any], error: str
) -> None:
    tracker = tracker_of(stand_in(initialize_session=reply))
    assert run(tracker.handle_session_start(start_event())) == SessionStartResult(
        None, "error", error
    )
    assert caplog.messages == [
        f"Session start failed: error={error}, component=db-console, shell_type=DbConsole, "
        "pid=12345"
    ]
    ((type_, data),) = recorded()
    assert (type_, data["error"], data["event_id"]) == ("session.start_failed", error, ID)


def test_a_start_that_raises_is_an_error_with_its_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tracker = tracker_of(stand_in(initialize_session=OSError("disk\nfull")))
    result = run(tracker.handle_session_start(start_event()))
    assert result == SessionStartResult(None, "error", "Session start failed: disk\nfull")
    (record,) = caplog.records
    assert record.getMessage().startswith(r"Session start failed: error=disk\nfull, component=db-")
    assert record.exc_info is not None
    assert recorded()[0][1]["error_type"] == "OSError"


def test_a_start_that_failed_may_be_tried_again() -> None:
    manager = stand_in(initialize_session={"success": False})
    tracker = tracker_of(manager)
    assert run(tracker.handle_session_start(start_event())).status == "error"
    manager.initialize_session.return_value = {"success": True}
    assert run(tracker.handle_session_start(start_event())).status == "tracked"
    with EventLog.open("log", readonly=True) as log:
        assert len({event.subject for event in log.read()}) == 1


@pytest.mark.parametrize("event", [None, 5, {"event_id": ID}])
def test_what_is_no_event_is_an_error_not_an_exception(event: Any) -> None:
    tracker = tracker_of()
    assert run(tracker.handle_session_start(event)).status == "error"
    assert run(tracker.handle_session_end(event)).status == "error"


def test_an_event_that_was_spoilt_later_is_an_error_not_an_exception() -> None:
    event: Any = start_event()
    event.timestamp = None
    assert run(tracker_of().handle_session_start(event)).status == "error"
    event.event_id = "x"
    assert run(tracker_of().handle_session_start(event)).status == "error"


# Repeated events


def test_a_repeated_event_is_answered_not_repeated() -> None:
    manager = stand_in()
    tracker = tracker_of(manager)
    first = run(tracker.handle_session_start(start_event()))
    assert run(tracker.handle_session_start(start_event(event_id=ID.upper()))) == first
    assert run(tracker.handle_session_start(start_event(event_id=UUID(ID)))) == first
    manager.initialize_session.assert_awaited_once()
    assert types() == ["session.started"]


def test_a_repeated_event_is_known_after_a_restart() -> None:
    first = run(tracker_of().handle_session_start(start_event()))
    close_shared_logs()
    manager = stand_in()
    assert run(tracker_of(manager).handle_session_start(start_event())) == first
    manager.initialize_session.assert_not_awaited()
    assert types() == ["session.started"]


def test_a_repetition_that_overtakes_is_not_done_twice() -> None:
    async def slow(working_directory: str) -> dict[str, Any]:
        for _ in range(5):
            await asyncio.sleep(0)
        return {"success": True}

    manager = stand_in()
    manager.initialize_session = AsyncMock(side_effect=slow)
    tracker = tracker_of(manager)

    async def both() -> list[SessionStartResult]:
        event = start_event()
        return await asyncio.gather(*[tracker.handle_session_start(event) for _ in range(3)])

    assert {result.session_id for result in run(both())} == {SESSION_ID}
    manager.initialize_session.assert_awaited_once()


def test_an_id_that_is_used_for_another_event_is_said(caplog: pytest.LogCaptureFixture) -> None:
    tracker = tracker_of()
    run(tracker.handle_session_start(start_event()))
    again = run(tracker.handle_session_start(start_event(component_name="other")))
    assert again.session_id == SESSION_ID
    assert "other-20260206-123456 is taken for a repetition" in caplog.text


def test_event_ids_that_begin_alike_are_different_events() -> None:
    alike = [f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2)]
    tracker = tracker_of()
    for event_id in alike * 2:
        run(tracker.handle_session_start(start_event(event_id=event_id)))
    for _ in range(3):
        assert run(tracker.handle_session_end(end_event())).status == "ended"
    assert types() == ["session.started"] * 2 + ["session.ended"] * 2
    with EventLog.open("log", readonly=True) as log:
        assert [one.status for one in project(log, SessionSummaries())] == ["ended", "ended"]


def test_events_that_share_a_session_in_the_log_are_all_known() -> None:
    """Older logs have such."""
    alike = [f"00000000-0000-4000-8000-00000000000{number}" for number in (1, 2)]
    with EventLog.open("log") as log:
        for event_id in alike:
            data = {"session_id": SESSION_ID, "event_id": event_id}
            log.append("session.started", data, subject="one", source="shell/db-console")
    manager = stand_in()
    for event_id in alike:
        answer = run(tracker_of(manager).handle_session_start(start_event(event_id=event_id)))
        assert answer.session_id == SESSION_ID
    manager.initialize_session.assert_not_awaited()


class meeting:  # noqa: N801 - reads as a function
    """A manager's answer that waits until as many trackers ask; none knows what another records."""

    def __init__(self, trackers: int) -> None:
        self._missing = trackers

    async def __call__(self, working_directory: str | None) -> dict[str, Any]:
        self._missing -= 1
        while self._missing > 0:
            await asyncio.sleep(0)
        return {"success": True}


def met(method: str, event: Any) -> list[Any]:
    """The answers of two trackers that take the event at the same moment."""

    async def together() -> list[Any]:
        manager = stand_in()
        manager.initialize_session = manager.end_session = meeting(2)
        return await asyncio.gather(*[getattr(tracker_of(manager), method)(event) for _ in "12"])

    return run(together())


def test_one_session_comes_of_an_event_that_two_trackers_take_at_once() -> None:
    """The log may have it twice then, of the same session."""
    for result in met("handle_session_start", start_event()):
        assert (result.session_id, result.status) == (SESSION_ID, "tracked")
    for result in met("handle_session_end", end_event()):
        assert result.status == "ended"
    before = types()
    assert run(tracker_of().handle_session_start(start_event())).session_id == SESSION_ID
    assert run(tracker_of().handle_session_end(end_event())).status == "ended"
    assert types() == before
    with EventLog.open("log", readonly=True) as log:
        assert [one.status for one in project(log, SessionSummaries())] == ["ended"]


def test_two_trackers_of_one_log_know_the_same() -> None:
    first, second = tracker_of(), tracker_of()
    run(first.handle_session_start(start_event()))
    assert run(second.handle_session_end(end_event())).status == "ended"
    assert run(first.handle_session_end(end_event())).status == "ended"
    assert types() == ["session.started", "session.ended"]


# Ends


def test_an_end_belongs_to_its_start(caplog: pytest.LogCaptureFixture) -> None:
    manager = stand_in()
    tracker = tracker_of(manager)
    run(tracker.handle_session_start(start_event(metadata={"ticket": 17})))
    with caplog.at_level(logging.INFO):
        result = run(tracker.handle_session_end(end_event(metadata={"exit_reason": "logout"})))
    assert result == SessionEndResult(SESSION_ID, "ended")
    manager.end_session.assert_awaited_once_with(working_directory=None)
    assert caplog.messages[-1] == (
        f"Session ended: session_id={SESSION_ID}, timestamp={END['timestamp']}"
    )
    started, ended = recorded()
    assert started[1]["metadata"] == {"ticket": 17}
    assert ended == (
        "session.ended",
        {
            **END,
            "metadata": {"exit_reason": "logout"},
            "reason": "logout",
            "event_id": ID,
            "duration_ms": 4_211_101,
        },
    )


def test_an_end_before_its_start_has_no_duration() -> None:
    tracker = tracker_of()
    run(tracker.handle_session_start(start_event()))
    run(tracker.handle_session_end(end_event(timestamp="2026-02-05T00:00:00Z")))
    assert "duration_ms" not in recorded()[-1][1]


def test_ending_what_is_over_changes_nothing() -> None:
    manager = stand_in()
    for _ in range(2):
        tracker = tracker_of(manager)
        run(tracker.handle_session_start(start_event()))
        assert run(tracker.handle_session_end(end_event())).status == "ended"
        close_shared_logs()
    manager.end_session.assert_awaited_once()
    assert types() == ["session.started", "session.ended"]


def test_an_end_closes_the_oldest_open_session_of_its_id() -> None:
    tracker = tracker_of()
    first, second = str(uuid4()), str(uuid4())
    for event_id in (first, second):
        run(tracker.handle_session_start(start_event(event_id=event_id)))
    for event_id in (first, second):
        assert run(tracker.handle_session_end(end_event())).status == "ended"
        assert recorded()[-1][1]["event_id"] == event_id
    assert run(tracker.handle_session_end(end_event())).status == "ended"
    assert len(types()) == 4
    with EventLog.open("log", readonly=True) as log:
        assert [one.status for one in project(log, SessionSummaries())] == ["ended", "ended"]


def test_an_unknown_session_is_not_found() -> None:
    """T24."""
    result = run(tracker_of().handle_session_end(end_event()))
    assert result == SessionEndResult(SESSION_ID, "not_found")
    assert recorded() == [("session.end_unmatched", {"session_id": SESSION_ID})]


@pytest.mark.parametrize("manager", [stand_in(), AsyncMock(), MagicMock(spec=["end_session"])])
def test_a_manager_that_cannot_say_is_taken_to_know_the_session(manager: Any) -> None:
    """T24: stand-ins answer with anything but False, or not at all."""
    manager.end_session = AsyncMock(return_value={"success": True})
    assert run(tracker_of(manager).handle_session_end(end_event())).status == "ended"
    assert run(tracker_of(manager).handle_session_end(end_event())).status == "ended"
    manager.end_session.assert_awaited_once()
    assert types() == ["session.ended"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ({"success": False, "error": "Session not found"}, "Session not found"),
        ({}, "Unknown session end error"),
    ],
)
def test_an_end_that_the_manager_refuses(
    caplog: pytest.LogCaptureFixture, reply: dict[str, Any], error: str
) -> None:
    tracker = tracker_of(stand_in(end_session=reply))
    run(tracker.handle_session_start(start_event()))
    assert run(tracker.handle_session_end(end_event())) == SessionEndResult(
        SESSION_ID, "error", error
    )
    assert caplog.messages[-1] == f"Session end failed: session_id={SESSION_ID}, error={error}"
    assert recorded()[-1] == ("session.end_failed", {"session_id": SESSION_ID, "error": error})


def test_an_end_that_raises_is_an_error() -> None:
    tracker = tracker_of(stand_in(end_session=OSError("gone")))
    result = run(tracker.handle_session_end(end_event()))
    assert result == SessionEndResult(SESSION_ID, "error", "Session end failed: gone")
    assert recorded()[-1][1]["error_type"] == "OSError"


# The log


def test_a_start_is_recorded_whole_and_like_those_of_other_shells() -> None:
    run(tracker_of().handle_session_start(start_event(metadata={"key": "value"})))
    with EventLog.open("log", readonly=True) as log:
        (event,) = log.read()
    assert (event.type, event.source) == ("session.started", "shell/db-console")
    assert event.subject == f"{SESSION_ID}~{UUID(ID).hex}"
    assert event.time == moment_of(NOON)
    assert event.data == {
        "component": "db-console",
        "host": "host-03",
        "user": "ops",
        "pid": 12345,
        "session_id": SESSION_ID,
        "event_id": ID,
        "event_version": "1.0",
        "shell_type": "DbConsole",
        "timestamp": NOON,
        "home": "/home/ops",
        "python_version": "3.13.0",
        "platform": "Linux",
        "cwd": os.getcwd(),  # noqa: PTH109
        "metadata": {"key": "value"},
    }


def test_the_ordinary_commands_answer() -> None:
    tracker = tracker_of()
    run(tracker.handle_session_start(start_event()))
    run(tracker.handle_session_end(end_event()))
    (row,) = eventlog("summary", "log", "--json").json
    assert (row["status"], row["duration_ms"], row["incomplete"]) == ("ended", 4_211_101, 0)
    for command in ("analyze", "areas", "audit", "verify"):
        assert eventlog(command, "log", "--json").code == 0, command


def test_only_shell_sessions_are_looked_at() -> None:
    """One log carries the sessions of all systems, and whatever else was imported."""
    data = {"session_id": SESSION_ID, "event_id": ID}
    with EventLog.open("log") as log:
        log.append("session.started", data, subject="a", source="agent/1")
        log.append("session.started", {}, subject="b", source="shell/1")
        log.append("session.started", {"session_id": "x", "event_id": "y"}, source="shell/1")
        log.append("session.started", {**data, "event_id": "no"}, subject="c", source="shell/1")
        log.append("session.ended", data, subject="c", source="shell/1")
    tracker = tracker_of()
    assert run(tracker.handle_session_end(end_event())).status == "ended"
    assert len(types()) == 5
    assert run(tracker.handle_session_start(start_event())).status == "tracked"
    assert len(types()) == 6


def test_a_log_that_is_damaged_does_not_stop_the_tracker(
    caplog: pytest.LogCaptureFixture,
) -> None:
    Path("log").write_text("no log")
    tracker = tracker_of()
    assert run(tracker.handle_session_start(start_event())).status == "tracked"
    assert run(tracker.handle_session_start(start_event())).session_id == SESSION_ID
    assert run(tracker.handle_session_end(end_event())).status == "ended"
    assert "cannot be read" in caplog.text
    Path("log").unlink()
    close_shared_logs()
    assert types() == ["session.started", "session.ended"]


# Bad input


@pytest.mark.parametrize(
    "session_id", ["x" * 10_000, "a\x00b\n\x1b[31m", "../../etc/passwd", "", "ü" * 600]
)
def test_a_session_id_may_be_anything(caplog: pytest.LogCaptureFixture, session_id: str) -> None:
    assert run(tracker_of().handle_session_end(end_event(session_id=session_id))).status == (
        "not_found"
    )
    assert recorded()[-1][1] == {"session_id": session_id}
    assert run(tracker_of(stand_in()).handle_session_end(end_event(session_id=session_id))) == (
        SessionEndResult(session_id, "ended")
    )
    assert recorded()[-1][1]["session_id"] == session_id
    assert not any(set("\x00\n\x1b") & set(message) for message in caplog.messages)


@pytest.mark.parametrize(
    "metadata", [{"x": float("nan")}, {"x": object()}, {"x": "\ud800"}, {"x": "y" * (2 << 20)}]
)
def test_metadata_that_the_log_cannot_hold_is_an_error(metadata: dict[str, Any]) -> None:
    tracker = tracker_of(stand_in())
    assert run(tracker.handle_session_start(start_event(metadata=metadata))).status == "error"
    assert run(tracker.handle_session_end(end_event(metadata=metadata))).status == "error"
    assert types() == ["session.start_failed", "session.end_failed"]


def test_metadata_that_json_cannot_hold_is_refused_before_the_manager_is_asked() -> None:
    manager = stand_in()
    event = start_event(metadata={"x": float("nan")})
    result = run(tracker_of(manager).handle_session_start(event))
    assert "data.metadata.x is nan" in str(result.error)
    manager.initialize_session.assert_not_awaited()


def test_a_component_of_any_length_has_a_source() -> None:
    event = start_event(component_name="x" * 10_000)
    assert run(tracker_of().handle_session_start(event)).status == "tracked"
    assert recorded()[0][1]["component"] == "x" * 10_000


def test_an_end_that_no_line_holds_is_refused_and_said(caplog: pytest.LogCaptureFixture) -> None:
    result = run(tracker_of().handle_session_end(end_event(session_id="x" * (2 << 20))))
    assert result.status == "not_found"
    assert "session.end_unmatched was not recorded" in caplog.text


# The manager


def test_the_manager_takes_a_directory_that_exists(tmp_path: Path) -> None:
    """T25: it changes neither the working directory nor any file."""
    (tmp_path / "project").mkdir()
    manager, before = SessionLifecycleManager(), Path.cwd()
    reply = run(manager.initialize_session(working_directory=str(tmp_path / "project")))
    assert reply == {
        "success": True,
        "project": "project",
        "working_directory": str(tmp_path / "project"),
    }
    assert run(manager.initialize_session())["working_directory"] == str(before)
    end = run(manager.end_session())
    assert end["success"] is True
    assert end["summary"]["project"] == before.name
    assert Path.cwd() == before
    assert os.listdir() == ["project"]
    assert os.listdir("project") == []


@pytest.mark.parametrize(
    ("directory", "error"),
    [
        ("missing", "no directory"),
        ("file", "no directory"),
        ("sub/../sub", r"'\.\.'"),
        ("nul\x00", "no directory"),
        ("x" * 5000, "too long|no directory"),
    ],
)
def test_the_manager_refuses_what_is_no_directory(directory: str, error: str) -> None:
    Path("file").write_text("")
    Path("sub").mkdir()
    manager = SessionLifecycleManager()
    for reply in (
        run(manager.initialize_session(working_directory=directory)),
        run(manager.end_session(working_directory=directory)),
    ):
        assert reply["success"] is False
        assert re.search(error, reply["error"])


def test_the_manager_knows_the_open_sessions_of_the_tracker() -> None:
    manager = SessionLifecycleManager()
    tracker = tracker_of(manager)
    run(tracker.handle_session_start(start_event()))
    assert manager.has_session(SESSION_ID)
    run(tracker.handle_session_end(end_event()))
    assert not manager.has_session(SESSION_ID)


def test_a_manager_that_fails_to_take_note_changes_no_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    manager = stand_in(register_session=OSError("full"), forget_session=OSError("full"))
    tracker = tracker_of(manager)
    assert run(tracker.handle_session_start(start_event())).status == "tracked"
    assert run(tracker.handle_session_end(end_event())).status == "ended"
    assert caplog.messages == [
        "register_session of the session manager failed: full",
        "forget_session of the session manager failed: full",
    ]


def test_a_session_that_only_the_manager_knows_can_be_ended() -> None:
    manager = SessionLifecycleManager()
    manager.register_session(SESSION_ID)
    assert run(tracker_of(manager).handle_session_end(end_event())).status == "ended"


# As users run it


def test_closing_lets_other_processes_write() -> None:
    with tracker_of() as tracker:
        run(tracker.handle_session_start(start_event()))
    with EventLog.open("log", lock_timeout=0) as log:
        assert log.head() == 1


def test_the_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "tracker.py"), run_name="__main__")
    assert capsys.readouterr().out.split() == [
        *("tracked", "True"), "ended", "not_found", *("error", "None"),
    ]  # fmt: skip
    for cls, printed in ((SessionTracker, "not_found\n"), (SessionStartEvent, "")):
        block = textwrap.dedent((cls.__doc__ or "").split("Example::\n")[1])
        exec(compile(block, cls.__name__, "exec"), {})  # noqa: S102
        assert capsys.readouterr().out == printed


WORK = """
import asyncio, os, sys, uuid
from sessions.tracker import *

async def main():
    tracker = SessionTracker(SessionLifecycleManager(), log_dir=sys.argv[1])
    number = 0
    while True:
        event_id = uuid.uuid4()
        event = SessionStartEvent(
            event_version="1.0", event_id=event_id, component_name=f"c{number}",
            shell_type="Shell", timestamp="2026-02-06T12:34:56Z", pid=os.getpid(),
            user={"username": "u", "home": "/"}, hostname="h",
            environment={"python_version": "3", "platform": "L", "cwd": "/"},
        )
        result = await tracker.handle_session_start(event)
        print(event_id, result.session_id, flush=True)
        end = SessionEndEvent(session_id=result.session_id, timestamp="2026-02-06T13:00:00Z")
        await tracker.handle_session_end(end)
        number += 1

asyncio.run(main())
"""


def test_a_killed_process_loses_no_session_and_repeats_none(tmp_path: Path) -> None:
    chance, acknowledged = random.Random(5), []
    for _ in range(4):
        with child(WORK, tmp_path / "log") as process:
            for _ in range(chance.randrange(1, 60)):
                acknowledged.append(line_of(process).split())
            process.kill()
            process.wait()
    manager = stand_in()
    tracker = tracker_of(manager)
    before = len(recorded())
    for event_id, session_id in acknowledged:
        event = start_event(event_id=event_id, component_name=session_id.split("-")[0])
        assert run(tracker.handle_session_start(event)).session_id == session_id
        assert run(tracker.handle_session_end(end_event(session_id=session_id))).status == "ended"
    manager.initialize_session.assert_not_awaited()
    assert len(recorded()) - before <= 4  # the ends that the kills kept from being recorded
    assert verify(tmp_path / "log").ok


def test_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "sessions" / "tracker.md").read_text()
    (block,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    exec(compile(block, "tracker.md", "exec"), {})  # noqa: S102
    assert capsys.readouterr().out == "tracked db-console-20260206-123456\nended\n"
