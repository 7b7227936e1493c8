"""The answers of read models as tables: names, columns, cells."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import frozen

from eventlog import EventLog
from projections import project
from projections._models import READ_MODELS
from projections.exports import ExportOptionError
from projections.exports._columns import Kind, kind_of
from projections.exports._tables import table_names, tables_of
from tests.exports.helpers import reading


@pytest.mark.parametrize(
    ("hint", "kind"),
    [
        (int, Kind.INTEGER),
        (int | None, Kind.INTEGER),
        (float, Kind.REAL),
        (int | float, Kind.NUMBER),
        (int | float | None, Kind.NUMBER),
        (bool, Kind.BOOLEAN),
        (str | None, Kind.TEXT),
        (Literal["open", "ended"], Kind.TEXT),
        (datetime, Kind.TIME),
        (datetime | None, Kind.TIME),
        (dict[str, int], Kind.JSON),
        (list[str] | None, Kind.JSON),
        (Any, Kind.JSON),
        (int | str, Kind.JSON),
    ],
    ids=str,
)
def test_a_type_has_a_kind(hint: Any, kind: Kind) -> None:
    assert kind_of(hint) is kind


@pytest.mark.parametrize("model", READ_MODELS)
def test_every_read_model_has_tables_with_and_without_rows(
    model: str, log: Path, tmp_path: Path
) -> None:
    EventLog.open(tmp_path / "empty").close()
    projection = READ_MODELS[model]()
    for path in (log, tmp_path / "empty"):
        with (
            reading(path) as opened,
            tables_of(projection, project(opened, projection)) as tables,
        ):
            assert [table.name for table in tables] == table_names(projection)
            for table in tables:
                assert all(len(row) == len(table.columns) for row in table.rows())
                assert table.columns


def test_a_list_is_one_table_and_an_object_of_lists_one_per_list() -> None:
    assert table_names(READ_MODELS["session-summaries"]()) == ["session_summaries"]
    assert table_names(READ_MODELS["practice-metrics"]()) == [
        "practice_metrics_sessions",
        "practice_metrics_users",
    ]


def test_what_stands_beside_the_lists_is_a_table_of_one_row(log: Path) -> None:
    projection = READ_MODELS["areas"]()
    with reading(log) as opened, tables_of(projection, project(opened, projection)) as tables:
        assert [table.name for table in tables] == ["areas_best", "areas_dangerous", "areas"]
        assert list(tables[2].documents) == [{"incomplete": 0}]


@frozen
class Row:
    """A row with numbers of every size."""

    n: int | None
    m: int


class Numbers:
    """A projection of somebody's own."""

    name = "some-numbers"
    version = 1
    types = None

    def initial(self) -> int:
        return 0

    def apply(self, state: int, event: Any) -> int:
        return state

    def merge(self, earlier: int, later: int) -> int:
        return earlier

    def result(self, state: int) -> list[Row]:
        return []


def test_only_columns_that_need_it_are_widened() -> None:
    rows = [Row(2**63, 2**63 - 1), Row(None, -(2**63))]
    with tables_of(Numbers(), rows) as (table,):
        assert table.name == "some_numbers"
        assert [column.kind for column in table.widened().columns] == [Kind.NUMBER, Kind.INTEGER]


def test_an_answer_that_is_no_list_has_no_tables() -> None:
    class Count(Numbers):
        def result(self, state: int) -> Any:
            return state

    with pytest.raises(ExportOptionError, match="some-numbers has no form as a table"):
        table_names(Count())
