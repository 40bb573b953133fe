from __future__ import annotations

import os
import struct
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from tests.serving.made_up import CATALOGUE, MONDAY, cell, content, facts, fill, step
from tests.serving.made_up import publish_generation as publish_one
from warehouse import schema
from warehouse.connection import open_readonly, open_warehouse
from warehouse.serving import mart
from warehouse.serving.days_off import days_off
from warehouse.serving.publish import Content, PublishError, publish
from warehouse.serving.releases import current

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PRIVATE = {
    "person_id", "address_id", "event_id", "file_id", "initiator", "thread", "reply_to",
    "container", "s", "t", "day", "started_at", "top_share",
}  # fmt: skip


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A release of which the private warehouse holds people and hidden numbers."""
    folder = tmp_path_factory.mktemp("released")
    with open_warehouse(folder / "private" / "tieline.duckdb", reach=[folder / "public"]) as con:
        fill(con, schema.METRIC_VALUE, [
            cell(value=SHOWN),
            cell(measure="hours", value=7.0),
            cell(unit="(all)", other_unit="(all)", people=30),
            cell(other_unit="West", value=HIDDEN, numerator=HIDDEN, people=2),
        ])  # fmt: skip
        fill(con, schema.TREND, [
            step(value=SHOWN),
            step(unit="(all)", other_unit="(all)"),
            step(other_unit="West", value=HIDDEN, previous=HIDDEN + 1),
        ])  # fmt: skip
        con.execute(schema.ddl(schema.MEMBERSHIP))
        con.execute(
            "INSERT INTO membership VALUES (?, 'team', 'North', DATE '0001-01-01',"
            " DATE '9999-12-31', 1, 'directory')",
            [PERSON],
        )
        yield publish(con, folder / "public", content=content(), facts=facts())


SHOWN, HIDDEN, PERSON = 1234567.891, 7654321.987, 0x1122334455667788


@pytest.fixture
def reader(released: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(released), read_only=True) as con:
        yield con


def test_plain_duckdb_reads_every_table_and_view(reader: duckdb.DuckDBPyConnection) -> None:
    rows = {
        item.name: len(reader.execute(f"SELECT * FROM mart.{item.name}").fetchall())
        for item in (*mart.TABLES, *mart.VIEWS)
    }
    filled = {name: count for name, count in rows.items() if count}
    assert filled == {
        "metric_value": 4, "trend": 3, "metric": 2, "unit": 3, "calendar": 1, "publication": 1,
        "weekly_lines": 2,
    }  # fmt: skip


def test_views_hold_under_another_name(released: Path, tmp_path: Path) -> None:
    copy = tmp_path / "my report.duckdb"
    copy.write_bytes(released.read_bytes())
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{copy}' AS elsewhere (READ_ONLY)")
        assert len(con.execute("FROM elsewhere.mart.weekly_lines").fetchall()) == 2


def test_every_table_view_and_column_is_commented(reader: duckdb.DuckDBPyConnection) -> None:
    found = reader.execute("""
        SELECT table_name, '' AS name, comment FROM duckdb_tables() WHERE NOT internal
        UNION ALL SELECT view_name, '', comment FROM duckdb_views() WHERE NOT internal
        UNION ALL SELECT table_name, column_name, comment FROM duckdb_columns() WHERE NOT internal
    """).fetchall()
    expected = {
        (item.name, name): text
        for item in (*mart.TABLES, *mart.VIEWS)
        for name, text in [("", item.description), *((c.name, c.description) for c in item.columns)]
    }
    assert {(table, name): comment for table, name, comment in found} == expected
    assert all(expected.values())


def test_types_and_rules_are_kept(reader: duckdb.DuckDBPyConnection) -> None:
    types = reader.execute(
        "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns()"
        " WHERE NOT internal"
    ).fetchall()
    tables = {
        (table.name, c.name, c.type, c.nullable) for table in mart.TABLES for c in table.columns
    }
    assert tables <= set(types)
    checks = reader.execute(
        "SELECT count(*) FROM duckdb_constraints() WHERE constraint_type = 'CHECK'"
    ).fetchall()[0][0]
    assert checks == sum(column.rule is not None for t in mart.TABLES for column in t.columns)


def test_no_column_of_people_or_events() -> None:
    names = {column.name for item in (*mart.TABLES, *mart.VIEWS) for column in item.columns}
    assert not names & PRIVATE


def test_bytes_hold_no_person_and_no_hidden_number(released: Path) -> None:
    raw = released.read_bytes()
    assert struct.pack("<d", SHOWN) in raw  # so the search below can find something
    for number in (HIDDEN, HIDDEN + 1):
        assert struct.pack("<d", number) not in raw
    assert struct.pack("<q", PERSON) not in raw
    private = released.parents[3] / "private"
    files = (path for path in private.glob("tieline.duckdb*") if path.is_file())
    stored = b"".join(path.read_bytes() for path in files)
    assert struct.pack("<d", HIDDEN) in stored
    assert struct.pack("<q", PERSON) in stored


def test_permissions_let_everybody_read_and_nobody_write(
    con: duckdb.DuckDBPyConnection, published: Path
) -> None:
    before = os.umask(0o077)
    try:
        path = publish_one(con, published, 1)
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o444
    for folder in (path.parent, path.parent.parent, published):
        assert folder.stat().st_mode & 0o777 == 0o755


def test_release_is_where_current_points(con: duckdb.DuckDBPyConnection, published: Path) -> None:
    first = publish_one(con, published, 1)
    second = publish_one(con, published, 2)
    assert not (published / "current").readlink().is_absolute()
    assert current(published) == second.parent
    assert sorted(path.name for path in published.iterdir()) == ["current", "releases"]
    assert {path.name for path in (published / "releases").iterdir()} == {
        first.parent.name,
        second.parent.name,
    }
    assert [path.name for path in second.parent.iterdir()] == ["bi.duckdb"]
    moved = published.rename(published.with_name("moved"))
    with open_readonly(moved / "current" / "bi.duckdb") as reader:
        assert reader.execute("SELECT run_id FROM mart.publication").fetchall() == [("g2",)]


def test_format_is_one_that_older_drivers_read(released: Path) -> None:
    with duckdb.connect(str(released), read_only=True) as con:
        tags = con.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'bi'")
        assert "v1.4.0" in tags.fetchall()[0][0]["storage_version"]


def test_publication_says_what_it_is(reader: duckdb.DuckDBPyConnection) -> None:
    row = reader.sql("SELECT * FROM mart.publication").pl().to_dicts()[0]
    assert row == {
        "run_id": "run", "published_at": facts().published_at,
        "data_first_day": MONDAY, "data_last_day": date(2026, 4, 15), "tieline_version": "0.1.0",
        "duckdb_version": duckdb.__version__, "k": 5, "dominance": 0.75,
        "time_zone": "Europe/Amsterdam", "network": "Invented",
        "mart_version": 1, "parameters": '{"loss": 2}', "protection": 0.1, "rounding": 0.05,
        "audit_version": 1,
    }  # fmt: skip


def test_new_reader_sees_the_new_release_beside_an_old_one(
    con: duckdb.DuckDBPyConnection, published: Path
) -> None:
    path = published / "current" / "bi.duckdb"
    publish_one(con, published, 1)
    with open_readonly(path) as old:
        publish_one(con, published, 2)
        with open_readonly(path) as new:
            generations = [c.execute("SELECT run_id FROM mart.publication") for c in (old, new)]
            assert [found.fetchall() for found in generations] == [[("g1",)], [("g2",)]]


def test_calendar_names_and_completeness(con: duckdb.DuckDBPyConnection) -> None:
    periods = [
        ("day", date(2026, 2, 9)), ("week", date(2024, 12, 30)), ("week", date(2026, 2, 9)),
        ("week", date(2026, 2, 16)), ("month", date(2024, 2, 1)), ("month", date(2026, 2, 1)),
        ("quarter", date(2025, 10, 1)), ("quarter", date(2026, 1, 1)),
    ]  # fmt: skip
    fill(con, schema.METRIC_VALUE, [cell(grain=grain, period=day) for grain, day in periods])
    con.register("holiday_to_publish", days_off("", MONDAY, MONDAY))
    found = con.execute(
        mart.calendar_rows(date(2026, 1, 1), date(2026, 2, 18)) + " ORDER BY name"
    ).fetchall()
    assert [(name, last, part) for _, _, _, last, name, part, *_ in found] == [
        ("2024-02", date(2024, 2, 29), 0),
        ("2025-Q4", date(2025, 12, 31), 0),
        ("2025-W01", date(2025, 1, 5), 0),
        ("2026-02", date(2026, 2, 28), 18 / 28),
        ("2026-02-09", date(2026, 2, 9), 1),
        ("2026-Q1", date(2026, 3, 31), 49 / 90),
        ("2026-W07", date(2026, 2, 15), 1),
        ("2026-W08", date(2026, 2, 22), 3 / 7),
    ]


def test_nothing_is_published_empty(con: duckdb.DuckDBPyConnection, published: Path) -> None:
    fill(con, schema.METRIC_VALUE, [])
    fill(con, schema.TREND, [])
    nothing = changed(calendar=mart.calendar_rows(None, None))
    since = replace(facts(), data_first_day=None, data_last_day=None)
    path = publish(con, published, content=nothing, facts=since)
    with open_readonly(path) as reader:
        assert reader.execute("FROM mart.metric_value").fetchall() == []


def changed(**selects: str) -> Content:
    """`content()` with other SELECTs."""
    rows = {**content().rows, **{name: [select] for name, select in selects.items()}}
    return replace(content(), rows=rows)


KEY = "grain, period, channel, boundary, unit, other_unit"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (changed(metric_value="SELECT *, NULL hidden_reason FROM metric_value"),
         "shown cells of too few people"),
        (changed(metric_value="SELECT *, 'few people' AS hidden_reason FROM metric_value"
                 ""), "CHECK"),
        (changed(metric_value="SELECT * FROM metric_value"), "hidden_reason"),
        (changed(trend="SELECT *, NULL AS hidden_reason FROM trend"),
         "trends of hidden cells"),
        (changed(line=f"SELECT {KEY}, 'quiet' AS state, NULL AS weight, NULL AS recent, NULL AS base,"
                 " NULL AS ratio, NULL AS z, 2 AS silent, NULL AS last_day, 9 AS people, 2 AS other_people,"
                 " NULL AS hidden_reason, NULL AS unknown_share FROM metric_value WHERE measure = 'weight'"),
         "shown lines of too few people"),
        (changed(direction=f"SELECT metric, measure, {KEY}, 12 AS periods, 56 AS mann_kendall, .95 AS slope,"
                 " .01 AS p_value, 'rising' AS direction FROM metric_value WHERE people < $k"),
         "directions of hidden cells"),
        (changed(unit="SELECT boundary, unit FROM nowhere"), "nowhere"),
        (changed(calendar="SELECT 'year' AS grain, period, period AS first_day,"
                 " period AS last_day, 'x' AS name, 1 AS completeness, 5 AS weekdays, 0 AS holidays,"
                 " 0 AS vacation_north, 0 AS vacation_middle, 0 AS vacation_south FROM metric_value"), "CHECK"),
        (replace(content(), catalogue=CATALOGUE.drop("unit")), "unit"),
        (replace(content(), catalogue=CATALOGUE.with_columns(title_nl=pl.lit(None, pl.String))),
         "NOT NULL"),
    ],
)  # fmt: skip
def test_what_is_not_sound_is_not_published(
    con: duckdb.DuckDBPyConnection, published: Path, wrong: Content, message: str
) -> None:
    good = publish_one(con, published, 1)
    with pytest.raises(PublishError, match=message):
        publish(con, published, content=wrong, facts=facts())
    assert current(published) == good.parent
    assert list((published / "releases").iterdir()) == [good.parent]
    assert publish_one(con, published, 2).parent == current(published)  # and the next run can


@pytest.mark.parametrize("run_id", ["", "../x", "a b", ".hidden", "x/y"])
def test_run_id_that_is_no_file_name_is_refused(
    con: duckdb.DuckDBPyConnection, published: Path, run_id: str
) -> None:
    with pytest.raises(PublishError, match="letters, digits"):
        publish(con, published, content=content(), facts=facts(run_id))


def test_folder_in_the_place_of_the_link_is_left_alone(
    con: duckdb.DuckDBPyConnection, published: Path
) -> None:
    (published / "current").mkdir(parents=True)
    with pytest.raises(PublishError, match="move it away"):
        publish_one(con, published, 1)


def test_same_content_gives_the_same_rows_in_the_same_order(
    con: duckdb.DuckDBPyConnection, published: Path
) -> None:
    def rows(path: Path) -> list[tuple[object, ...]]:
        with open_readonly(path) as reader:
            return reader.execute("FROM mart.metric_value").fetchall()

    first = publish_one(con, published, 1)
    con.execute("CREATE TABLE shuffled AS FROM metric_value ORDER BY hash(period, other_unit)")
    con.execute("DELETE FROM metric_value")
    con.execute("INSERT INTO metric_value FROM shuffled")
    assert rows(publish(con, published, content=content(), facts=facts())) == rows(first)
