"""Saving, loading and capturing the state; statistics; cleaning up."""

from __future__ import annotations

import json
import os
import resource
import signal
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import sessions.recovery as recovery
from eventlog import Event
from sessions.recovery import CrashInfo, SessionRecoveryEngine, SessionState
from sessions.recovery._state import decode_state, encode_state

from .conftest import MakeEngine

FIELDS = [
    "timestamp", "planet", "zone", "coordinates", "current_quest", "quest_step", "xp_level",
    "xp_current", "xp_next_level", "equipped_weapon", "active_modes", "task_queue",
    "session_duration", "crash_count", "last_save_time", "recovery_enabled", "auto_restart",
    "auto_relog",
]  # fmt: skip


def a_state(**changes: Any) -> SessionState:
    """A state as another process may have saved it."""
    values: dict[str, Any] = {
        "timestamp": 1_700_000_000.5, "planet": "naboo", "zone": "theed", "coordinates": [1, -2],
        "current_quest": {"name": "Q", "step": 3}, "quest_step": 3, "xp_level": 20,
        "xp_current": 5, "xp_next_level": 9, "equipped_weapon": None, "active_modes": ["guard"],
        "task_queue": ["a", "b"], "session_duration": 1800.0, "crash_count": 2,
        "last_save_time": 1_700_000_000.5, "recovery_enabled": True, "auto_restart": False,
        "auto_relog": True,
    }  # fmt: skip
    return SessionState(**{**values, **changes})


def put(state: SessionState, path: Path = Path("tmp/session_state.json")) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(attrs.asdict(state)))
    return path


# The classes


def test_a_state_has_the_documented_fields_in_order() -> None:
    assert [field.name for field in attrs.fields(SessionState)] == FIELDS
    assert all(field.default is attrs.NOTHING for field in attrs.fields(SessionState))


def test_a_crash_has_the_documented_fields_in_order() -> None:
    crash = CrashInfo("type", "message", 1.5, True, False)
    assert (crash.error_type, crash.error_message, crash.timestamp) == ("type", "message", 1.5)
    assert (crash.recovery_attempted, crash.recovery_successful) == (True, False)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | names,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=5,
)


@given(
    st.builds(
        a_state,
        planet=names,
        zone=names,
        timestamp=st.floats(1e-3, 2e11),
        coordinates=st.lists(st.integers(-(2**31), 2**31)),
        current_quest=st.none() | st.dictionaries(names, json_values, max_size=3),
        task_queue=st.lists(names),
        crash_count=st.integers(0, 2**31),
    )
)
def test_decoding_gives_back_what_was_encoded(state: SessionState) -> None:
    assert decode_state(encode_state(state), needs_place=True) == state


# Saving


def test_a_saved_state_is_a_json_file_of_all_fields(engine: SessionRecoveryEngine) -> None:
    before = time.time()
    assert engine.save_session_state() is True
    saved = json.loads(Path("tmp/session_state.json").read_text())
    assert list(saved) == FIELDS
    assert before <= saved["timestamp"] <= saved["last_save_time"] <= time.time()


def test_a_new_engine_finds_the_saved_state(
    engine: SessionRecoveryEngine, make_engine: MakeEngine
) -> None:
    assert engine.current_state is None
    engine.save_session_state()
    assert make_engine().current_state == engine.current_state != None  # noqa: E711


def test_while_disabled_nothing_is_saved_unless_forced(
    engine: SessionRecoveryEngine, recorded: Callable[[], list[Event]]
) -> None:
    engine.recovery_enabled = False
    assert engine.save_session_state() is False
    assert not engine.state_file.exists() and recorded() == []
    assert engine.save_session_state(force=True) is True
    assert engine.state_file.exists()


def test_a_saved_state_replaces_the_file_as_a_whole(engine: SessionRecoveryEngine) -> None:
    """Whoever has the old file open keeps reading the old state."""
    engine.save_session_state()
    with engine.state_file.open() as old:
        engine.task_queue = ["new"]
        engine.save_session_state()
        assert json.load(old)["task_queue"] == []
    assert sorted(os.listdir("tmp")) == [".session_state.json.spare", "session_state.json"]


def test_the_state_file_is_private(engine: SessionRecoveryEngine) -> None:
    before = os.umask(0)
    try:
        engine.save_session_state()
    finally:
        os.umask(before)
    assert stat.S_IMODE(engine.state_file.stat().st_mode) == 0o600


def test_a_symbolic_link_is_not_written_through(
    engine: SessionRecoveryEngine, caplog: pytest.LogCaptureFixture
) -> None:
    Path("victim").write_text("mine")
    Path("tmp").mkdir()
    engine.state_file.symlink_to("../victim")
    assert engine.save_session_state() is False
    assert Path("victim").read_text() == "mine"
    assert "symbolic link" in caplog.text


@pytest.mark.parametrize("name", ["file/state.json", "directory", "x" * 300, "a\0b"])
def test_a_place_that_takes_no_file_gives_false(
    engine: SessionRecoveryEngine, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    Path("file").touch()
    Path("directory").mkdir()
    before = sorted(os.listdir())
    engine.state_file = Path(name)
    assert engine.save_session_state() is False
    assert "not saved" in caplog.text
    assert sorted({*os.listdir()} - {"activity.eventlog"}) == before
    assert engine.current_state is None


def test_a_full_disk_keeps_the_last_state(engine: SessionRecoveryEngine) -> None:
    engine.save_session_state()
    saved = engine.current_state
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
        assert engine.save_session_state() is False
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert engine.load_session_state() == saved
    assert not list(Path("tmp").glob("*.new"))


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("get_current_quest", {"step": 1, "odds": float("nan")}),
        ("get_current_quest", {"step": 1, "text": "\ud800"}),
        ("get_current_quest", {"step": 1, "what": object()}),
        ("get_current_quest", {"step": 1, "text": "x" * (2 << 20)}),
        ("get_current_xp", {"level": 2**70, "xp": 1, "next_level": 2}),
        ("get_current_location", {"planet": "", "zone": "x", "coordinates": []}),
    ],
)
def test_a_state_that_could_not_be_loaded_again_is_not_saved(
    engine: SessionRecoveryEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    answer: dict[str, Any],
) -> None:
    engine.save_session_state()
    good = engine.state_file.read_bytes()
    monkeypatch.setattr(recovery, name, lambda: answer)
    assert engine.save_session_state() is False
    assert "not saved" in caplog.text
    assert engine.state_file.read_bytes() == good


def test_a_quest_that_holds_itself_is_not_saved(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    quest: dict[str, Any] = {"step": 1}
    quest["again"] = quest
    monkeypatch.setattr(recovery, "get_current_quest", lambda: quest)
    assert engine.save_session_state() is False


def test_tasks_that_are_no_texts_are_not_saved(engine: SessionRecoveryEngine) -> None:
    engine.task_queue = [{"task": 1}]  # type: ignore[list-item]
    assert engine.save_session_state() is False


def test_texts_of_any_characters_come_back(engine: SessionRecoveryEngine) -> None:
    engine.task_queue = ["\x1b[31m", "\u202e", "ä", "\0", "x" * 10_000, "../../etc/passwd"]
    assert engine.save_session_state() is True
    loaded = engine.load_session_state()
    assert loaded is not None and loaded.task_queue == engine.task_queue


def test_relative_paths_are_resolved_at_each_call(
    engine: SessionRecoveryEngine, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trap 25: a program that changes its directory moves the state file, not the log."""
    (directory / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    assert engine.save_session_state()
    assert (directory / "elsewhere/tmp/session_state.json").exists()
    assert not (directory / "tmp").exists()
    assert (directory / "activity.eventlog").exists()


def test_making_an_engine_leaves_nothing_on_the_disk(
    engine: SessionRecoveryEngine, directory: Path
) -> None:
    assert engine.current_state is None
    assert os.listdir(directory) == []


# Loading


def test_without_a_file_there_is_no_state(
    engine: SessionRecoveryEngine, caplog: pytest.LogCaptureFixture
) -> None:
    assert engine.load_session_state() is None
    assert caplog.text == ""


@pytest.mark.parametrize(
    "content",
    [
        b"", b"null", b"[]", b"{", b"\xff\xfe", b"{}", b'{"planet": "x"}', b"[" * 100_000,
        json.dumps({**attrs.asdict(a_state()), "timestamp": 0}).encode(),
        json.dumps({**attrs.asdict(a_state()), "timestamp": 1e300}).encode(),
        json.dumps({**attrs.asdict(a_state()), "timestamp": float("nan")}).encode(),
        json.dumps({**attrs.asdict(a_state()), "last_save_time": -1e300}).encode(),
        json.dumps({**attrs.asdict(a_state()), "planet": ""}).encode(),
        json.dumps({**attrs.asdict(a_state()), "zone": ""}).encode(),
        json.dumps({**attrs.asdict(a_state()), "task_queue": "abc"}).encode(),
        json.dumps({**attrs.asdict(a_state()), "crash_count": None}).encode(),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_whole_state_gives_none(
    make_engine: MakeEngine, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    Path("tmp").mkdir()
    Path("tmp/session_state.json").write_bytes(content)
    assert make_engine().current_state is None
    assert "not loaded" in caplog.text


def test_names_that_a_later_version_may_add_are_ignored(engine: SessionRecoveryEngine) -> None:
    put(a_state()).write_text(json.dumps({**attrs.asdict(a_state()), "added": 1}))
    assert engine.load_session_state() == a_state()


def test_a_file_of_any_size_is_read_only_so_far(
    engine: SessionRecoveryEngine, caplog: pytest.LogCaptureFixture
) -> None:
    Path("tmp").mkdir()
    with engine.state_file.open("wb") as file:
        file.truncate(1 << 40)
    assert engine.load_session_state() is None
    assert "more than" in caplog.text


def test_a_pipe_in_its_place_does_not_block(engine: SessionRecoveryEngine) -> None:
    Path("tmp").mkdir()
    os.mkfifo(engine.state_file)
    assert engine.load_session_state() is None


def test_the_state_file_may_be_set_to_another_one(engine: SessionRecoveryEngine) -> None:
    engine.state_file = put(a_state(), Path("other.json"))
    assert engine.load_session_state() == a_state()


# Capturing


def test_without_functions_of_its_own_a_program_gets_made_up_values(
    engine: SessionRecoveryEngine,
) -> None:
    state = engine.capture_current_state()
    assert state is not None
    assert (state.planet, state.zone, state.xp_level) == ("tatooine", "mos_eisley", 10)
    assert state.current_quest is not None and state.current_quest["name"] == "Test Quest"
    assert state.equipped_weapon is not None
    assert state.equipped_weapon["name"] == "E-11 Blaster Rifle"
    assert engine.current_state is None


def test_functions_put_into_the_module_are_asked_at_each_call(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    quest = {"name": "Find it", "step": 4, "objectives": ["look"]}
    place = {"planet": "naboo", "zone": "theed", "coordinates": (7, 8.0)}
    monkeypatch.setattr(recovery, "get_current_location", lambda: place)
    monkeypatch.setattr(recovery, "get_current_quest", lambda: quest)
    monkeypatch.setattr(
        recovery, "get_current_xp", lambda: {"level": 3, "xp": 10, "next_level": 40}
    )
    monkeypatch.setattr(recovery, "get_equipped_weapon", lambda: {"type": "t", "name": "n"})
    state = engine.capture_current_state()
    assert state is not None
    assert (state.planet, state.zone, state.coordinates) == ("naboo", "theed", [7, 8])
    assert (state.current_quest, state.quest_step) == (quest, 4)
    assert (state.xp_level, state.xp_current, state.xp_next_level) == (3, 10, 40)
    assert state.equipped_weapon == {"type": "t", "name": "n"}


def test_without_quest_and_weapon_there_is_none(
    engine: SessionRecoveryEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "get_current_quest", lambda: None)
    monkeypatch.setattr(recovery, "get_equipped_weapon", lambda: None)
    state = engine.capture_current_state()
    assert state is not None
    assert (state.current_quest, state.quest_step, state.equipped_weapon) == (None, 0, None)


def failing() -> Any:
    raise RuntimeError("no picture")


@pytest.mark.parametrize(
    "hook", [failing, lambda: None, dict, lambda: {"coordinates": [float("nan")]}]
)
def test_a_failing_function_falls_back_to_made_up_values(
    engine: SessionRecoveryEngine,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hook: Callable[[], Any],
) -> None:
    monkeypatch.setattr(recovery, "get_current_location", hook)
    state = engine.capture_current_state()
    assert state is not None and state.planet == "tatooine"
    assert "get_current_location failed" in caplog.text


@pytest.mark.parametrize("hook", [recovery.get_current_location, failing])
def test_made_up_values_never_replace_known_ones(
    make_engine: MakeEngine, monkeypatch: pytest.MonkeyPatch, hook: Callable[[], Any]
) -> None:
    put(a_state())
    engine = make_engine()
    monkeypatch.setattr(recovery, "get_current_location", hook)
    state = engine.capture_current_state()
    assert state is not None
    assert (state.planet, state.coordinates) == ("naboo", [1, -2])


@pytest.mark.parametrize(
    ("switch", "neutral"),
    [
        ("track_location", {"planet": "", "zone": "", "coordinates": []}),
        ("track_quests", {"current_quest": None, "quest_step": 0}),
        ("track_xp", {"xp_level": 0, "xp_current": 0, "xp_next_level": 0}),
        ("track_equipment", {"equipped_weapon": None}),
    ],
)
def test_a_switch_that_is_off_leaves_its_fields_neutral(
    make_engine: MakeEngine, switch: str, neutral: dict[str, Any]
) -> None:
    tracked = make_engine().capture_current_state()
    state = make_engine({"session_tracking": {switch: False}}).capture_current_state()
    assert state is not None and tracked is not None
    assert {name: getattr(state, name) for name in neutral} == neutral
    assert all(getattr(tracked, name) != value for name, value in neutral.items())


def test_with_tracking_off_all_is_neutral_and_still_loads(make_engine: MakeEngine) -> None:
    engine = make_engine({"session_tracking": {"enabled": False}})
    assert engine.save_session_state()
    state = engine.load_session_state()
    assert state is not None
    assert (state.planet, state.xp_level, state.current_quest) == ("", 0, None)


def test_flags_come_from_the_engine(engine: SessionRecoveryEngine) -> None:
    engine.auto_relog = True
    engine.recovery_enabled = False
    state = engine.capture_current_state()
    assert state is not None
    assert (state.recovery_enabled, state.auto_restart, state.auto_relog) == (False, False, True)


# Statistics


def test_without_a_state_there_are_no_statistics(engine: SessionRecoveryEngine) -> None:
    assert engine.get_session_statistics() == {}


def test_statistics_take_the_flags_of_the_state_and_the_rest_of_the_engine(
    engine: SessionRecoveryEngine,
) -> None:
    """Trap 21."""
    engine.current_state = a_state(recovery_enabled=False, auto_restart=True)
    engine.save_interval = 180
    assert engine.auto_relog is False
    assert engine.get_session_statistics() == {
        "session_duration": 1800.0,
        "crash_count": 2,
        "last_save": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(1_700_000_000)),
        "recovery_enabled": False,
        "auto_restart": True,
        "auto_relog": True,
        "save_interval": 180,
        "state_file": "tmp/session_state.json",
    }


# Cleaning up


def make_older(path: Path, hours: float) -> None:
    moment = time.time() - hours * 3600
    os.utime(path, (moment, moment))


def test_age_is_that_of_the_file_not_of_what_stands_in_it(engine: SessionRecoveryEngine) -> None:
    """Trap 22: a state of yesterday that was just written stays."""
    path = put(a_state(timestamp=time.time() - 24 * 3600))
    assert engine.cleanup_old_states(max_age_hours=24) == 0
    assert path.exists()
    make_older(path, 25)
    assert engine.cleanup_old_states() == 1
    assert not path.exists()


def test_only_files_of_the_engine_are_deleted(engine: SessionRecoveryEngine) -> None:
    path = put(a_state())
    leftover = path.with_name(".session_state.json.0123abcd.new")
    others = [path.with_name(name) for name in ("session_state.json.bak", "other.json")]
    for one in (path, leftover, *others):
        one.touch()
        make_older(one, 48)
    assert engine.cleanup_old_states(24) == 2
    assert sorted(path.parent.iterdir()) == sorted(others)


def test_links_and_directories_are_not_deleted(engine: SessionRecoveryEngine) -> None:
    Path("mine").touch()
    make_older(Path("mine"), 48)
    Path("tmp").mkdir()
    engine.state_file.symlink_to("../mine")
    assert engine.cleanup_old_states(24) == 0
    assert Path("mine").exists() and engine.state_file.is_symlink()


@pytest.mark.parametrize("age", [-1, float("nan")])
def test_an_age_that_is_none_is_refused(engine: SessionRecoveryEngine, age: float) -> None:
    path = put(a_state())
    with pytest.raises(ValueError, match="max_age_hours"):
        engine.cleanup_old_states(age)
    assert path.exists()
