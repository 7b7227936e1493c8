"""The farming ledger as a projection, and the logger against a model of the original."""

from __future__ import annotations

import json
import tempfile
from contextlib import chdir
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from eventlog import Event, EventLog, verify
from projections import canonical_json, fold
from projections._states import StateCodec
from sessions._shared_log import close_shared_logs
from sessions.farming import SessionLogger
from sessions.farming._ledger import FarmingLedgers
from tests.sessions.farming.helpers import FILE, LOG
from tests.support import DEEP

LEDGERS = FarmingLedgers()


# The law

KEYS = st.sampled_from(["a", "b", "c", "d"])
RECORDS = st.one_of(st.builds(lambda n: {"total_gold": n}, st.integers(0, 3)), st.just(5))
FITTING = st.one_of(
    st.tuples(
        st.sampled_from(["session.summarized", "session.imported"]),
        st.fixed_dictionaries({"record": RECORDS}),
    ),
    st.tuples(st.just("session.annotated"), st.fixed_dictionaries({"notes": st.just("n") | KEYS})),
    st.tuples(
        st.just("session.exported"),
        st.fixed_dictionaries({"sessions": st.lists(KEYS, max_size=4), "through": st.just(0)}),
    ),
)
WRONG = st.tuples(
    st.sampled_from(sorted(LEDGERS.types)),
    st.fixed_dictionaries(
        {},
        optional={
            "notes": st.just(5),
            "sessions": st.sampled_from([None, 7, [7, "a", "a"]]),
            "through": st.sampled_from([None, "x", 3, 2**63]),
        },
    ),
)


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    events = []
    news = draw(st.lists(st.one_of(FITTING, FITTING, FITTING, WRONG), max_size=25))
    for sequence, (type_, data) in enumerate(news, 1):
        through = {"through": draw(st.integers(0, sequence))} if data.get("through") == 0 else {}
        events.append(
            Event(
                id=f"e-{sequence}",
                source=draw(st.sampled_from(["farming/x", "farming/x", "agent/x"])),
                type=type_,
                time=datetime(2026, 2, 2, tzinfo=UTC),
                subject=draw(st.one_of(KEYS, KEYS, st.none())),
                data={"file": draw(st.sampled_from(["f", "f", "f", "g", 5])), **data, **through},
                digits=f"{sequence:019d}",
            )
        )
    return events


@given(histories(), st.data())
@settings(max_examples=1500 if DEEP else 150)
def test_folding_in_pieces_and_merging_gives_the_same(
    events: list[Event], data: st.DataObject
) -> None:
    codec = StateCodec(LEDGERS)
    whole = canonical_json(LEDGERS.result(fold(LEDGERS, events)))
    first, second = sorted(data.draw(st.tuples(*[st.integers(0, len(events))] * 2)))
    a, b, c = (
        codec.load(codec.dump(fold(LEDGERS, part)))
        for part in (events[:first], events[first:second], events[second:])
    )
    left = LEDGERS.merge(LEDGERS.merge(codec.load(codec.dump(a)), b), c)
    assert canonical_json(LEDGERS.result(left)) == whole
    a, b, c = (fold(LEDGERS, p) for p in (events[:first], events[first:second], events[second:]))
    assert canonical_json(LEDGERS.result(LEDGERS.merge(a, LEDGERS.merge(b, c)))) == whole


def test_a_session_recorded_while_the_file_was_written_is_pending() -> None:
    """Its record came after what the writer of the file knew."""
    told: list[tuple[str, str, dict[str, Any]]] = [
        ("session.summarized", "a", {"record": 1}),
        ("session.summarized", "b", {"record": 2}),
        ("session.exported", "a", {"sessions": ["a"], "through": 1}),
    ]
    state = LEDGERS.initial_one()
    for sequence, (type_, key, data) in enumerate(told, 1):
        state.take(type_, key, data, sequence)
    assert state.ledger().published == [("a", 1)]
    assert state.ledger().pending == [("b", 2)]


def test_a_session_that_was_imported_before_it_came_is_shown_once() -> None:
    """Another process recorded it; it waited for the log, and its record was in the file."""
    record = {"total_gold": 5, "end_time": 1.5, "notes": ""}
    state = LEDGERS.initial_one()
    state.take("session.imported", "a", {"record": {**record, "notes": "edited"}}, 1)
    state.take("session.exported", "a", {"sessions": ["a"], "through": 1}, 2)
    state.take("session.summarized", "b", {"record": record}, 3)
    assert [key for key, _ in state.ledger().all] == ["a"]
    assert list(state.sessions()) == ["b"]


# The logger


class Machine(RuleBasedStateMachine):
    """Saves, edits and accidents; the model is the list that the original would have."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        self.home = chdir(self.directory.name)
        self.home.__enter__()
        self.farm = SessionLogger("Farmer_")
        self.model: list[Any] = []
        self.unwritten: list[Any] = []
        self.saved = 0

    def teardown(self) -> None:
        close_shared_logs()
        report = verify(LOG) if LOG.exists() else None
        with EventLog.open(LOG) as log:
            golds = [
                one.data["gold"]
                for one in log.read(types="session.summarized")
                if not one.data.get("imported")
            ]
        self.home.__exit__(None, None, None)
        self.directory.cleanup()
        assert report is None or report.ok
        assert golds == list(range(self.saved)), "a session is not in the log"

    def save(self) -> dict[str, Any]:
        self.farm.save_session({"gold_collected": self.saved, "session_duration": 1})
        self.saved += 1
        return {"total_gold": self.saved - 1, "notes": ""}

    @rule()
    def saves(self) -> None:
        self.model = (self.model + self.unwritten + [self.save()])[-100:]
        self.unwritten = []

    @rule()
    def saves_while_the_file_cannot_be_written(self) -> None:
        obstacle = Path("logs/.farming_sessions.json.tmp")
        obstacle.mkdir()
        new = self.save()
        obstacle.rmdir()
        self.unwritten.append(new)

    @rule(reopen=st.booleans())
    def is_made_again(self, reopen: bool) -> None:
        if reopen:
            close_shared_logs()
        self.farm = SessionLogger("Farmer_")

    @rule()
    def seals_the_log(self) -> None:
        close_shared_logs()
        with EventLog.open(LOG) as log:
            log.seal()

    @precondition(lambda self: self.model)
    @rule(data=st.data(), notes=st.sampled_from(["", "x", "y"]))
    def notes_are_edited(self, data: st.DataObject, notes: str) -> None:
        place = data.draw(st.integers(0, len(self.model) - 1))
        self.edit(place, "notes", notes)

    @precondition(lambda self: self.model)
    @rule(data=st.data(), gold=st.integers(1000, 1003))
    def gold_is_edited(self, data: st.DataObject, gold: int) -> None:
        place = data.draw(st.integers(0, len(self.model) - 1))
        self.edit(place, "total_gold", gold)

    def edit(self, place: int, name: str, value: Any) -> None:
        records = json.loads(FILE.read_bytes())
        records[place][name] = value
        FILE.write_text(json.dumps(records))
        self.model[place] = {**self.model[place], name: value}

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def records_are_moved_and_removed(self, data: st.DataObject) -> None:
        places = data.draw(st.lists(st.integers(0, len(self.model) - 1), unique=True))
        records = json.loads(FILE.read_bytes())
        FILE.write_text(json.dumps([records[place] for place in places]))
        self.model = [self.model[place] for place in places]

    @rule(many=st.sampled_from([1, 2, 120]), gold=st.integers(2000, 2002))
    def records_are_added(self, many: int, gold: int) -> None:
        records = json.loads(FILE.read_bytes()) if self.model else []
        foreign = [{"total_gold": gold, "notes": ""}] * many
        FILE.write_text(json.dumps(foreign + records))
        self.model = foreign + self.model

    @rule(content=st.sampled_from([None, b"", b"{}", b"[1"]))
    def is_deleted_or_damaged(self, content: bytes | None) -> None:
        if content is None:
            FILE.unlink(missing_ok=True)
        else:
            FILE.write_bytes(content)
        self.model = []

    @invariant()
    def it_answers_as_the_original(self) -> None:
        expected = self.model
        if self.unwritten:  # as the file will be with the next save
            expected = (self.model + self.unwritten)[-100:]
        loaded = self.farm.load_sessions(1000)[::-1]
        assert [{name: one[name] for name in ("total_gold", "notes")} for one in loaded] == expected
        assert self.farm.get_trend_data("total_gold", 1000) == [
            one["total_gold"] for one in expected
        ]
        if not self.unwritten and FILE.exists() and self.model:
            assert json.loads(FILE.read_bytes()) == loaded


def test_whatever_happens_to_the_file_it_answers_as_the_original() -> None:
    run_state_machine_as_test(
        Machine, settings=settings(max_examples=400 if DEEP else 12, stateful_step_count=15)
    )
