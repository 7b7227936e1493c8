"""The farming logger as a user of the original knows it: what goes in, and what comes out."""

from __future__ import annotations

import json
import logging
import os
from datetime import datetime
from decimal import Decimal
from enum import IntEnum
from pathlib import Path
from typing import Any

import pytest

from eventlog import InvalidEventError
from sessions.farming import SessionLogger
from tests.sessions.farming.helpers import FILE, TABLE, in_file, put

ORC_AND_DRAGON: dict[str, Any] = {
    "session_duration": 1800,
    "gold_collected": 15000,
    "total_kills": 50,
    "player_deaths": 1,
    "pet_deaths": 2,
    "total_flees": 3,
    "flee_events": {"too many": 9},
    "supplies_used": {"bandages": 25, "vet_kits": 2, "potions": 1},
    "area_performance": [
        {"area": "Orc Fort", "gold_from_area": 10000, "time_in_area": 1200, "success": 1.0},
        {"area": "Dragon Lair", "gold_from_area": 5000, "time_in_area": 600},
    ],
    "enemy_breakdown": [{"enemy": "orc", "kills": 50}],
}
DRAGON: dict[str, Any] = {
    "session_duration": 2400,
    "gold_collected": 20000,
    "area_performance": [
        {"area": "Dragon Lair", "gold_from_area": 20000, "time_in_area": 2400},
    ],
}


# Making one


def test_making_a_logger_makes_the_directory_and_nothing_else(farm: SessionLogger) -> None:
    assert os.listdir() == ["logs"]
    assert os.listdir("logs") == []
    assert (farm.key_prefix, farm.log_file) == ("Farmer_", str(FILE))


def test_a_logger_can_be_made_where_no_directory_can_be() -> None:
    Path("logs").write_text("a file")
    assert SessionLogger("Farmer_").load_sessions() == []


@pytest.mark.parametrize("prefix", ["", "ä/../x\n", "\ud800", "p" * 10_000, None, 7])
def test_any_prefix_will_do(prefix: Any) -> None:
    farm = SessionLogger(prefix)
    farm.save_session({})
    assert farm.key_prefix == prefix
    assert len(farm.load_sessions()) == 1
    assert sorted(os.listdir()) == ["activity.eventlog", "logs"]


def test_all_prefixes_share_one_file() -> None:
    SessionLogger("a").save_session(DRAGON)
    SessionLogger("b").save_session(ORC_AND_DRAGON)
    assert [one["total_gold"] for one in SessionLogger("c").load_sessions()] == [15000, 20000]


# Saving


def test_the_record_has_these_keys_in_this_order(farm: SessionLogger) -> None:
    assert farm.save_session(ORC_AND_DRAGON) is None  # type: ignore[func-returns-value]
    (record,) = in_file()
    assert list(record) == [
        "session_id", "start_time", "end_time", "duration_minutes", "total_gold", "gold_per_hour",
        "kills", "deaths", "flee_events", "supplies_used", "areas_farmed", "enemy_breakdown",
        "notes",
    ]  # fmt: skip
    assert record["end_time"] - record["start_time"] == pytest.approx(1800)
    began = datetime.fromtimestamp(record["start_time"])
    assert record["session_id"] == began.strftime("%Y-%m-%d_%H-%M-%S")
    assert (record["duration_minutes"], record["gold_per_hour"]) == (30.0, 30000.0)
    assert record["kills"] == 50
    assert record["supplies_used"] == {"bandages": 25, "vet_kits": 2, "potions": 1}
    assert record["areas_farmed"] == [
        {"area": "Orc Fort", "gold": 10000, "time": 1200},
        {"area": "Dragon Lair", "gold": 5000, "time": 600},
    ]
    assert record["enemy_breakdown"] == [{"enemy": "orc", "kills": 50}]
    assert record["notes"] == ""


def test_deaths_add_pets_and_flees_are_the_number_trap_14(farm: SessionLogger) -> None:
    farm.save_session(ORC_AND_DRAGON)
    (record,) = in_file()
    assert (record["deaths"], record["flee_events"]) == (3, 3)


def test_every_key_is_optional(farm: SessionLogger) -> None:
    farm.save_session({})
    (record,) = in_file()
    assert record["gold_per_hour"] == record["duration_minutes"] == record["deaths"] == 0
    assert (record["supplies_used"], record["areas_farmed"]) == ({}, [])
    assert record["enemy_breakdown"] == {}


@pytest.mark.parametrize("seconds", [0, -60])
def test_no_time_gives_no_rate(farm: SessionLogger, seconds: int) -> None:
    farm.save_session({"session_duration": seconds, "gold_collected": 5})
    (record,) = in_file()
    assert record["gold_per_hour"] == 0
    assert record["duration_minutes"] == seconds / 60


def test_the_file_has_two_spaces_plain_ascii_and_no_last_newline(farm: SessionLogger) -> None:
    farm.save_session({"supplies_used": {"kräuter": 1}})
    data = FILE.read_bytes()
    assert data.startswith(b'[\n  {\n    "session_id": "')
    assert data.endswith(b"  }\n]")
    assert b"kr\\u00e4uter" in data


def test_the_original_input_stays_as_it_was(farm: SessionLogger) -> None:
    stats = json.loads(json.dumps(ORC_AND_DRAGON))
    farm.save_session(stats)
    assert stats == ORC_AND_DRAGON


@pytest.mark.parametrize(
    ("stats", "error"),
    [
        ({"session_duration": None}, TypeError),
        ({"session_duration": "60"}, TypeError),
        ({"session_duration": 60, "gold_collected": "much"}, TypeError),
        ({"player_deaths": None}, TypeError),
        ({"pet_deaths": "1"}, TypeError),
        ({"area_performance": None}, TypeError),
        ({"area_performance": [{"gold_from_area": 1}]}, KeyError),
        ({"area_performance": ["Orc Fort"]}, TypeError),
        ({"gold_collected": float("nan")}, ValueError),
        ({"gold_collected": float("inf")}, ValueError),
        ({"gold_collected": 2**64}, ValueError),
        ({"total_kills": 10**400}, ValueError),
        ({"session_duration": float("nan")}, ValueError),
        ({"session_duration": float("inf")}, ValueError),
        ({"session_duration": -float("inf")}, ValueError),
        ({"session_duration": 10**400}, ValueError),
        ({"session_duration": 1e30}, ValueError),
        ({"session_duration": -1e30}, ValueError),
        ({"gold_collected": 10**400, "session_duration": 60}, ValueError),
        ({"gold_collected": 1e300, "session_duration": 1e-9}, ValueError),
        ({"area_performance": [{"area": "a", "time_in_area": float("inf")}]}, ValueError),
        ({"enemy_breakdown": {"orc": "x" * 1_100_000}}, InvalidEventError),
    ],
)
def test_bad_input_raises_and_records_nothing_trap_16(
    farm: SessionLogger, stats: dict[str, Any], error: type[Exception]
) -> None:
    farm.save_session(DRAGON)
    before = FILE.read_bytes()
    with pytest.raises(error):
        farm.save_session(stats)
    assert FILE.read_bytes() == before
    with farm._history.shared.opened() as log:
        assert log is not None
        assert len([*log.read(types="session.started")]) == 1


def test_a_value_that_json_cannot_hold_is_kept_as_text(
    farm: SessionLogger, caplog: pytest.LogCaptureFixture
) -> None:
    farm.save_session(DRAGON)
    endless: list[Any] = []
    endless.append(endless)
    farm.save_session(
        {
            "gold_collected": 7,
            "supplies_used": {"found": {1}, "price": Decimal("1.5"), "part": float("nan")},
            "enemy_breakdown": {"loop": endless, "bad": "\ud800", ("a", 1): 10**5000},
        }
    )
    new, old = farm.load_sessions()
    assert (new["total_gold"], old["total_gold"]) == (7, 20000)
    assert new["supplies_used"] == {"found": "{1}", "price": "Decimal('1.5')", "part": "nan"}
    assert new["enemy_breakdown"]["loop"] == ["[[...]]"]
    assert new["enemy_breakdown"]["bad"] == "\\ud800"
    assert new["enemy_breakdown"]["('a', 1)"].startswith("<int, whose repr failed")
    assert "supplies_used.found" in caplog.text


def test_names_and_numbers_become_what_json_makes_of_them(farm: SessionLogger) -> None:
    class Kind(IntEnum):
        ORC = 3

    given = {1: (1, 2), 2.5: None, None: True, False: Kind.ORC}
    farm.save_session({"enemy_breakdown": given})
    assert farm.load_sessions()[0]["enemy_breakdown"] == {
        "1": [1, 2], "2.5": None, "null": True, "false": 3,
    }  # fmt: skip


def test_keys_of_the_bots_own_cannot_hurt_the_session(farm: SessionLogger) -> None:
    farm.save_session({"gold_collected": 1, "path": ["x" * 100] * 10_000, "lock": object()})
    assert farm.load_sessions()[0]["total_gold"] == 1


def test_counts_that_are_no_numbers_are_kept_as_they_are(farm: SessionLogger) -> None:
    farm.save_session({"total_kills": None, "total_flees": "many"})
    assert farm.load_sessions()[0]["kills"] is None
    assert farm.get_most_dangerous_areas() == []


def test_the_newest_100_stay_in_the_file_and_session_ids_are_no_keys_trap_10(
    farm: SessionLogger,
) -> None:
    for number in range(101):
        farm.save_session({"gold_collected": number})
    records = in_file()
    assert [one["total_gold"] for one in records] == list(range(1, 101))
    assert len({one["session_id"] for one in records}) < 100
    with farm._history.shared.opened() as log:
        assert log is not None
        assert len({event.subject for event in log.read()}) == 101


def test_loading_never_trims_and_the_next_save_does(farm: SessionLogger) -> None:
    put([{"total_gold": number} for number in range(150)])
    assert len(farm.load_sessions(1000)) == 150
    assert len(in_file()) == 150
    farm.save_session({"gold_collected": 150})
    assert [one["total_gold"] for one in in_file()] == list(range(51, 151))


# Loading


def test_three_orders_trap_13(farm: SessionLogger) -> None:
    for gold in (1, 2, 3):
        farm.save_session({"gold_collected": gold})
    assert [one["total_gold"] for one in in_file()] == [1, 2, 3]
    assert [one["total_gold"] for one in farm.load_sessions()] == [3, 2, 1]
    assert farm.get_trend_data("total_gold") == [1, 2, 3]
    assert farm.export_sessions_csv()
    rows = TABLE.read_text().splitlines()[1:]
    assert [row.split(",")[2] for row in rows] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("count", "golds"),
    [(0, []), (-1, []), (1, [3]), (2, [3, 2]), (99, [3, 2, 1]), (True, [3]),
     (None, []), (2.0, []), ("2", [])],
)  # fmt: skip
def test_counts(farm: SessionLogger, count: Any, golds: list[int]) -> None:
    for gold in (1, 2, 3):
        farm.save_session({"gold_collected": gold})
    assert [one["total_gold"] for one in farm.load_sessions(count)] == golds
    assert farm.get_trend_data("total_gold", count) == golds[::-1]


def test_ten_is_the_usual_count(farm: SessionLogger) -> None:
    for _ in range(12):
        farm.save_session({})
    assert len(farm.load_sessions()) == len(farm.get_trend_data("kills")) == 10


def test_what_is_returned_may_be_changed(farm: SessionLogger) -> None:
    farm.save_session(ORC_AND_DRAGON)
    farm.load_sessions()[0]["supplies_used"].clear()
    assert farm.load_sessions()[0]["supplies_used"]["bandages"] == 25


@pytest.mark.parametrize("text", ["", "{", "{}", "null", "[" * 100_000, "\x00", '"x"', "[1,"])
def test_a_file_that_is_no_list_reads_as_empty(farm: SessionLogger, text: str) -> None:
    FILE.write_text(text)
    assert farm.load_sessions() == []
    assert farm.get_trend_data("kills") == []
    assert farm.get_best_areas() == farm.get_most_dangerous_areas() == []
    assert not farm.export_sessions_csv()
    assert FILE.read_text() == text


# Analysis


def test_trends(farm: SessionLogger) -> None:
    farm.save_session(ORC_AND_DRAGON)
    farm.save_session({"player_deaths": 4})
    assert farm.get_trend_data("gold_per_hour") == [30000.0, 0]
    assert farm.get_trend_data("deaths_per_hour") == [6.0, 0]
    assert farm.get_trend_data("avg_session_length") == [30.0, 0]
    assert farm.get_trend_data("supplies_used")[1] == {}
    assert farm.get_trend_data("no such thing") == [0, 0]
    assert farm.get_trend_data("gold_per_hour", 1) == [0]


def test_a_rate_is_the_stored_one(farm: SessionLogger) -> None:
    put([{"gold_per_hour": 12, "total_gold": 1, "duration_minutes": 60}])
    assert farm.get_trend_data("gold_per_hour") == [12]


def test_ties_go_to_the_newest_session_trap_9(farm: SessionLogger) -> None:
    farm.save_session(ORC_AND_DRAGON)
    farm.save_session(DRAGON)
    assert farm.get_best_areas(2) == [
        {
            "area": "Dragon Lair", "avg_gold_per_hour": 30000.0, "sessions": 2,
            "total_gold": 25000, "total_time_minutes": 50.0,
        },
        {
            "area": "Orc Fort", "avg_gold_per_hour": 30000.0, "sessions": 1,
            "total_gold": 10000, "total_time_minutes": 20.0,
        },
    ]  # fmt: skip


def test_flees_are_shared_out_by_time(farm: SessionLogger) -> None:
    farm.save_session(ORC_AND_DRAGON)
    assert farm.get_most_dangerous_areas() == [
        {"area": "Orc Fort", "flee_rate": 6.0, "total_flees": 2, "visits": 1,
         "total_time_hours": 1200 / 3600},
        {"area": "Dragon Lair", "flee_rate": 6.0, "total_flees": 1, "visits": 1,
         "total_time_hours": 600 / 3600},
    ]  # fmt: skip


def test_whole_flees_are_cut_from_the_sum_and_the_rate_is_not_trap_14(farm: SessionLogger) -> None:
    areas = [{"area": "X", "time_in_area": 1}, {"area": "Y", "time_in_area": 2}]
    for _ in range(3):
        farm.save_session({"session_duration": 1, "total_flees": 1, "area_performance": areas})
    rows = {one["area"]: one for one in farm.get_most_dangerous_areas()}
    assert (rows["X"]["total_flees"], rows["Y"]["total_flees"]) == (1, 2)
    assert rows["X"]["flee_rate"] == rows["Y"]["flee_rate"] == pytest.approx(1200.0)


def test_a_part_of_a_flee_is_no_flee_trap_14(farm: SessionLogger) -> None:
    areas = [{"area": "X", "time_in_area": 1}, {"area": "Y", "time_in_area": 2}]
    farm.save_session({"session_duration": 3, "total_flees": 1, "area_performance": areas})
    assert [one["total_flees"] for one in farm.get_most_dangerous_areas()] == [0, 0]


def test_without_time_in_any_area_nobody_fled_there(farm: SessionLogger) -> None:
    farm.save_session({"total_flees": 5, "area_performance": [{"area": "X"}]})
    (row,) = farm.get_most_dangerous_areas()
    assert (row["flee_rate"], row["total_flees"], row["visits"]) == (0, 0, 1)


def test_flees_of_a_session_without_areas_belong_nowhere_trap_14(farm: SessionLogger) -> None:
    farm.save_session(ORC_AND_DRAGON)
    farm.save_session({"session_duration": 60, "total_flees": 99})
    assert sum(one["total_flees"] for one in farm.get_most_dangerous_areas()) == 3


def test_entries_are_counted_rates_are_of_totals_and_no_time_is_last_trap_15(
    farm: SessionLogger,
) -> None:
    areas = [
        {"area": "A", "gold_from_area": 100, "time_in_area": 3600},
        {"area": "A", "gold_from_area": 500, "time_in_area": 7200},
        {"area": "still", "gold_from_area": 9000},
    ]
    farm.save_session({"session_duration": 10800, "total_flees": 3, "area_performance": areas})
    best, danger = farm.get_best_areas(), farm.get_most_dangerous_areas()
    assert [(one["area"], one["sessions"]) for one in best] == [("A", 2), ("still", 1)]
    assert [one["avg_gold_per_hour"] for one in best] == [200.0, 0]
    assert [(one["area"], one["visits"]) for one in danger] == [("A", 2), ("still", 1)]
    assert [one["flee_rate"] for one in danger] == [1.0, 0]


def test_records_of_other_shapes_are_read_as_far_as_they_go(farm: SessionLogger) -> None:
    put(
        [
            {"session_id": "x", "stats": {"gold": 5}, "area_performance": [{"area": "B"}]},
            7, None, "text", [],
            {"areas_farmed": [{"time": 3600, "gold": None}, 5, {"area": ["a"], "time": "x"}]},
            {"areas_farmed": 3, "deaths": "two", "duration_minutes": None, "flee_events": {}},
        ]
    )  # fmt: skip
    assert len(farm.load_sessions()) == 7
    assert farm.get_trend_data("deaths_per_hour") == [0, 0, 0]
    assert [one["area"] for one in farm.get_best_areas()] == ["Unknown", "['a']"]
    assert farm.get_most_dangerous_areas()[0]["total_time_hours"] == 1.0


# CSV


def test_the_bytes_of_the_csv_trap_16(farm: SessionLogger) -> None:
    farm.save_session({**ORC_AND_DRAGON, "session_duration": 1234, "gold_collected": 1000})
    (record,) = in_file()
    put([{**record, "session_id": "s", "notes": 'a "b", c'}, {}])
    assert farm.export_sessions_csv() is True
    assert TABLE.read_bytes() == (
        b"session_id,duration_minutes,total_gold,gold_per_hour,kills,deaths,flee_events,"
        b"bandages_used,vet_kits_used,potions_used,notes\r\n"
        b's,20.57,1000,2917.34,50,3,3,25,2,1,"a ""b"", c"\r\n'
        b",0,0,0,0,0,0,0,0,0,\r\n"
    )


def test_no_sessions_make_no_csv_trap_16(farm: SessionLogger) -> None:
    TABLE.write_text("older")
    assert farm.export_sessions_csv() is False
    assert TABLE.read_text() == "older"


def test_a_csv_that_cannot_be_made_leaves_the_older_one(
    farm: SessionLogger, caplog: pytest.LogCaptureFixture
) -> None:
    farm.save_session(DRAGON)
    assert farm.export_sessions_csv()
    older = TABLE.read_bytes()
    put([*in_file(), {"supplies_used": None}])
    assert farm.export_sessions_csv() is False
    assert TABLE.read_bytes() == older
    assert caplog.records[-1].levelno == logging.ERROR


def test_a_note_that_is_no_text_keeps_all_of_its_csv_away(
    farm: SessionLogger, caplog: pytest.LogCaptureFixture
) -> None:
    farm.save_session(DRAGON)
    put([{**in_file()[0], "notes": "\ud800"}])
    farm.save_session(DRAGON)
    assert farm.export_sessions_csv(2) is False
    assert "surrogates not allowed" in caplog.text
    assert farm.export_sessions_csv(1) is True


def test_a_csv_of_fewer_sessions_has_the_newest(farm: SessionLogger) -> None:
    for gold in (1, 2, 3):
        farm.save_session({"gold_collected": gold})
    assert farm.export_sessions_csv(2)
    assert [row.split(",")[2] for row in TABLE.read_text().splitlines()[1:]] == ["2", "3"]


# Where files are


def test_paths_are_resolved_at_each_call_trap_25(
    farm: SessionLogger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm.save_session(DRAGON)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert farm.load_sessions() == []
    farm.save_session(ORC_AND_DRAGON)
    assert [one["total_gold"] for one in in_file()] == [15000]
    monkeypatch.chdir(tmp_path)
    assert [one["total_gold"] for one in farm.load_sessions()] == [20000]
    assert sorted(os.listdir()) == ["activity.eventlog", "logs", "other"]


def test_the_log_is_where_it_was_asked_for(tmp_path: Path) -> None:
    with SessionLogger("x", log_dir=tmp_path / "deep" / "log") as farm:
        farm.save_session({})
    assert (tmp_path / "deep" / "log" / "log.json").exists()
    assert not (tmp_path / "activity.eventlog").exists()


def test_a_logger_that_was_closed_goes_on(farm: SessionLogger) -> None:
    farm.save_session({})
    farm.close()
    farm.save_session({})
    assert len(farm.load_sessions()) == 2
