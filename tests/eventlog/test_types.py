"""Typed events: classes, their stored names, and old data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import eventlog
from eventlog import (
    STANDARD_TYPES,
    Event,
    EventLog,
    EventTypes,
    FileRead,
    InvalidEventError,
    MetricRecorded,
    SessionStarted,
    SessionSummarized,
    TaskCompleted,
    TaskStarted,
    UnknownTypeError,
)
from eventlog._codec import decode_line
from tests.eventlog.test_codec import encode
from tests.support import strategies

STANDARD = [
    cls
    for name in eventlog.__all__
    if attrs.has(cls := getattr(eventlog, name)) and cls.__module__ == "eventlog._standard"
]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "str": strategies.texts,
    "str | None": st.none() | strategies.texts,
    "int": strategies.integers,
    "int | None": st.none() | strategies.integers,
    "float": strategies.floats,
    "float | None": st.none() | strategies.floats,
    "Mapping[str, Any]": strategies.datas,
    "list[dict[str, Any]]": st.lists(strategies.datas, max_size=3),
}


def instances(cls: type) -> st.SearchStrategy[Any]:
    """Instances with any values; the rest takes keys that no field has."""
    fields = attrs.fields(cls)
    own = {field.name for field in fields}
    arguments: dict[str, st.SearchStrategy[Any]] = {}
    for field in fields:
        values = VALUES[str(field.type)]
        if field.metadata:
            values = strategies.datas.map(
                lambda rest: {name: value for name, value in rest.items() if name not in own}
            )
        arguments[field.name] = values
    return st.builds(cls, **arguments)


def through_a_line(instance: object) -> Event:
    type_, version, data = STANDARD_TYPES.dump(instance)
    return decode_line(encode(type_, data, schemaversion=version))


def test_every_standard_type_of_the_documents_has_a_class() -> None:
    names = {STANDARD_TYPES.dump(_smallest(cls))[0] for cls in STANDARD}
    assert len(STANDARD) == len(names) == 14
    assert names == {
        "session.started", "session.ended", "session.summarized", "session.annotated",
        "task.started", "task.completed", "file.read", "file.written", "tool.called",
        "area.visited", "metric.recorded", "state.saved", "crash.detected", "recovery.completed",
    }  # fmt: skip


def _smallest(cls: type) -> Any:
    required = [field.name for field in attrs.fields(cls) if field.default is attrs.NOTHING]
    return cls(**dict.fromkeys(required, "x"))


@given(st.one_of([instances(cls) for cls in STANDARD]))
def test_loading_is_the_inverse_of_dumping(instance: Any) -> None:
    assert STANDARD_TYPES.load(through_a_line(instance)) == instance


@pytest.mark.parametrize("cls", STANDARD)
def test_fields_at_their_default_are_left_out(cls: type) -> None:
    required = {field.name for field in attrs.fields(cls) if field.default is attrs.NOTHING}
    assert set(STANDARD_TYPES.dump(_smallest(cls))[2]) == required


def test_further_keys_stand_beside_the_others_and_come_back() -> None:
    event = through_a_line(TaskStarted(task="t", extra={"priority": 1, "metadata2": None}))
    assert event.data == {"priority": 1, "metadata2": None, "task": "t"}
    assert STANDARD_TYPES.load(event).extra == {"priority": 1, "metadata2": None}
    assert STANDARD_TYPES.dump(MetricRecorded({"a": 1}))[2] == {"a": 1}
    assert STANDARD_TYPES.dump(SessionStarted())[2] == {}


@pytest.mark.parametrize("name", ["task", "metadata", "extra"])
def test_a_rest_key_that_is_a_field_of_the_class_is_refused_or_kept_apart(name: str) -> None:
    instance = TaskStarted(task="t", extra={name: {"a": 1}})
    if name == "extra":  # no stored name of its own, so nothing is shadowed
        assert STANDARD_TYPES.load(through_a_line(instance)) == instance
        return
    with pytest.raises(InvalidEventError, match=f"has a field '{name}' of its own"):
        STANDARD_TYPES.dump(instance)


def test_a_typed_event_is_appended_and_loaded(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append(TaskCompleted(task="t", duration_ms=5, extra={"who": "me"}), subject="s")
        event = next(log.read())
        assert event.type == "task.completed"
        assert event.data == {"task": "t", "duration_ms": 5, "who": "me"}
        assert log.types.load(event) == TaskCompleted("t", 5, {}, {"who": "me"})


# What does not fit


def _event(type_: str, data: dict[str, Any], schemaversion: int = 1) -> Event:
    return decode_line(encode(type_, data, schemaversion=schemaversion))


def test_an_unknown_type_is_told_with_its_sequence() -> None:
    with pytest.raises(UnknownTypeError, match=r"for type 'no\.such'") as raised:
        STANDARD_TYPES.load(_event("no.such", {}))
    assert raised.value.sequence == 42


@pytest.mark.parametrize("instance", [object(), 5, _smallest])
def test_an_object_that_is_no_registered_event_is_refused(tmp_path: Path, instance: object) -> None:
    with (
        EventLog.open(tmp_path / "log") as log,
        pytest.raises(UnknownTypeError, match="register it, or append a type name with data"),
    ):
        log.append(instance)


def test_a_typed_event_takes_no_data_beside_it(tmp_path: Path) -> None:
    with (
        EventLog.open(tmp_path / "log") as log,
        pytest.raises(InvalidEventError, match="leave data out"),
    ):
        log.append(TaskStarted("t"), {"a": 1})


@pytest.mark.parametrize(
    ("type_", "data", "problem"),
    [
        ("task.started", {"task": None}, "data.task"),
        ("task.started", {"task": 12}, "data.task"),
        ("file.read", {"path": "p", "size_bytes": "12"}, "data.size_bytes"),
        ("file.read", {"path": "p", "size_bytes": 1.5}, "data.size_bytes"),
        ("area.visited", {"area": "a", "kills": True}, "data.kills"),
        ("task.started", {}, "required field missing @ data.task"),
        (
            "task.completed",
            {"task": "t", "duration_ms": "long"},
            "expected float.* @ data.duration_ms",
        ),
        ("file.read", {"path": "p", "size_bytes": []}, r"int.*@ data.size_bytes"),
        ("session.summarized", {"areas": [{}, 5]}, r"@ data.areas\[1\]"),
        ("task.started", {"task": "t", "metadata": 3}, "@ data.metadata"),
    ],
)
def test_data_that_does_not_fit_its_class_is_told_with_its_path(
    type_: str, data: dict[str, Any], problem: str
) -> None:
    with pytest.raises(InvalidEventError, match=problem) as raised:
        STANDARD_TYPES.load(_event(type_, data))
    assert raised.value.sequence == 42


# Registering


def test_a_copy_of_a_set_takes_more_without_changing_the_first() -> None:
    types = EventTypes(STANDARD_TYPES)

    @types.register("deploy.finished")
    @attrs.frozen
    class DeployFinished:
        service: str

    assert types.dump(DeployFinished("web")) == ("deploy.finished", 1, {"service": "web"})
    with pytest.raises(UnknownTypeError):
        STANDARD_TYPES.dump(DeployFinished("web"))


def test_a_class_without_a_rest_drops_nothing_silently() -> None:
    types = EventTypes()

    @types.register("a")
    @attrs.frozen
    class A:
        x: int

    assert types.load(_event("a", {"x": 1})) == A(1)


def test_a_name_is_registered_once_and_only_for_an_attrs_class() -> None:
    types = EventTypes(STANDARD_TYPES)
    with pytest.raises(ValueError, match="registered already"):
        types.register("task.started")(attrs.make_class("Again", ["x"]))
    with pytest.raises(TypeError, match=r"decorate it with attrs\.frozen"):
        types.register("plain")(type("Plain", (), {}))


def test_a_version_above_1_is_stored(tmp_path: Path) -> None:
    types = EventTypes()

    @types.register("a", version=3)
    @attrs.frozen
    class A:
        x: int

    with EventLog.open(tmp_path / "log", types=types) as log:
        log.append(A(1))
        assert next(log.read()).schemaversion == 3


# Upcasters


def upcasting(calls: list[int] | None = None) -> EventTypes:
    """Minutes became seconds in version 2, and these got another name in version 3."""
    types = EventTypes()

    @types.upcaster("deploy", from_version=1)
    def to_2(data: dict[str, Any]) -> dict[str, Any]:
        if calls is not None:
            calls.append(1)
        return {"seconds": data.pop("minutes") * 60, **data}

    @types.upcaster("deploy", from_version=2)
    def to_3(data: dict[str, Any]) -> dict[str, Any]:
        return {"duration": data["seconds"]}

    @types.register("deploy", version=3)
    @attrs.frozen
    class Deploy:
        duration: int

    return types


@pytest.mark.parametrize(
    ("version", "data"), [(1, {"minutes": 2}), (2, {"seconds": 120}), (3, {"duration": 120})]
)
def test_old_data_goes_through_every_later_step(
    tmp_path: Path, version: int, data: dict[str, Any]
) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("deploy", data, subject="s", extensions={"schemaversion": version, "x": "y"})
        log.append("other", {"minutes": 2})
        stored = next(log.read())
    assert stored.data == data
    types = upcasting()
    with EventLog.open(tmp_path / "log", readonly=True, types=types) as log:
        event, other = log.read()
        assert (event.data, event.schemaversion) == ({"duration": 120}, 3)
        assert (event.subject, event.extensions, event.time) == ("s", {"x": "y"}, stored.time)
        assert (event.id, event.crc32, event.commit) == (stored.id, stored.crc32, 1)
        assert other.data == {"minutes": 2}
        assert next(log.follow(after=0, timeout=0)) == event
        assert types.load(event) == types.load(stored)
        assert types.load(stored).duration == 120


def test_an_upcaster_does_not_change_the_event_it_was_given() -> None:
    event = _event("deploy", {"minutes": 2})
    upcasting().upcast(event)
    assert event.data == {"minutes": 2}


def test_only_events_that_pass_the_filters_are_upcast(tmp_path: Path) -> None:
    calls: list[int] = []
    with EventLog.open(tmp_path / "log", types=upcasting(calls)) as log:
        for subject in ("a", "b", "b"):
            log.append("deploy", {"minutes": 1}, subject=subject)
        assert len(list(log.read(subject="a"))) == 1
    assert calls == [1]


def test_rest_fields_are_mappings_in_the_class() -> None:
    loaded = STANDARD_TYPES.load(_event("session.summarized", {"gold": 5, "more": [1]}))
    assert loaded == SessionSummarized(gold=5, extra={"more": [1]})
    assert STANDARD_TYPES.load(_event("file.read", {"path": "p"})) == FileRead("p")


def test_an_upcaster_that_fails_is_told_with_its_type_and_the_sequence() -> None:
    with pytest.raises(
        InvalidEventError, match="an upcaster of type 'deploy' failed: KeyError: 'minutes'"
    ) as raised:
        upcasting().upcast(_event("deploy", {}))
    assert raised.value.sequence == 42
