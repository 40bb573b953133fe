"""Warehouses of every earlier release become today's, whole or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.flows.conftest import assert_same, make_home, published, small_network, tables
from tests.plain_night import night
from tests.warehouse.layouts import FILES, build, released
from warehouse import identity, layout, load, schema

CREATE = {"warehouse": load.create, "identity": identity.create}
TABLES = {"warehouse": schema.WAREHOUSE, "identity": identity.TABLES}
# What an upgraded warehouse keeps that a new one never had: each run's own story. And days that wait for a
# lake: a warehouse that never wrote one is compared with it whole.
OF_RUNS = ("main.run", "main.quality_result", "main.lake_day")


def shape(path: Path) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(
            "SELECT schema_name, table_name, column_name, data_type, is_nullable, comment"
            " FROM duckdb_columns() WHERE database_name = current_database()"
            " ORDER BY schema_name, table_name, column_index"
        ).fetchall()


def declared(path: Path, what: str) -> list[tuple]:
    """The columns of the declared tables only: models make theirs in the next run."""
    names = {table.name for table in TABLES[what]}
    return [row for row in shape(path) if row[1] in names]


def ask(path: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(path), read_only=True) as con:
        return con.execute(query).fetchall()


def create(path: Path, what: str) -> None:
    with duckdb.connect(str(path)) as con:
        CREATE[what](con)


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of today's Tieline, after one night over the network that the old ones have seen."""
    home = make_home(tmp_path_factory.mktemp("new") / "home", small_network(weeks=2))
    night(home)
    return home


@pytest.mark.parametrize("what", FILES)
def test_the_number_of_the_layout_rises_with_the_first_change(what: str, tmp_path: Path) -> None:
    """Once layouts/vN.*.sql is written, N is released: raise VERSION, and write a Step if rows must change."""
    last = max(released())
    assert last in {layout.VERSION, layout.VERSION - 1}
    if last == layout.VERSION:
        build(last, what, tmp_path / "old.duckdb")
        create(tmp_path / "new.duckdb", what)
        assert declared(tmp_path / "old.duckdb", what) == declared(tmp_path / "new.duckdb", what)


@pytest.mark.parametrize("what", FILES)
@pytest.mark.parametrize("number", released())
def test_every_released_layout_becomes_todays(number: int, what: str, tmp_path: Path) -> None:
    old, today = tmp_path / "old.duckdb", tmp_path / "new.duckdb"
    build(number, what, old)
    create(old, what)
    create(today, what)
    assert declared(old, what) == declared(today, what)
    assert ask(old, "FROM layout")[0][0] == layout.VERSION
    before = shape(old)
    create(old, what)
    assert shape(old) == before


@pytest.mark.slow
@pytest.mark.parametrize("number", released())
def test_a_night_over_an_old_warehouse_gives_what_a_new_one_holds(
    number: int, new: Path, tmp_path: Path
) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=2))
    for what, file in FILES.items():
        build(number, what, home / file)
    told = ask(home / FILES["warehouse"], "SELECT run_id, events FROM run ORDER BY ALL")
    night(home)
    expected = {name: rows for name, rows in tables(new).items() if name not in OF_RUNS}
    assert_same({k: v for k, v in tables(home).items() if k in expected}, expected)
    assert_same(published(home), published(new))
    assert set(tables(home)) - set(tables(new)) == set(), "a table that nobody declares is left"
    assert set(told) < set(ask(home / FILES["warehouse"], "SELECT run_id, events FROM run"))


def test_what_nobody_can_read_again_is_kept(tmp_path: Path) -> None:
    """A file that is gone: its events stay, with who saw them."""
    path = tmp_path / "old.duckdb"
    build(1, "warehouse", path)
    seen = ask(path, "SELECT event_id, day FROM event ORDER BY ALL")
    create(path, "warehouse")
    assert ask(path, "SELECT event_id, day FROM event ORDER BY ALL") == seen
    assert ask(path, "SELECT DISTINCT event_id, day FROM observation ORDER BY ALL") == seen
    # Worked out from the files: what two organisations share, both have shown.
    both = """SELECT count(*) FROM event WHERE channel = 'message' AND (
                SELECT count(*) FROM observation o WHERE o.event_id = event.event_id) = 2"""
    mails = [
        m for m in small_network(weeks=2).mails if len({p.split("@")[1] for p in m.people}) > 1
    ]
    assert ask(path, both) == [(len(mails),)]


def test_an_upgrade_that_fails_leaves_the_old_warehouse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.duckdb"
    build(1, "warehouse", path)
    before = shape(path), ask(path, "FROM event ORDER BY ALL")
    steps = (*load.STEPS, layout.Step(to=3, statements=("UPDATE event SET day = NULL",)))
    monkeypatch.setattr(load, "STEPS", steps)
    with pytest.raises(duckdb.ConstraintException):
        create(path, "warehouse")
    assert (shape(path), ask(path, "FROM event ORDER BY ALL")) == before


@pytest.mark.parametrize("what", FILES)
def test_a_newer_database_is_refused_and_left_alone(what: str, tmp_path: Path) -> None:
    path = tmp_path / "tieline.duckdb"
    create(path, what)
    with duckdb.connect(str(path)) as con:
        con.execute("UPDATE layout SET version = version + 1, tieline = '9.1.0'")
    whole = shutil.copy(path, tmp_path / "copy.duckdb").read_bytes()
    with pytest.raises(
        layout.NewerDatabaseError, match=r"tieline\.duckdb: written by Tieline 9\.1\.0"
    ):
        create(path, what)
    assert path.read_bytes() == whole


# --- adding is one declared step -----------------------------------------------------------------


def table(*columns: schema.Column) -> schema.Table:
    return schema.Table("thing", "Things.", columns)


NUMBER = schema.Column("number", "BIGINT", "A number.")
WORD = schema.Column("word", "VARCHAR", "A word.", nullable=True)
SIZE = schema.Column("size", "BIGINT", "Its size.", before="number * 2")


def things(*columns: schema.Column, con: duckdb.DuckDBPyConnection) -> list[tuple]:
    layout.raise_layout(con, [schema.LAYOUT, table(*columns)])
    return con.execute("FROM thing").fetchall()


def test_columns_come_go_and_change_place() -> None:
    with duckdb.connect() as con:
        assert things(NUMBER, con=con) == []
        con.execute("INSERT INTO thing VALUES (2), (1)")
        assert things(WORD, NUMBER, con=con) == [(None, 2), (None, 1)]
        assert things(WORD, SIZE, NUMBER, con=con) == [(None, 4, 2), (None, 2, 1)]
        assert things(NUMBER, con=con) == [(2,), (1,)]
        with pytest.raises(duckdb.ConstraintException):
            con.execute("INSERT INTO thing VALUES (NULL)")


def test_every_column_that_may_not_be_empty_says_what_old_rows_get() -> None:
    """Otherwise the upgrade stops. Of the declared ones, the full tables of old layouts show it above."""
    with duckdb.connect() as con:
        con.execute("CREATE TABLE thing (number BIGINT)")
        con.execute("INSERT INTO thing VALUES (1)")
        with pytest.raises(duckdb.ConstraintException):
            things(NUMBER, schema.Column("more", "BIGINT", "No word for old rows."), con=con)
