"""What each call does, whatever database is behind it."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from eventlog import EventLog, InvalidEventError
from projections import PracticeMetrics, SessionSummaries, project
from sessions import practice
from sessions._shared_log import close_shared_logs
from sessions.practice import SessionLogger
from sessions.sample import sample_events
from tests.sessions.practice.helpers import FINALS, NOTE, Place, begin, flushed, measure
from tests.support.logs import unwritable

COLUMNS_OF_FINALS = {
    "pitch_accuracy": 0.9,
    "scale_conformity": 0.75,
    "timing_stability": 0.8,
    "notes_detected_count": 45,
    "unique_notes_used": 4,
    "notes_in_scale": 42,
    "notes_out_of_scale": 3,
}


def stats_of(logger: SessionLogger, session_id: str) -> dict[str, Any]:
    stats = logger.get_session_stats(session_id)
    assert stats is not None
    return stats


# A session


def test_a_session_is_there_as_soon_as_it_began(place: Place) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    with place.logger() as logger:
        session_id = logger.start_session(
            scale_name="A Minor", strictness=0.7, sensitivity=0.5, user_id="ada",
            ambient_lighting=False,
        )  # fmt: skip
        stats = stats_of(logger, session_id)
    assert str(UUID(session_id)) == session_id == stats["id"] == stats["session_id"]
    assert stats["scale_name"] == "A Minor"
    assert (stats["strictness"], stats["sensitivity"], stats["user_id"]) == (0.7, 0.5, "ada")
    assert stats["ambient_lighting_enabled"] is False
    assert stats["end_time"] is stats["duration_seconds"] is stats["pitch_accuracy"] is None
    assert before <= stats["start_time"] <= before + timedelta(minutes=1)


def test_lighting_is_on_unless_said_otherwise(place: Place) -> None:
    with place.logger() as logger:
        assert stats_of(logger, begin(logger))["ambient_lighting_enabled"] is True


def test_trap_17_final_values_are_stored_as_given(place: Place) -> None:
    """They contradict the measurements, and each other; nobody checks or averages."""
    with place.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id, 3)
        logger.end_session(session_id=session_id, **FINALS)
        stats = stats_of(logger, session_id)
    assert {name: stats[name] for name in COLUMNS_OF_FINALS} == COLUMNS_OF_FINALS
    assert stats["duration_seconds"] == (stats["end_time"] - stats["start_time"]).total_seconds()
    assert stats["updated_at"] == stats["end_time"]
    assert stats["created_at"] == stats["start_time"]


def test_values_outside_of_the_documented_ranges_are_taken(place: Place) -> None:
    with place.logger() as logger:
        session_id = logger.start_session("x", strictness=9, sensitivity=-3)
        logger.log_metric(session_id, 9, -3, 1e300)
        logger.end_session(session_id, 9, -3, 0.5)
        stats = stats_of(logger, session_id)
    assert (stats["strictness"], stats["pitch_accuracy"], stats["scale_conformity"]) == (9, 9, -3)


def test_final_values_that_are_not_given_beside_given_ones_stay_unknown(place: Place) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id)
        logger.end_session(session_id, notes_detected=7)
        stats = stats_of(logger, session_id)
    assert (stats["notes_detected_count"], stats["pitch_accuracy"]) == (7, None)


def test_the_names_of_the_original_code_stand_beside(place: Place) -> None:
    with place.logger() as logger:
        session_id = begin(logger, scale_type="diatonic")
        logger.end_session(session_id, **FINALS, total_inscale_notes=5)
        stats = stats_of(logger, session_id)
    assert stats["start_timestamp"] == stats["start_time"]
    assert stats["end_timestamp"] == stats["end_time"]
    assert stats["scale_chosen"] == "C major"
    assert stats["scale_type"] == "diatonic"
    assert stats["total_notes_played"] == 45
    assert stats["correct_notes_played"] == 42
    assert stats["bad_notes_played"] == 3
    assert stats["total_inscale_notes"] == 5
    assert stats["ambient_light_option"] is True


# The end is final


def test_trap_19_late_measurements_and_second_ends_change_nothing(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        logger.end_session(session_id, **FINALS)
        before, events = logger.get_session_stats(session_id), place.events()
        logger.log_metric(session_id, 0.1, 0.1, 0.1)
        logger.end_session(session_id, 0.1)
        logger.end_session(session_id, total_inscale_notes=9)
        assert logger.get_session_stats(session_id) == before
    assert place.events() == events
    said = [(record.levelname, record.message[:5]) for record in caplog.records]
    assert said == [("WARNING", "[WARN"), ("ERROR", "[ERR]"), ("ERROR", "[ERR]")]


def test_the_end_holds_for_every_logger_of_the_process(place: Place) -> None:
    with place.logger() as one, place.logger() as other:
        session_id = begin(one)
        measure(other, session_id)
        one.end_session(session_id, **FINALS)
        measure(other, session_id)
    assert [event.type for event in place.events()] == [
        "session.started", "metric.recorded", "session.ended",
    ]  # fmt: skip


def test_of_two_ends_in_the_log_the_first_counts(place: Place) -> None:
    """Two processes may write one each, when one had to wait for the other."""
    with place.logger() as logger:
        session_id = begin(logger)
        logger.end_session(session_id, **FINALS)
    practice.close()
    with _writing(place) as log:
        late = {"final_pitch_accuracy": 0.1}
        log.append("session.ended", late, subject=session_id, source="practice/x")
        log.append("metric.recorded", {}, subject=session_id, source="practice/x")
    with place.logger() as logger:
        assert stats_of(logger, session_id)["pitch_accuracy"] == 0.9


def _writing(place: Place) -> EventLog:
    close_shared_logs()
    return EventLog.open(place.log)


ODD_IDS = [
    "",
    "x" * 10_000,
    "../../etc/passwd",
    "a\0b\x1b[31m\n",
    "\ud800",
    None,
    7,
    UUID(int=7 << 64),
]


@pytest.mark.parametrize("odd", ODD_IDS, ids=lambda odd: ascii(odd)[:20])
def test_an_unknown_id_is_one_remark_and_nothing_else(
    place: Place, caplog: pytest.LogCaptureFixture, odd: Any
) -> None:
    with place.logger() as logger:
        begin(logger)
        events = place.events()
        measure(logger, odd)
        logger.end_session(odd, **FINALS)
        assert logger.get_session_stats(odd) is None
    assert place.events() == events
    assert [record.levelname for record in caplog.records] == ["WARNING", "ERROR"]
    assert all(record.message.isprintable() for record in caplog.records)
    assert all(len(record.message) < 200 for record in caplog.records)


def test_an_id_may_be_a_uuid_object(place: Place) -> None:
    with place.logger() as logger:
        session_id = UUID(begin(logger))
        logger.end_session(session_id, **FINALS)  # type: ignore[arg-type]
        assert logger.get_session_stats(session_id) is not None  # type: ignore[arg-type]


# An end without final values


def test_trap_20_averages_leave_out_what_was_not_measured(place: Place) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        for value in (0.5, 0.5, 0.5, None):
            logger.log_metric(session_id, value, 0.25, None)
        logger.end_session(session_id, total_inscale_notes=5)
        stats = stats_of(logger, session_id)
    assert stats["pitch_accuracy"] == 0.5
    assert stats["scale_conformity"] == 0.25
    assert stats["timing_stability"] is None
    assert place.events()[-1].data["derived"] is True


def test_trap_20_a_detected_note_that_is_not_said_to_fit_does_not(place: Place) -> None:
    heard = [
        {"note_detected": True, "in_scale": True, "pitch_class": 9},
        {"note_detected": True, "in_scale": True, "pitch_class": 9},
        {"note_detected": True, "in_scale": True, "pitch_class": 2},
        {"note_detected": True, "in_scale": False, "pitch_class": 4},
        {"note_detected": True, "pitch_class": 5},
        {"note_detected": False, "in_scale": True, "pitch_class": 7},
        {"in_scale": True, "pitch_class": 7},
        None,
    ]
    with place.logger() as logger:
        session_id = begin(logger)
        for debug_info in heard:
            logger.log_metric(session_id, 1, 1, 1, debug_info)
        logger.end_session(session_id)
        stats = stats_of(logger, session_id)
    assert stats["notes_detected_count"] == 5
    assert stats["notes_in_scale"] == 3
    assert stats["notes_out_of_scale"] == 2
    assert stats["unique_notes_used"] == 2


def test_without_any_measurement_the_scores_are_unknown(place: Place) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        logger.end_session(session_id)
        stats = stats_of(logger, session_id)
    assert (stats["pitch_accuracy"], stats["notes_detected_count"]) == (None, 0)


@pytest.mark.parametrize(
    "enabled",
    [{"timing_stability": False}, ["pitch_accuracy", "scale_conformity"], {"pitch_accuracy"}],
)
def test_a_score_that_was_switched_off_has_no_average(place: Place, enabled: Any) -> None:
    with place.logger() as logger:
        session_id = begin(logger, enabled_metrics=enabled)
        measure(logger, session_id)
        logger.end_session(session_id)
        stats = stats_of(logger, session_id)
    assert (stats["pitch_accuracy"], stats["timing_stability"]) == (0.85, None)


def test_a_session_goes_on_in_another_process(place: Place) -> None:
    """Whose measurements count as those of this one."""
    with place.logger() as logger:
        session_id = begin(logger)
        logger.log_metric(session_id, 0.2, 0.5, 0.5)
    with _writing(place) as log:
        data = {"pitch_accuracy": 0.4}
        log.append("metric.recorded", data, subject=session_id, source="practice/ada")
    del logger  # and with it, all that was known
    with place.logger() as logger:
        logger.log_metric(session_id, 0.9, 0.5, 0.5)
        logger.end_session(session_id)
        assert stats_of(logger, session_id)["pitch_accuracy"] == pytest.approx(0.5)


# Users


def test_a_users_sessions_come_newest_first_ten_of_them(place: Place) -> None:
    with place.logger() as logger:
        ids = [begin(logger) for _ in range(12)]
        begin(logger, "grace")
        newest = ids[::-1]
        found = logger.get_user_sessions("ada")
        assert [one["session_id"] for one in found] == newest[:10]
        assert found[0]["scale_name"] == "C major"
        assert [one["id"] for one in logger.get_user_sessions("ada", limit=3)] == newest[:3]
        assert [one["id"] for one in logger.get_user_sessions("ada", None)] == newest


def test_newest_is_what_started_last_whatever_was_written_last(place: Place) -> None:
    now, ids = datetime.now(UTC), [str(uuid4()) for _ in range(3)]
    with EventLog.open(place.log) as log:
        for days, session_id in zip((2, 3, 1), ids, strict=True):
            time = now - timedelta(days=days)
            log.append(
                "session.started", {"user_id": "ada"}, subject=session_id, source="practice/x",
                time=time,
            )  # fmt: skip
    with place.logger() as logger:
        found = [one["id"] for one in logger.get_user_sessions("ada")]
    assert found == [ids[2], ids[0], ids[1]]


@pytest.mark.parametrize("limit", [0, -1, "ten", 2.5])
def test_a_limit_that_is_none_gives_nothing(place: Place, limit: Any) -> None:
    with place.logger() as logger:
        begin(logger)
        assert logger.get_user_sessions("ada", limit) == []


@pytest.mark.parametrize("nobody", [None, ""])
def test_trap_18_an_anonymous_user_is_nobody(place: Place, nobody: Any) -> None:
    with place.logger() as logger:
        session_id = begin(logger, nobody)
        assert stats_of(logger, session_id)["user_id"] is None
        for name in (nobody, "default_user", "anonymous", "None"):
            assert logger.get_user_sessions(name) == []


@pytest.mark.parametrize("user", ["u" * 10_000, "../../x", "a\0b\x1b[2J", "%s' --", "é😀" * 99, 7])
def test_a_user_may_be_called_anything(place: Place, user: Any) -> None:
    with place.logger() as logger:
        session_id = begin(logger, user)
        measure(logger, session_id)
        logger.end_session(session_id, **FINALS)
        assert [one["user_id"] for one in logger.get_user_sessions(user)] == [str(user)]
        assert logger.flush()
    assert sorted(path.name for path in place.log.parent.iterdir()) == [
        "a.eventlog", "a.practice.sqlite", "above",
    ]  # fmt: skip


# What is refused


class Scalar:
    """A number of another library."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def item(self) -> Any:
        if isinstance(self._value, list):
            raise ValueError("only an array of one has an item")
        return self._value


BAD_SCORES = [float("nan"), float("inf"), "0.5", True, [0.5], 10**400, Scalar(float("nan"))]


@pytest.mark.parametrize("bad", BAD_SCORES, ids=lambda bad: ascii(bad)[:10])
def test_a_score_that_is_no_number_is_refused_and_nothing_recorded(place: Place, bad: Any) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        for call in (
            lambda: logger.log_metric(session_id, 0.5, bad, 0.5),
            lambda: logger.end_session(session_id, 0.5, bad),
            lambda: logger.start_session("x", 0.5, bad),
        ):
            with pytest.raises((TypeError, ValueError), match=r"scale_conformity|sensitivity"):
                call()
        assert len(place.events()) == 1
        logger.end_session(session_id, **FINALS)
        assert stats_of(logger, session_id)["pitch_accuracy"] == 0.9


@pytest.mark.parametrize("bad", [2**31, 0.5, "7", False])
def test_a_count_that_no_column_holds_is_refused(place: Place, bad: Any) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        with pytest.raises((TypeError, ValueError), match="notes_detected"):
            logger.end_session(session_id, notes_detected=bad)
        assert stats_of(logger, session_id)["end_time"] is None


def test_flags_and_names_of_scores_of_the_wrong_type_are_refused(place: Place) -> None:
    with place.logger() as logger:
        for odd in ("pitch_accuracy", 7):
            with pytest.raises(TypeError, match="enabled_metrics"):
                begin(logger, enabled_metrics=odd)
        with pytest.raises(TypeError, match="ambient_lighting"):
            begin(logger, ambient_lighting="dim")
        session_id = begin(logger, ambient_lighting=1)
        assert stats_of(logger, session_id)["ambient_lighting_enabled"] is True


@pytest.mark.parametrize(
    ("scale", "user", "names"),
    [(None, None, "scale_name"), (7, None, "scale_name"), ("x", ["u"], "user_id")],
)
def test_a_session_of_the_wrong_type_is_refused(
    place: Place, scale: Any, user: Any, names: str
) -> None:
    with place.logger() as logger, pytest.raises(TypeError, match=names):
        logger.start_session(scale, 0.5, 0.5, user_id=user)
    assert not place.log.exists()


@pytest.mark.parametrize("text", ["\ud800", "x" * (2 << 20)], ids=["surrogate", "huge"])
def test_what_no_log_holds_is_refused(place: Place, text: str) -> None:
    with place.logger() as logger:
        with pytest.raises(InvalidEventError):
            logger.start_session(text, 0.5, 0.5)
        with pytest.raises(ValueError, match=r"surrogate|bytes"):
            logger.start_session("x", 0.5, 0.5, user_id=text)
        assert logger.get_user_sessions(text) == []


def test_numbers_of_other_libraries_are_unwrapped(place: Place) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        scalar: Any = Scalar(0.5)
        debug_info = {"pitch_class": Scalar(9), "in_scale": Scalar(True), "detected_hz": Scalar(2)}
        logger.log_metric(session_id, scalar, scalar, scalar, debug_info)
    data = place.events()[-1].data
    assert data["pitch_accuracy"] == 0.5
    assert data["detail"] == {"pitch_class": 9, "in_scale": True, "detected_hz": 2}


def test_further_details_are_kept_in_the_log(place: Place) -> None:
    with place.logger() as logger:
        measure(logger, begin(logger))
        logger.log_metric(begin(logger), 1, 1, 1, {**NOTE, "string": 5, "peaks": [1, 2]})
    assert place.events()[-1].data["detail"] == {**NOTE, "string": 5, "peaks": [1, 2]}


@pytest.mark.parametrize("odd", [object(), float("nan"), Scalar([1, 2]), "\ud800", "x" * (2 << 20)])
def test_further_details_that_no_log_holds_are_said_once_and_left_out(
    place: Place, caplog: pytest.LogCaptureFixture, odd: Any
) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        for _ in range(3):
            logger.log_metric(session_id, 1, 1, 1, {**NOTE, "odd": odd})
    assert caplog.text.count("debug_info is recorded without") == 1
    assert [event.data["detail"] for event in place.events()[1:]] == [NOTE] * 3


def test_a_detail_of_the_wrong_type_is_refused(place: Place) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        bad: list[Any] = [{"detected_hz": "high"}, {"pitch_class": 1.5}, {"in_scale": "yes"}, "x"]
        for debug_info in bad:
            with pytest.raises((TypeError, ValueError)):
                logger.log_metric(session_id, 1, 1, 1, debug_info)
        assert len(place.events()) == 1


# The log


def test_the_events_look_like_those_of_the_sample(place: Place) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id)
        logger.end_session(session_id, **FINALS)
    ours = place.events()
    sample = [one for one in sample_events(400) if str(one.source).startswith("practice/")]
    with EventLog.open(place.log.with_name("sample")) as log:
        log.extend(sample)
        theirs = {event.type: event.data for event in log.read()}
    for event in ours:
        assert event.source == "practice/ada"
        assert event.subject == session_id
        assert theirs[event.type].keys() <= event.data.keys()


def test_the_read_models_know_what_it_means(place: Place) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id, 2)
        logger.end_session(session_id, **FINALS)
    with EventLog.open(place.log, readonly=True) as log:
        (summary,) = project(log, SessionSummaries())
        statistics = project(log, PracticeMetrics())
    assert (summary.status, summary.events, summary.incomplete) == ("ended", 4, 0)
    assert summary.metrics == {
        "pitch_accuracy": 0.85, "scale_conformity": 0.6, "timing_stability": 0.72,
    }  # fmt: skip
    assert [(one.user, one.sessions) for one in statistics.users] == [("ada", 1)]


def test_sessions_of_other_systems_are_not_seen(place: Place) -> None:
    other = str(uuid4())
    with EventLog.open(place.log) as log:
        log.append("session.started", {"user_id": "ada"}, subject=other, source="agent/7")
        log.append("session.started", {"user_id": "ada"}, subject="p-1", source="practice/x")
    with place.logger() as logger:
        measure(logger, other)
        assert logger.get_session_stats(other) is None
        assert logger.get_user_sessions("ada") == []
        assert logger.flush()
    assert len(place.events()) == 2
    assert place.tables() == ([], [])


def test_while_another_process_keeps_the_log_everything_works_and_waits(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with unwritable(place.log), place.logger() as logger, caplog.at_level(logging.ERROR):
        session_id = begin(logger)
        measure(logger, session_id, 3)
        logger.end_session(session_id)
        assert stats_of(logger, session_id)["pitch_accuracy"] == pytest.approx(0.85)
        assert len(logger.get_user_sessions("ada")) == 1
        assert place.events() == []
    with place.logger() as logger:
        assert logger.flush()
        assert stats_of(logger, session_id)["notes_detected_count"] == 3
    assert len(place.events()) == 5


def test_a_log_that_cannot_be_read_is_an_error_line_and_no_answer(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.log.mkdir()
    (place.log / "log.json").write_text("{}")
    with place.logger() as logger:
        assert logger.get_session_stats(str(uuid4())) is None
    assert "[ERR] practice sessions: the log could not be read" in caplog.text


def test_a_log_damaged_meanwhile_lets_a_session_go_on(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        measure(logger, session_id, 3)
    del logger  # and with it, all that was known
    close_shared_logs()
    with place.logger() as logger:
        assert stats_of(logger, session_id)["end_time"] is None
        (segment,) = (place.log / "segments").iterdir()
        sound = segment.read_bytes()
        segment.write_bytes(sound.replace(b"0.85", b"0.95", 1))
        measure(logger, session_id)
        logger.end_session(session_id)
        assert stats_of(logger, session_id)["pitch_accuracy"] == 0.85
        segment.write_bytes(sound)
        assert flushed(logger)
    assert [event.type for event in place.events()[-2:]] == ["metric.recorded", "session.ended"]
    assert "[ERR] earlier measurements will lack in the averages" in caplog.text
    assert "kept in memory" in caplog.text


def test_another_log_at_the_same_place_has_other_sessions(place: Place) -> None:
    with place.logger() as logger:
        session_id = begin(logger)
        assert flushed(logger)
        close_shared_logs()
        place.log.rename(place.log.with_name("away"))
        other = begin(logger)
        assert logger.get_session_stats(session_id) is None
        assert stats_of(logger, other)["scale_name"] == "C major"
        assert flushed(logger)
    assert len(place.tables()[0]) == 2  # it was not told to forget


def test_the_name_of_the_log_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EVENTLOG_DIR", str(tmp_path / "there"))
    with SessionLogger() as logger:
        begin(logger)
        assert logger.database == str(tmp_path.resolve() / "there.practice.sqlite")
    assert (tmp_path / "there" / "log.json").exists()


# The process's one logger


def test_there_is_one_logger_until_it_is_closed() -> None:
    first = practice.get_session_logger()
    assert practice.get_session_logger() is practice.initialize_session_logger() is first
    practice.close()
    assert first.closed
    assert practice.get_session_logger() is not first


def test_a_logger_that_could_not_be_made_is_made_by_the_next_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DB_PORT", "none")
    with pytest.raises(practice.SettingError):
        practice.get_session_logger()
    monkeypatch.delenv("DB_PORT")
    assert not practice.get_session_logger().closed


def test_closing_lets_others_write_to_the_log(place: Place) -> None:
    with place.logger() as logger:
        begin(logger)
    with EventLog.open(place.log, lock_timeout=0) as log:
        assert log.head() == 1


def test_a_closed_logger_still_records(place: Place) -> None:
    logger = place.logger()
    logger.close()
    logger.close()
    session_id = begin(logger)
    assert stats_of(logger, session_id)["scale_name"] == "C major"
    assert not logger.flush()
    with place.logger() as another:
        assert another.flush()
    assert len(place.tables()[0]) == 1
