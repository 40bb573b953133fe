"""The wide views: numbers worked out by hand from a few cells, and nothing hidden in any of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tests.serving.made_up import MONDAY, cell, content, facts, fill, step
from transforms.model import read_models
from warehouse import schema
from warehouse.connection import open_readonly, open_warehouse
from warehouse.serving import mart
from warehouse.serving.measures import LINES, NETWORK, UNITS
from warehouse.serving.publish import publish
from warehouse.serving.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

NEXT = date(2026, 1, 12)
UNIT = {"metric": "interaction_volume", "other_unit": "(all)", "other_people": None}
UNKNOWN = UNIT | {"metric": "cross_boundary_share", "measure": "unknown_share", "unit": "(all)"}
CELLS = [
    cell(value=10.0),
    cell(value=6.0, channel="meeting"),
    cell(measure="hours", value=3.0),
    cell(metric="response", measure="rate", value=0.5),
    cell(metric="response", measure="rate", value=0.25, unit="South", other_unit="North", people=8, other_people=9),
    cell(value=4.0, other_unit="West", people=2),
    cell(measure="hours", value=1.0, other_unit="West"),
    cell(value=20.0, other_unit="North"),
    cell(value=2.0, boundary="organisation", unit="A", other_unit="B"),
    cell(**UNIT, value=9.0),
    cell(**UNIT, value=12.0, boundary="organisation", unit="A"),
    cell(**UNIT | {"unit": "(all)"}, value=40.0, people=30),
    cell(**UNKNOWN, value=0.2),
    cell(**UNKNOWN, value=0.1, period=NEXT),
    cell(**UNKNOWN, value=0.6, channel="meeting"),
    cell(**UNKNOWN, value=0.7, grain="month", period=date(2026, 1, 1)),
    cell(**UNKNOWN, value=0.9, boundary="organisation", people=4),
    cell(**UNIT | {"unit": "(all)"}, value=50.0, people=30, grain="month", period=date(2026, 1, 1)),
]  # fmt: skip
LINE = {
    "grain": "week", "period": NEXT, "channel": "(all)", "boundary": "team", "unit": "North",
    "other_unit": "South", "state": "quiet", "weight": 0.0, "recent": 0.0, "base": 5.0, "ratio": 0.0, "z": -3.0,
    "silent": 7, "last_day": MONDAY, "people": 9, "other_people": 8, "hidden_reason": None,
    "unknown_share": 0.1,
}  # fmt: skip


def rows_of(table: schema.Table, *rows: dict[str, Any]) -> str:
    """A SELECT of `rows` of a published table."""
    values = ", ".join(
        "("
        + ", ".join(
            "NULL" if row[c.name] is None else f"'{row[c.name]}'::{c.type}" for c in table.columns
        )
        + ")"
        for row in rows
    )
    return f"SELECT * FROM (VALUES {values}) AS t ({', '.join(table.names())})"


@pytest.fixture(scope="module")
def bi(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("wide")
    with open_warehouse(folder / "private" / "tieline.duckdb", reach=[folder / "public"]) as con:
        fill(
            con,
            schema.METRIC_VALUE,
            [*CELLS, cell(**UNIT | {"unit": "(all)"}, value=44.0, period=NEXT, people=30)],
        )
        fill(con, schema.TREND, [step(value=10.0, previous=8.0, change=2.0, change_share=0.25)])
        missing = {key: LINE[key] for key in mart.COMPLETENESS.names() if key in LINE}
        more = {
            "line": [rows_of(mart.LINE, LINE)],
            "completeness": [
                rows_of(mart.COMPLETENESS, missing | {"completeness": 0.5, "missing_sources": 1})
            ],
        }
        whole = replace(content(), rows={**content().rows, **more})
        path = publish(con, folder / "public", content=whole, facts=facts())
    with open_readonly(path) as con:
        con.execute("USE mart")
        yield con


def one(con: duckdb.DuckDBPyConnection, view: str, where: str) -> dict[str, Any]:
    found = con.sql(f"FROM {view} WHERE {where}").pl().to_dicts()
    assert len(found) == 1
    return found[0]


def test_a_line_is_one_row_with_its_measures_beside_each_other(
    bi: duckdb.DuckDBPyConnection,
) -> None:
    row = one(bi, "weekly_lines", f"line = 'North - South' AND period = DATE '{MONDAY}'")
    expected = {
        "period_end": date(2026, 1, 11), "label": "2026-W02", "boundary": "team", "weight": 10.0,
        "weight_meeting": 6.0, "weight_message": None, "hours": 3.0, "people": 9.0, "other_people": 8.0,
        "response_rate": 0.5, "response_rate_back": 0.25, "weight_previous": 8.0, "weight_change": 2.0,
        "weight_change_share": 0.25, "is_inside": False, "is_hidden": False, "hidden_columns": None,
        "is_complete": True, "missing_sources": 0, "holidays": 0,
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected


def test_hidden_measures_are_named_and_empty(bi: duckdb.DuckDBPyConnection) -> None:
    row = one(bi, "weekly_lines", "other_unit = 'West'")
    assert (row["weight"], row["people"], row["hours"]) == (None, None, 1.0)
    assert (row["is_hidden"], row["hidden_reason"]) == (True, "few people")
    assert row["hidden_columns"] == "weight"


def test_a_silent_line_keeps_its_row_and_says_so(bi: duckdb.DuckDBPyConnection) -> None:
    row = one(bi, "weekly_lines", f"period = DATE '{NEXT}'")
    assert (row["line"], row["state"], row["weight"]) == ("North - South", "quiet", 0.0)
    assert (row["completeness"], row["is_complete"], row["missing_sources"]) == (0.5, False, 1)


def test_the_inside_of_a_unit_is_told_apart(bi: duckdb.DuckDBPyConnection) -> None:
    row = one(bi, "weekly_lines", "is_inside")
    assert (row["line"], row["weight"]) == ("North", 20.0)


def test_beside_each_line_stands_how_much_is_of_unknown_people(
    bi: duckdb.DuckDBPyConnection,
) -> None:
    told = bi.execute(
        "SELECT line, period, unknown_share FROM weekly_lines ORDER BY ALL"
    ).fetchall()
    assert told == [
        ("A - B", MONDAY, None),  # of too few people to be told
        ("North", MONDAY, 0.2), ("North - South", MONDAY, 0.2), ("North - South", NEXT, 0.1),
        ("North - West", MONDAY, 0.2),
    ]  # fmt: skip


def test_units_of_each_boundary(bi: duckdb.DuckDBPyConnection) -> None:
    units = bi.execute("SELECT boundary, unit, weight FROM weekly_units ORDER BY ALL").fetchall()
    assert units == [("organisation", "A", 12.0), ("team", "North", 9.0)]
    assert bi.execute("SELECT unit, weight FROM weekly_organisation").fetchall() == [("A", 12.0)]
    assert bi.execute("SELECT unit, weight FROM weekly_team").fetchall() == [("North", 9.0)]
    assert bi.execute("FROM monthly_team").fetchall() == []


def test_the_network_at_each_grain(bi: duckdb.DuckDBPyConnection) -> None:
    weeks = bi.execute(
        "SELECT label, boundary, weight, unknown_share FROM weekly_network ORDER BY ALL"
    )
    assert weeks.fetchall() == [
        ("2026-W02", "organisation", None, None), ("2026-W02", "team", 40.0, 0.2),
        ("2026-W03", "team", 44.0, 0.1),
    ]  # fmt: skip
    months = bi.execute("SELECT label, weight FROM monthly_network").fetchall()
    assert months == [("2026-01", 50.0)]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_row_is_told_once(bi: duckdb.DuckDBPyConnection, view: mart.View) -> None:
    key = {"period", "boundary", "unit", "other_unit"} & {c.name for c in view.columns}
    twice = f"SELECT 1 FROM {view.name} GROUP BY {', '.join(sorted(key))} HAVING count(*) > 1"
    assert bi.execute(twice).fetchall() == []


def test_columns_are_measures_that_exist() -> None:
    known = {
        (m.name, measure) for m in read_models() if m.header for measure in m.header["measures"]
    }
    for subject in (LINES, UNITS, NETWORK):
        assert {(m.metric, m.measure) for m in subject} <= known
        names = [m.column for m in subject]
        assert len(names) == len(set(names))


def test_wide_views_name_no_schema() -> None:
    assert not [view.name for view in VIEWS if "mart." in view.query or "bi." in view.query]
