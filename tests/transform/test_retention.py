"""Events go, numbers stay: whatever comes later, closed periods keep the rows they had."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from flows.config import Config, ConfigError, ModelParameters, Retention, Settings
from flows.retention import kept_now, looks_back, wanted
from tests.network import PARAMETERS, TODAY, empty_warehouse
from tests.transform.test_incremental import START, put
from transforms.model import read_models
from transforms.runner import Built, transform
from warehouse import retention

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

NAMES = (
    "attendance", "act_day", "tie_day", "tie", "tie_previous", "tie_gap", "unit_tie", "presence", "frame", "line", "flow",
    "unit_event_day", "cross_boundary_share", "tie_turnover", "contact_day", "introduction", "joint_seat",
    "joint_day", "joint_initiative", "active_line_day", "interaction_volume",
)  # fmt: skip
MODELS = [model for model in read_models() if model.name in NAMES]
SINCE, CLOSED = START + timedelta(days=60), START + timedelta(days=100)
EVENTS = {
    number: {"day": day, "channel": channel, "people": people, "container": 7}
    for number, (day, channel, people) in enumerate(
        [(3, "meeting", [1, 3]), (10, "message", [3, 1]), (40, "meeting", [1, 2, 3, 4]), (70, "meeting", [2, 4]),
         (75, "message", [1, 5]), (110, "meeting", [1, 3, 5]), (130, "message", [3, 1]), (200, "meeting", [4, 1])],
        1,
    )
}  # fmt: skip


def build(con: duckdb.DuckDBPyConnection) -> Built:
    con.execute("BEGIN")
    built = transform(con, MODELS, PARAMETERS, today=TODAY, kept=kept_now(con))
    con.execute("COMMIT")
    return built


def filled() -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    con.execute(
        """INSERT INTO membership SELECT p, 'organisation', u, DATE '0001-01-01', DATE '9999-12-31', 1, 'directory'
           FROM (VALUES (1, 'A'), (2, 'A'), (3, 'B'), (4, 'B'), (5, 'C')) AS m(p, u)"""
    )
    for number, one in EVENTS.items():
        put(con, number, one)
    build(con)
    return con


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = filled()
    retention.expire(con, SINCE, CLOSED, retention.tables(con))
    return con


def numbers(con: duckdb.DuckDBPyConnection, where: str) -> pl.DataFrame:
    rows = con.sql(f"FROM metric_value WHERE {where}").pl()
    return rows.sort([name for name in rows.columns if not rows[name].dtype.is_float()])


def assert_kept(con: duckdb.DuckDBPyConnection, before: pl.DataFrame, where: str) -> None:
    assert_frame_equal(numbers(con, where), before, rel_tol=1e-9, abs_tol=1e-12)


def test_events_and_people_go_and_numbers_stay(con: duckdb.DuckDBPyConnection) -> None:
    assert kept_now(con) is not None
    personal = retention.tables(con)
    assert {"attendance", "tie_day", "tie", "unit_tie", "introduction", "joint_seat"} <= set(
        personal
    )
    assert not {"line", "joint_day", "frame", "active_line_day"} & set(personal)
    for table in ("event", "participation", "observation", *personal):
        columns = {row[0] for row in con.execute(f"DESCRIBE {table}").fetchall()}
        column = "day" if "day" in columns else "period"
        old = con.execute(f"SELECT count(*) FROM {table} WHERE {column} < ?", [SINCE]).fetchall()
        assert old == [(0,)], table
    assert con.execute("SELECT count(*) FROM event").fetchall() == [(5,)]
    assert retention.first_day(con) == START + timedelta(days=3)
    assert_kept(con, numbers(filled(), "true"), "true")
    assert con.execute("SELECT count(*) FROM line WHERE period < ?", [SINCE]).fetchall()[0][0] > 0


def test_what_comes_later_restates_open_periods_alone(con: duckdb.DuckDBPyConnection) -> None:
    closed = f"period < DATE '{CLOSED}'"
    before = numbers(con, closed)
    more = {"day": 150, "channel": "meeting", "people": [2, 3]}
    late = {"day": 80, "channel": "meeting", "people": [2, 3]}
    put(con, 20, more)
    put(con, 21, late)  # kept, but in a closed period
    build(con)
    assert_kept(con, before, closed)
    whole = filled()
    put(whole, 20, more)
    put(whole, 21, late)
    build(whole)
    # A look back of more than is kept sees less; these metrics look back a period at most.
    mine = f"period >= DATE '{CLOSED}' AND metric IN ('flow', 'cross_boundary_share', 'interaction_volume')"
    assert_kept(con, numbers(whole, mine), mine)


def test_another_model_rebuilds_open_periods_alone(con: duckdb.DuckDBPyConnection) -> None:
    before, lines = numbers(con, "true"), con.sql("FROM line ORDER BY ALL").pl()
    con.execute("DELETE FROM model_state")
    built = build(con)
    assert set(built.rebuilt) == set(NAMES)
    untouched = "metric IN ('flow', 'cross_boundary_share', 'interaction_volume')"
    assert_kept(
        con,
        before.filter(
            pl.col("metric").is_in(["flow", "cross_boundary_share", "interaction_volume"])
        ),
        untouched,
    )
    closed = f"period < DATE '{CLOSED}'"
    assert_kept(con, before.filter(pl.col("period") < CLOSED), closed)
    assert_frame_equal(con.sql("FROM line ORDER BY ALL").pl(), lines, rel_tol=1e-9)


def test_a_view_of_an_event_that_was_moved_on_stays(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        "INSERT INTO observed_event SELECT 1, * EXCLUDE (answers), false, 0 FROM event WHERE event_id = 6"
    )
    con.execute("UPDATE observed_event SET day = DATE '2026-01-02'")
    con.execute("INSERT INTO observed_event SELECT * REPLACE (99 AS event_id) FROM observed_event")
    retention.expire(con, SINCE, CLOSED, ())
    assert con.execute("SELECT event_id FROM observed_event").fetchall() == [(6,)]


def test_settings(tmp_path: Path) -> None:
    def asked(months: int) -> tuple[date, date] | None:
        settings = Settings(retention=Retention(months=months))
        return wanted(Config(tmp_path / "tieline.toml", tmp_path, settings), date(2026, 3, 31))

    assert looks_back(ModelParameters()) == 12 * 31 + 92
    assert asked(0) is None
    assert asked(36) == (date(2023, 3, 1), date(2023, 3, 1) + timedelta(days=464))
    assert asked(27) == (date(2023, 12, 1), date(2023, 12, 1) + timedelta(days=464))
    with pytest.raises(
        ConfigError,
        match=r"tieline\.toml: retention\.months: numbers look 464 days back; keep at least 19",
    ):
        asked(12)
