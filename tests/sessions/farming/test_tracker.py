"""The tracker of a running farming session: what it counts, and what it records live."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest

from eventlog import AreaVisited, EventLog
from projections import Areas, SessionSummaries, SessionTrends, project, trend
from sessions._shared_log import close_shared_logs
from sessions.farming import SessionLogger, StatisticsTracker
from tests.sessions.farming.helpers import LOG, events


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr("sessions.farming._tracker.monotonic", made)
    return made


def farm(tracker: StatisticsTracker, clock: Clock) -> None:
    """Half an hour: 1200 s in Orc Fort in two visits, 600 s in Dragon Lair."""
    tracker.enter_area("Orc Fort")
    tracker.add_gold(6000)
    tracker.add_kill("orc", 3)
    clock.now += 700
    tracker.enter_area("Dragon Lair")
    tracker.add_gold(5000)
    tracker.add_kill("dragon")
    tracker.add_pet_death("Fluffy")
    tracker.add_flee("too many")
    clock.now += 600
    tracker.enter_area("Orc Fort")
    tracker.add_gold(4000)
    tracker.add_kill("orc", 2)
    tracker.add_player_death()
    tracker.add_flee()
    tracker.use_supply("bandages", 25)
    tracker.use_supply("scrolls")
    clock.now += 500


def test_the_statistics_are_what_the_logger_takes(clock: Clock) -> None:
    tracker = StatisticsTracker("Farmer_")
    farm(tracker, clock)
    stats = tracker.get_session_stats()
    assert stats["session_duration"] == 1800
    assert stats["gold_collected"] == 15000
    assert stats["gold_per_hour"] == 30000
    assert (stats["total_kills"], stats["total_flees"]) == (6, 2)
    assert (stats["player_deaths"], stats["pet_deaths"]) == (1, 1)
    assert stats["flee_events"] == {"too many": 1, "Unknown": 1}
    assert stats["supplies_used"] == {"bandages": 25, "vet_kits": 0, "potions": 0, "scrolls": 1}
    assert stats["area_performance"] == tracker.get_area_performance()
    assert stats["enemy_breakdown"] == tracker.get_enemy_breakdown()

    logger = SessionLogger("Farmer_")
    logger.save_session(stats)
    (record,) = logger.load_sessions()
    assert (record["total_gold"], record["deaths"], record["flee_events"]) == (15000, 2, 2)
    assert record["areas_farmed"] == [
        {"area": "Orc Fort", "gold": 10000, "time": 1200},
        {"area": "Dragon Lair", "gold": 5000, "time": 600},
    ]
    assert "session_key" not in record


def test_areas_have_one_entry_each_in_the_order_of_entering(clock: Clock) -> None:
    tracker = StatisticsTracker()
    farm(tracker, clock)
    orc, dragon = tracker.get_area_performance()
    assert orc == {
        "area": "Orc Fort", "time_in_area": 1200, "gold_from_area": 10000, "gold_per_hour": 30000,
        "kills": 5, "deaths": 1, "flees": 1,
    }  # fmt: skip
    assert (dragon["area"], dragon["kills"], dragon["deaths"]) == ("Dragon Lair", 1, 1)


def test_the_current_visit_counts_in_the_statistics(clock: Clock) -> None:
    tracker = StatisticsTracker()
    tracker.enter_area("A")
    clock.now += 5
    assert tracker.get_area_performance()[0]["time_in_area"] == 5
    clock.now += 5
    assert tracker.get_area_performance()[0]["time_in_area"] == 10


def test_enemies_come_with_the_most_killed_first() -> None:
    tracker = StatisticsTracker()
    for enemy in ("orc", "dragon", "dragon"):
        tracker.add_kill(enemy)
    tracker.add_kill()
    assert tracker.get_enemy_breakdown() == [
        {"enemy": "dragon", "kills": 2},
        {"enemy": "orc", "kills": 1},
        {"enemy": "Unknown", "kills": 1},
    ]


def test_what_happens_outside_of_areas_counts_for_the_session_alone() -> None:
    tracker = StatisticsTracker()
    tracker.add_gold(5.5)
    tracker.enter_area("A")
    tracker.leave_area()
    tracker.leave_area()
    tracker.add_gold(-2)
    assert tracker.get_session_stats()["gold_collected"] == 3.5
    assert tracker.get_area_performance()[0]["gold_from_area"] == 0


def test_a_new_session_has_no_rates() -> None:
    stats = StatisticsTracker().get_session_stats()
    assert (stats["session_duration"], stats["gold_per_hour"]) == (0, 0)
    assert (stats["area_performance"], stats["enemy_breakdown"]) == ([], [])


def test_closing_stops_the_clock_and_ends_the_session_once(clock: Clock) -> None:
    with StatisticsTracker() as tracker:
        tracker.enter_area("A")
        clock.now += 60
    clock.now += 60
    tracker.close()
    assert tracker.get_session_stats()["session_duration"] == 60
    assert [one.type for one in events()] == [
        "session.started", "area.entered", "area.visited", "session.ended",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("method", "arguments", "error"),
    [
        ("enter_area", (None,), TypeError),
        ("enter_area", ("\ud800",), ValueError),
        ("enter_area", ("a" * 10_001,), ValueError),
        ("add_gold", ("5",), TypeError),
        ("add_gold", (True,), TypeError),
        ("add_gold", (float("nan"),), ValueError),
        ("add_gold", (10**400,), ValueError),
        ("add_kill", ("orc", -1), ValueError),
        ("add_kill", ("orc", 1.0), TypeError),
        ("add_kill", (5,), TypeError),
        ("add_pet_death", (5,), TypeError),
        ("add_flee", (None,), TypeError),
        ("use_supply", ("bandages", 2**64), ValueError),
        ("close", (None,), TypeError),
    ],
)
def test_wrong_values_are_refused_and_count_nowhere(
    method: str, arguments: tuple[Any, ...], error: type[Exception]
) -> None:
    tracker = StatisticsTracker()
    tracker.enter_area("A")
    before, recorded = tracker.get_session_stats(), len(events())
    with pytest.raises(error):
        getattr(tracker, method)(*arguments)
    assert tracker.get_session_stats() == before
    assert len(events()) == recorded


def test_control_codes_in_names_are_data() -> None:
    tracker = StatisticsTracker("\x1b[31m")
    tracker.enter_area("\x1b[2J\n\x00")
    tracker.leave_area()
    assert events()[-1].data["area"] == "\x1b[2J\n\x00"


# What is recorded live


def test_every_call_is_an_event_when_it_returns(clock: Clock) -> None:
    tracker = StatisticsTracker("Farmer_")
    farm(tracker, clock)
    tracker.leave_area()
    recorded = events()
    assert {one.subject for one in recorded} == {tracker.get_session_stats()["session_key"]}
    assert {one.source for one in recorded} == {"farming/Farmer_"}
    kinds = [one.type for one in recorded]
    assert kinds[:4] == ["session.started", "area.entered", "gold.gained", "enemy.killed"]
    assert kinds.count("area.visited") == 3
    with EventLog.open(LOG, readonly=True) as log:
        visits = [log.types.load(one) for one in log.read(types="area.visited")]
    assert visits[1] == AreaVisited("Dragon Lair", 600, 5000, 1, 1, 1)


def test_a_session_counts_once_though_visits_and_summary_tell_of_it(clock: Clock) -> None:
    tracker, logger = StatisticsTracker("Farmer_"), SessionLogger("Farmer_")
    farm(tracker, clock)
    tracker.leave_area()
    logger.save_session(tracker.get_session_stats())
    tracker.close()
    with EventLog.open(LOG, readonly=True) as log:
        (summary,) = project(log, SessionSummaries())
        areas = project(log, Areas())
        points = trend(project(log, SessionTrends()), "gold_per_hour")
    assert (summary.status, summary.gold, summary.incomplete) == ("ended", 15000, 0)
    assert [(one.area, one.gold, one.seconds) for one in areas.best] == [
        ("Orc Fort", 10000, 1200),
        ("Dragon Lair", 5000, 600),
    ]
    assert [(one.area, one.flees) for one in areas.dangerous] == [
        ("Orc Fort", 1),
        ("Dragon Lair", 0),
    ]
    assert [point.value for point in points] == [30000.0]


def test_a_second_save_of_one_session_is_a_second_record() -> None:
    tracker, logger = StatisticsTracker(), SessionLogger("x")
    tracker.add_gold(1)
    for _ in range(2):
        logger.save_session(tracker.get_session_stats())
    assert [one["total_gold"] for one in logger.load_sessions()] == [1, 1]
    summaries = [one for one in events() if one.type == "session.summarized"]
    assert len({one.subject for one in summaries}) == 2


@pytest.mark.parametrize("key", ["another session", "a\n~0123456789ab", "x" * 10_000, 5, None])
def test_a_session_key_that_no_tracker_made_names_no_session(key: Any) -> None:
    logger = SessionLogger("x")
    logger.save_session({"session_key": key})
    assert len(logger.load_sessions()) == 1
    assert all(one.subject != key for one in events())


def test_threads_share_a_tracker() -> None:
    tracker = StatisticsTracker()
    tracker.enter_area("A")

    def work() -> None:
        for _ in range(200):
            tracker.add_kill("orc")

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tracker.leave_area()
    assert tracker.get_session_stats()["total_kills"] == 800
    assert tracker.get_area_performance()[0]["kills"] == 800
    assert len(events()) == 803


def test_a_log_that_cannot_be_written_stops_no_bot() -> None:
    LOG.write_text("no log")
    with StatisticsTracker() as tracker:
        tracker.add_gold(5)
    assert tracker.get_session_stats()["gold_collected"] == 5
    LOG.unlink()
    close_shared_logs()
    assert [one.type for one in events()] == ["session.started", "gold.gained", "session.ended"]
