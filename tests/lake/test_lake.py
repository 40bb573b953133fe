"""The event lake has what the warehouse has, whatever happened in between, and gives it back."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.load.test_load import exports, load_file
from tests.network import empty_warehouse
from warehouse import lake as lakes
from warehouse import load, schema
from warehouse.lake import Lake, open_lake
from warehouse.lake_tables import DAILY, ENTIRE, FIXED, EmptyLakeError, rebuild, write
from warehouse.retention import expire

NUMBERS = count()
MAILS = [
    {"key": f"m{n}", "day": n, "revision": 0, "cancelled": False, "reply": None,
     "people": {"b@x.example": ("to", "none", False), "c@y.example": ("cc", "none", False)}}
    for n in range(4)
]  # fmt: skip


@pytest.fixture(params=["local", "memory"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> Lake:
    where = str(tmp_path / "lake") if request.param == "local" else f"memory://lake{next(NUMBERS)}"
    return open_lake(where, {})


WAREHOUSES: dict[str, duckdb.DuckDBPyConnection] = {}


def empty(name: str) -> duckdb.DuckDBPyConnection:
    """The warehouse of that name, with nothing in it: making one takes longer than any test here."""
    if name not in WAREHOUSES:
        WAREHOUSES[name] = empty_warehouse()
    for table in schema.WAREHOUSE:
        if table is not schema.LAYOUT:
            WAREHOUSES[name].execute(f"DELETE FROM {table.name}")
    return WAREHOUSES[name]


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return empty("mine")


def night(con: duckdb.DuckDBPyConnection, files: dict[str, list[dict]]) -> None:
    for name, records in files.items():
        load_file(con, name, records)


def rows(con: duckdb.DuckDBPyConnection) -> dict[str, list[tuple]]:
    tables = [table for table in (*DAILY, *ENTIRE) if table not in FIXED]
    return {t.name: con.execute(f"FROM {t.name} ORDER BY ALL").fetchall() for t in tables}


def from_lake(lake: Lake) -> dict[str, list[tuple]]:
    con = empty("rebuilt")
    rebuild(con, lake)
    return rows(con)


def plain_rows(lake: Lake, table: str) -> list[tuple]:
    """What any reader of Parquet sees below the folder of a table, commits or not."""
    with duckdb.connect() as con:
        con.register_filesystem(lake.files) if not lake.is_local else None
        scheme = "" if lake.is_local else "memory:/"
        columns = ", ".join(next(t for t in DAILY if t.name == table).names())
        return con.execute(
            f"SELECT {columns} FROM read_parquet('{scheme}{lake.at(table)}/*/*.parquet', hive_partitioning = true)"
            " ORDER BY ALL"
        ).fetchall()


def test_a_warehouse_comes_back_from_the_lake(lake: Lake, con: duckdb.DuckDBPyConnection) -> None:
    night(con, {"f1": MAILS, "f2": MAILS[1:]})
    told = write(con, lake, "one")
    assert told.days == 4
    assert from_lake(lake) == rows(con)
    assert plain_rows(lake, "event") == rows(con)["event"]


def test_nothing_new_writes_nothing(lake: Lake, con: duckdb.DuckDBPyConnection) -> None:
    night(con, {"f1": MAILS})
    write(con, lake, "one")
    before = lakes.latest(lake)
    night(con, {"f1": MAILS})
    assert write(con, lake, "two").days == 0
    assert lakes.latest(lake) == before


def test_only_days_that_changed_are_written(lake: Lake, con: duckdb.DuckDBPyConnection) -> None:
    night(con, {"f1": MAILS})
    write(con, lake, "one")
    before = lakes.latest(lake).tables["event"]
    moved = {**MAILS[1], "day": 9, "revision": 1}
    night(con, {"f1": [MAILS[0], moved, *MAILS[2:]]})
    told = write(con, lake, "two")
    after = lakes.latest(lake).tables["event"]
    assert told.days == 2  # the old day, which is empty now, and the new one
    assert len(after) == len(before) == 4
    assert sum(after.get(day) == file for day, file in before.items()) == 3
    assert from_lake(lake) == rows(con)


def test_nothing_of_an_erased_person_stays(lake: Lake, con: duckdb.DuckDBPyConnection) -> None:
    night(con, {"f1": MAILS})
    write(con, lake, "one")
    gone = con.sql("SELECT DISTINCT address_id FROM participation ORDER BY 1 LIMIT 1").pl()[
        "address_id"
    ]
    con.execute("BEGIN")
    load.erase(con, gone)
    con.execute("COMMIT")
    write(con, lake, "two")
    assert from_lake(lake) == rows(con)
    there = {lake.within(path) for path in lake.files.find(lake.root) if path.endswith(".parquet")}
    assert there == lakes.latest(lake).paths()
    left = plain_rows(lake, "participation") + plain_rows(lake, "observed_participation")
    assert left
    assert not [row for row in left if gone[0] in row]


def test_what_retention_removes_leaves_the_lake(lake: Lake, con: duckdb.DuckDBPyConnection) -> None:
    night(con, {"f1": MAILS})
    write(con, lake, "one")
    since = con.execute("SELECT max(day) FROM event").fetchall()[0][0]
    expire(con, since, since, ())
    assert write(con, lake, "two").days == len(MAILS) - 1
    assert from_lake(lake) == rows(con)
    assert len(plain_rows(lake, "event")) == 1


@given(nights=st.lists(st.tuples(exports, st.booleans()), min_size=1, max_size=4))
@settings(max_examples=6)
def test_the_lake_follows_every_night(nights: list[tuple[dict, bool]]) -> None:
    """Also when it misses some of them."""
    lake = open_lake(f"memory://nights{next(NUMBERS)}", {})
    con = empty("mine")
    for number, (files, is_written) in enumerate(nights):
        night(con, files)
        if is_written or number == len(nights) - 1:
            write(con, lake, f"run{number}")
    assert from_lake(lake) == rows(con)


def test_another_lake_is_compared_and_filled(
    lake: Lake, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    night(con, {"f1": MAILS})
    write(con, lake, "one")
    other = open_lake(str(tmp_path / "other"), {})
    assert write(con, other, "two").days == 4
    assert from_lake(other) == rows(con)


def test_what_changed_behind_its_back_is_found_by_comparing(
    lake: Lake, con: duckdb.DuckDBPyConnection
) -> None:
    """Whoever changes rows otherwise than by loading forgets the state, and the lake is compared."""
    night(con, {"f1": MAILS})
    write(con, lake, "one")
    con.execute("DELETE FROM event WHERE event_id = (SELECT min(event_id) FROM event)")
    con.execute("DELETE FROM lake_state")
    assert write(con, lake, "two").days == 1
    assert from_lake(lake) == rows(con)


@pytest.mark.parametrize("at", range(1, 9))
def test_killed_at_any_write_the_next_run_completes(
    at: int, tmp_path: Path, con: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step that leaves something behind is the last one once; readers see the commit before."""
    lake = open_lake(str(tmp_path / "lake"), {})
    night(con, {"f1": MAILS})
    write(con, lake, "one")
    before = rows(con)
    night(
        con, {"f1": [{**MAILS[0], "revision": 2, "cancelled": True}, *MAILS[1:]], "f2": MAILS[2:]}
    )
    steps, committed = count(1), []

    class KilledError(BaseException):
        pass

    def dying(step):
        def done(*args, **kwargs):
            if next(steps) == at:
                raise KilledError
            result = step(*args, **kwargs)
            if step.__name__ == "commit":
                committed.append(True)
            return result

        return done

    with monkeypatch.context() as patch:
        for name in ("write_days", "write_whole", "commit", "sweep"):
            patch.setattr(lakes, name, dying(getattr(lakes, name)))
        try:
            write(con, lake, "two")
        except KilledError:
            assert from_lake(lake) == (rows(con) if committed else before)
    write(con, lake, "three")
    night(con, {"f3": MAILS[:1]})
    write(con, lake, "four")
    night(con, {"f4": MAILS})
    write(con, lake, "five")
    assert from_lake(lake) == rows(con)


def test_files_that_no_longer_count_are_removed(lake: Lake, con: duckdb.DuckDBPyConnection) -> None:
    for number in range(6):
        night(con, {"f1": [{**mail, "revision": number} for mail in MAILS]})
        write(con, lake, f"run{number}")
    there = [path for path in lake.files.find(lake.root) if path.endswith(".parquet")]
    assert len([path for path in there if "/event/" in path]) == len(MAILS)
    assert {lake.within(path) for path in there} == lakes.latest(lake).paths()
    assert len(lake.files.ls(lake.at(lakes.COMMITS), detail=False)) == 1


def test_a_local_lake_is_for_its_owner_only(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path / "a" / "lake"), {})
    assert Path(lake.root).stat().st_mode & 0o077 == 0


def test_an_empty_lake_is_no_warehouse(lake: Lake, con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(EmptyLakeError, match="no commit"):
        rebuild(con, lake)
