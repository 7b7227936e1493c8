"""A projection with a mistake is told what it is: its name, the event, and what to change."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventlog import EventLog, NewEvent
from projections import LiveView, Projection, ProjectionError, project
from projections.testing import check_law, check_projection, new_events
from tests.projections import wrong
from tests.support.files import UnsyncedFiles

Make = Callable[[], Projection[Any, Any]]

STATE_ERRORS: list[tuple[Make, str]] = [
    (wrong.Lying, r"'lying': its state cannot be read back .* `int`, got `float` - at `\$.events`"),
    (wrong.Unwritable, "'unwritable': its state cannot be written .* type Unwritable .* Keep in"),
    (wrong.Sharing, "'sharing': initial gave a state that a fold has changed since: make a new"),
    (wrong.SharingPerKey, "'sharing-per-key': initial_one gave a state .* make a new one"),
    (wrong.Keyless, "'keyless': initial must be annotated"),
    (wrong.Unreadable, "'unreadable': its state cannot be read from JSON: .*unions"),
    (wrong.Rowless, "'rowless': result_one must be annotated with the type of its row"),
    (wrong.local, "'local': .* 'Hidden' is not defined. Define it at the top of its module"),
]
BROKEN_LAWS: list[tuple[Make, str]] = [
    (wrong.Clocked, "'clocked': the same events gave another answer"),
    (wrong.Impatient, r"'impatient': merge\(merge\(a, b\), c\) is not the fold of all"),
    (
        wrong.Averaging,
        r"'averaging': merge\(merge\(a, b\), c\) .* have \d+, \d+, \d+ events\n"
        r"  expected \[1,.*\n  found    \[0,",
    ),
    (wrong.Meddling, "'meddling': apply changed an event"),
    (wrong.Rounding, "'rounding': a row is another after its way through JSON"),
    (wrong.Consuming, "'consuming': result changed the state"),
]  # fmt: skip


def name_of(value: object) -> str:
    return getattr(value, "__name__", "")


@pytest.fixture(params=["sealed", "active"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> EventLog:
    """Six events, the fourth without data, in sealed segments of three or in the active one."""
    size = 3 if request.param == "sealed" else None
    with EventLog.open(
        tmp_path / "log", segment_events=size, files=UnsyncedFiles(), sync="never"
    ) as writer:
        for number in range(1, 7):
            data = {} if number == 4 else {"task": f"t-{number}"}
            writer.extend([NewEvent("task.started", data, subject="s")])
        if size:
            writer.seal()
    return EventLog.open(tmp_path / "log", readonly=True)


def test_an_apply_that_raises_names_the_projection_and_the_event(log: EventLog) -> None:
    with pytest.raises(ProjectionError, match=r"'raising' failed .* KeyError: 'task'") as caught:
        project(log, wrong.Raising())
    assert caught.value.sequence == 4
    assert isinstance(caught.value.__cause__, KeyError)


def test_an_apply_that_returns_nothing_is_named_at_the_event_behind(log: EventLog) -> None:
    with pytest.raises(ProjectionError, match=r"'forgetful' failed .* 'NoneType'") as caught:
        project(log, wrong.Forgetful())
    assert caught.value.sequence == 2


@pytest.mark.parametrize(("make", "message"), STATE_ERRORS, ids=name_of)
def test_a_state_that_cannot_be_kept_is_refused_wherever_it_comes_from(
    log: EventLog, make: Make, message: str
) -> None:
    """A log without sealed segments would do without it, until it has one."""
    with pytest.raises(ProjectionError, match=message):
        project(log, make())


@pytest.mark.parametrize("make", [wrong.Raising, wrong.Lying, wrong.Unwritable, wrong.Sharing])
def test_another_worker_tells_the_same(make: Make, log: EventLog) -> None:
    with pytest.raises(ProjectionError) as here:
        project(log, make())
    with ThreadPoolExecutor(2) as threads, pytest.raises(ProjectionError) as there:
        project(log, make(), executor=threads)
    assert (str(there.value), there.value.sequence) == (str(here.value), here.value.sequence)


def test_the_error_of_another_process_arrives_whole() -> None:
    error = pickle.loads(pickle.dumps(ProjectionError("what", sequence=7)))  # noqa: S301
    assert (error.message, error.sequence, str(error)) == ("what", 7, "what (sequence 7)")


def test_nothing_of_a_failed_fold_is_cached(log: EventLog) -> None:
    with pytest.raises(ProjectionError):
        project(log, wrong.Lying())
    assert not list(log.cache_path.rglob("*lying*/*"))


def test_a_live_view_stays_where_it_was_when_an_event_is_too_much(tmp_path: Path) -> None:
    with EventLog.open(tmp_path / "log") as log:
        log.append("task.started", {"task": "a"})
        view = LiveView(log, wrong.Raising())
        log.append("task.started", {"task": "b"})
        log.append("task.started", {})
        for _ in range(2):
            with pytest.raises(ProjectionError):
                view.refresh()
            assert (view.through, view.result) == (1, [1, "a"])


@pytest.mark.parametrize(("make", "message"), STATE_ERRORS, ids=name_of)
def test_the_check_finds_what_the_engine_refuses(make: Make, message: str) -> None:
    with pytest.raises(ProjectionError, match=message):
        check_law(make(), max_examples=30)


@pytest.mark.parametrize(("make", "message"), BROKEN_LAWS, ids=name_of)
def test_the_check_says_which_law_is_broken(make: Make, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        check_law(make(), max_examples=30)


def test_the_checks_pass_the_one_without_a_mistake() -> None:
    check_projection(wrong.Right(), max_examples=30)


@pytest.mark.parametrize("name", ["Sums", "a b", "", "-a", "../a", "a\n"])
def test_a_name_that_is_no_name_of_a_directory_is_refused(name: str, log: EventLog) -> None:
    projection = wrong.Right()
    projection.name = name  # type: ignore[misc]
    with pytest.raises(ValueError, match="use a-z, 0-9 and -"):
        project(log, projection)


class Deployments(wrong.Right):
    """Folds a type of its own, and merges wrongly when something was deployed."""

    name = "deployments"
    types = frozenset({"deploy.finished"})

    def merge(self, earlier: wrong.Tally, later: wrong.Tally) -> wrong.Tally:
        return wrong.Tally(max(earlier.events, later.events), earlier.seen + later.seen)


def test_a_check_that_would_make_up_no_event_of_the_projection_says_so() -> None:
    with pytest.raises(ValueError, match=r"'deployments' folds deploy\.finished, which"):
        check_law(Deployments())


def test_events_of_ones_own_types_are_made_up_from_what_they_hold() -> None:
    data = {"deploy.finished": st.fixed_dictionaries({"ok": st.booleans()})}
    with pytest.raises(AssertionError, match="'deployments': merge"):
        check_law(Deployments(), max_examples=30, data=data)


def test_events_are_mostly_of_the_types_that_the_projection_folds() -> None:
    """Or a check of a rare type would hardly ever check anything."""
    found: list[str] = []

    @settings(max_examples=100, database=None, derandomize=True)
    @given(new_events(frozenset({"area.visited"})))
    def draw(new: NewEvent) -> None:
        found.append(str(new.event))

    draw()
    assert 2 * found.count("area.visited") > len(found)
    assert len(set(found)) > 1
