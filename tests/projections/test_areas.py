"""Areas: where the gold is, and where the danger is."""

from __future__ import annotations

from typing import Any

import pytest

from eventlog import Event
from projections import AreaDanger, AreaGold, Areas, AreaStatistics, fold
from tests.projections.helpers import event


def record(subject: str, areas: Any, flees: Any = 0, **more: Any) -> Event:
    return event("session.summarized", {"areas": areas, "flees": flees, **more}, subject=subject)


def visit(area: Any, subject: str | None = "s-1", **data: Any) -> Event:
    return event("area.visited", {"area": area, **data}, subject=subject)


def areas_of(*stretch: Event, **asked: Any) -> AreaStatistics:
    projection = Areas(**asked)
    return projection.result(fold(projection, stretch))


FORT_AND_LAIR = record(
    "first",
    [{"area": "Orc Fort", "gold": 10_000, "seconds": 1200},
     {"area": "Dragon Lair", "gold": 5000, "seconds": 600}],
    flees=3,
)  # fmt: skip
LAIR = record("second", [{"area": "Dragon Lair", "gold": 20_000, "seconds": 2400}])


def test_the_rate_is_all_gold_over_all_time_and_a_tie_goes_to_the_newest_session() -> None:
    assert areas_of(FORT_AND_LAIR, LAIR).best == [
        AreaGold("Dragon Lair", 30_000.0, 25_000, 3000, 2),
        AreaGold("Orc Fort", 30_000.0, 10_000, 1200, 1),
    ]


def test_the_flees_of_a_record_are_shared_out_by_time() -> None:
    assert areas_of(FORT_AND_LAIR).dangerous == [
        AreaDanger("Orc Fort", 6.0, 2, 1200, 1),
        AreaDanger("Dragon Lair", 6.0, 1, 600, 1),
    ]


def test_shares_add_up_before_they_are_cut_to_whole_flees() -> None:
    areas = [{"area": "X", "seconds": 1}, {"area": "Y", "seconds": 2}]
    stretch = [record(f"s-{number}", areas, flees=1) for number in range(3)]
    assert areas_of(*stretch).dangerous == [
        AreaDanger("X", 1200.0, 1, 3, 3),
        AreaDanger("Y", 1200.0, 2, 6, 3),
    ]


def test_flees_are_cut_and_their_rate_is_not() -> None:
    areas = [{"area": "X", "seconds": 1800}, {"area": "Y", "seconds": 1800}]
    (x, y) = areas_of(record("s", areas, flees=3)).dangerous
    assert (x.flees, x.flees_per_hour) == (y.flees, y.flees_per_hour) == (1, 3.0)


def test_live_visits_count_as_stated() -> None:
    statistics = areas_of(
        visit("X", seconds=1800, gold=10, flees=1), visit("Y", seconds=900, gold=10, flees=4),
        visit("X", seconds=1800, gold=20),
    )  # fmt: skip
    assert statistics.best == [AreaGold("Y", 40.0, 10, 900, 1), AreaGold("X", 30.0, 30, 3600, 2)]
    assert statistics.dangerous == [
        AreaDanger("Y", 16.0, 4, 900, 1),
        AreaDanger("X", 1.0, 1, 3600, 2),
    ]


def test_a_session_counts_by_its_record_when_that_lists_areas_and_else_by_its_visits() -> None:
    live = [visit("X", gold=5, seconds=60), visit("X", gold=5, seconds=60)]
    listed = areas_of(*live, record("s-1", [{"area": "X", "gold": 10, "seconds": 120}]))
    assert listed.best == [AreaGold("X", 300.0, 10, 120, 1)]
    unlisted = areas_of(*live, record("s-1", [], flees=9))
    assert unlisted.best == [AreaGold("X", 300.0, 10, 120, 2)]
    assert unlisted.dangerous[0].flees == 0


def test_several_records_of_one_session_all_count() -> None:
    again = record("first", [{"area": "Dragon Lair", "gold": 1, "seconds": 600}])
    best = areas_of(FORT_AND_LAIR, again).best
    assert [(one.area, one.gold, one.sessions) for one in best] == [
        ("Orc Fort", 10_000, 1),
        ("Dragon Lair", 5001, 2),
    ]


def test_two_entries_of_one_area_in_one_session_are_two() -> None:
    twice = record("s", [{"area": "X", "seconds": 1}, {"area": "X", "seconds": 3}], flees=4)
    statistics = areas_of(twice)
    assert statistics.best[0].sessions == 2
    assert statistics.dangerous == [AreaDanger("X", 3600.0, 4, 4, 2)]


def test_no_time_gives_no_rate_and_comes_last() -> None:
    statistics = areas_of(
        record("a", [{"area": "zero", "gold": 500}], flees=7),
        record("b", [{"area": "poor", "gold": 1, "seconds": 3600}], flees=1),
    )
    assert statistics.best == [AreaGold("poor", 1.0, 1, 3600, 1), AreaGold("zero", 0.0, 500, 0, 1)]
    assert statistics.dangerous[1] == AreaDanger("zero", 0.0, 0, 0, 1)


def test_a_loss_of_gold_ranks_behind_none() -> None:
    best = areas_of(visit("loss", gold=-5, seconds=60), visit("none", seconds=60)).best
    assert [one.area for one in best] == ["none", "loss"]


def test_flees_of_a_session_without_areas_belong_nowhere() -> None:
    assert areas_of(record("s", [], flees=9)) == AreaStatistics([], [], 0)


def test_time_is_read_where_seconds_are_missing() -> None:
    assert areas_of(record("s", [{"area": "X", "time": 60}])).best[0].seconds == 60
    both = record("s", [{"area": "X", "time": 60, "seconds": 5}])
    assert areas_of(both).best[0].seconds == 5


def test_the_last_sessions_are_the_newest_by_their_first_event() -> None:
    stretch = [visit("X", "one"), visit("Y", "two"), visit("Z", "one"), visit("Z", "three")]
    named = {last: {one.area for one in areas_of(*stretch, last=last).best} for last in (1, 2, 3)}
    assert named == {1: {"Z"}, 2: {"Z", "Y"}, 3: {"Z", "Y", "X"}}


def test_some_sessions_can_be_asked_about() -> None:
    stretch = [visit("X", "one"), visit("Y", "two"), visit("Z", None)]
    assert [one.area for one in areas_of(*stretch, subjects=["two"]).best] == ["Y"]
    assert [one.area for one in areas_of(*stretch, subjects=[None]).best] == ["Z"]
    assert areas_of(*stretch, subjects=["none"]).best == []


def test_sums_do_not_depend_on_rounding() -> None:
    assert areas_of(*[visit("X", gold=0.1, seconds=0.1)] * 10).best[0].gold == 1.0


@pytest.mark.parametrize("wrong", [None, 5, "x", True, {}], ids=repr)
def test_a_list_of_areas_that_is_none_is_incomplete(wrong: object) -> None:
    assert areas_of(record("s", wrong)) == AreaStatistics([], [], 1)


@pytest.mark.parametrize(
    "entry",
    [None, 5, "X", [], {}, {"area": None}, {"area": 5}, {"area": ["X"]}],
    ids=repr,
)
def test_an_entry_without_a_name_is_left_out_and_makes_the_record_incomplete(entry: Any) -> None:
    statistics = areas_of(record("s", [entry, {"area": "Y", "seconds": 1}], flees=1))
    assert [one.area for one in statistics.best] == ["Y"]
    assert statistics.incomplete == 1


@pytest.mark.parametrize("name", ["gold", "seconds", "flees"])
@pytest.mark.parametrize("wrong", [None, "5", True, [], {}], ids=repr)
def test_a_wrong_number_counts_as_none_and_makes_the_event_incomplete(
    name: str, wrong: object
) -> None:
    right: dict[str, Any] = {"gold": 1, "seconds": 3600, "flees": 2}
    statistics = areas_of(visit("X", **{**right, name: wrong}))
    assert statistics.incomplete == 1
    (best,), (dangerous,) = statistics.best, statistics.dangerous
    found = {"gold": best.gold, "seconds": best.seconds, "flees": dangerous.flees}
    assert found == {**right, name: 0}


def test_a_negative_time_counts_as_none() -> None:
    statistics = areas_of(visit("X", seconds=-5), visit("X", seconds=5))
    assert (statistics.best[0].seconds, statistics.incomplete) == (5, 1)


def test_a_visit_without_a_name_is_only_counted_as_incomplete() -> None:
    assert areas_of(visit(None, gold=5)) == AreaStatistics([], [], 1)


def test_numbers_beyond_all_floats_stay_finite() -> None:
    statistics = areas_of(*[visit("X", gold=1.7e308, seconds=5e-324, flees=1.7e308)] * 3)
    assert statistics.best[0].gold_per_hour < float("inf")
    assert statistics.dangerous[0].flees > 0
