from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from tests.network import INPUTS, build, empty_warehouse, fill
from tests.transform.portable import strange
from transforms.model import HERE, read_model
from transforms.portable import spark_sql

MODELS = sorted((HERE / "models").glob("*.sql"))
Columns = Mapping[str, Mapping[str, str]]


@pytest.fixture(scope="module")
def columns() -> Columns:
    """The types of every table as DuckDB has them, so that dates are told from numbers."""
    con = empty_warehouse()
    fill(con, INPUTS / "t1")
    build(con)
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE schema_name = 'main'"
    ).fetchall():
        found.setdefault(table, {})[column] = kind
    con.close()
    return found


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models_are_written_with_what_carries_over(path, columns: Columns):
    assert list(strange(path.read_text(encoding="utf-8"), columns)) == []


@pytest.mark.parametrize(
    ("query", "cause"),
    [
        ("select dayofweek(day) as a from event", "dayofweek"),
        ("select isodow(day) as a from event", "isodow"),
        ("select date_diff('month', day, day) as a from event", "date_diff"),
        ("select log(revision) as a from event", "log()"),
        ("select max(day) - min(day) as a from event", "date - date"),
        ("with s as (select day as d from event) select a.d - b.d as n from s a, s b", "date - date"),
        ("select percentile_cont(0.5) within group (order by revision) as a from event", "percentile_cont"),
        ("select quantile_cont(revision, 0.5) as a from event", "percentile_cont"),
        ("select quantile_disc(revision, 0.5) as a from event", "percentile_disc"),
        ("select approx_quantile(revision, 0.5) as a from event", "quantile"),
        ("select e.day from event e asof join participation p on e.day >= p.day", "ASOF"),
        ("from (pivot event on channel using count(*))", "PIVOT"),
        ("select r.x from range(3) r(x)", "does not carry over"),
        ("select r.x from generate_series(1, 3) r(x)", "does not carry over"),
        ("select strftime(day, '%G-W%V') as a from event", "%G-W%V"),
        ("select least(initiator, thread) as a, count(*) as n from event group by a", "an alias"),
        ("select day, count(*) as n from event group by 1", "a place"),
        ("select day, count(*) as n from event group by all", "group by all"),
        ("select revision // 2 as a from event", "//"),
        ("select date_trunc('week', day) as a from event", "date_trunc"),
        ("select day + interval 6 day as a from event", "intervals"),
        ("select count(*) filter (channel = 'work') as a from event", "filter"),
        ("select * exclude (day) from event", "exclude"),
        ("select sum(revision) over (order by day rows between unbounded preceding"
         " and unbounded following exclude current row) as a from event", "exclude current row"),
        ("select day from event qualify row_number() over (order by day) = 1", "qualify"),
        ("select sum(revision) over w - revision as a from event window w as (order by day)", "window's name"),
        ("select list(day) as a from event", "lists"),
        ("select arg_max(day, revision) as a from event", "not known"),
        ("select hash(day) as a from event", "does not know"),
    ],
)  # fmt: skip
def test_what_does_not_carry_over_is_refused(query: str, cause: str, columns: Columns):
    assert any(cause in one for one in strange(query, columns))


def test_arithmetic_on_days_and_numbers_is_allowed(columns: Columns):
    query = "select day - $introduction_days as d, max(revision) - 1 as n from event group by day"
    assert list(strange(query, columns)) == []


def test_there_are_models():
    assert len(MODELS) > 20
    assert all(read_model(path).grain in {"day", "grain"} for path in MODELS)


def test_a_day_long_ago_is_written_with_four_figures_of_its_year():
    found = spark_sql(
        "select day from event where day >= $first_period", {"first_period": date.min}
    )
    assert found.endswith("WHERE day >= CAST('0001-01-01' AS DATE)")
