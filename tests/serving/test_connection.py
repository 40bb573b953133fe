from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

from warehouse.connection import (
    WarehouseBusyError,
    open_readonly,
    open_warehouse,
    warehouse_lock,
)

if TYPE_CHECKING:
    from pathlib import Path

HOLD = """
import sys, time
from pathlib import Path
from warehouse.connection import open_warehouse, warehouse_lock
path = Path(sys.argv[1])
with warehouse_lock(path, 5, "first-run"), open_warehouse(path):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(path: Path, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "tieline.duckdb"


def test_new_file_is_private_and_readable_by_older_drivers(path: Path) -> None:
    with open_warehouse(path) as con:
        tags = con.execute("SELECT tags FROM duckdb_databases() WHERE path IS NOT NULL").fetchall()
    assert "v1.4.0" in tags[0][0]["storage_version"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.with_name("tieline.duckdb.tmp").stat().st_mode & 0o777 == 0o700


def test_opening_again_keeps_what_is_there_and_closes_it_to_others(path: Path) -> None:
    with open_warehouse(path) as con:
        con.execute("CREATE TABLE t AS SELECT 1 AS a")
    path.chmod(0o644)
    with open_warehouse(path) as con:
        assert con.execute("FROM t").fetchall() == [(1,)]
    assert path.stat().st_mode & 0o777 == 0o600


def test_cursors_see_the_same_schemas(path: Path) -> None:
    with open_warehouse(path) as con, con.cursor() as cursor:
        cursor.execute("CREATE TABLE stage.t (a INTEGER)")
        cursor.execute("CREATE TABLE t (a INTEGER)")
        tables = con.execute("SELECT schema_name FROM duckdb_tables() ORDER BY 1").fetchall()
    assert tables == [("main",), ("stage",)]


def test_time_is_utc_wherever_it_runs(path: Path) -> None:
    script = """
import sys
from pathlib import Path
from warehouse.connection import open_readonly, open_warehouse
for opened in (open_warehouse, open_readonly):
    with opened(Path(sys.argv[1])) as con, con.cursor() as cursor:
        noon = "SELECT strftime(TIMESTAMPTZ '2026-01-01 12:00:00+00', '%H')"
        print(con.execute(noon).fetchall()[0][0], cursor.execute(noon).fetchall()[0][0])
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        env={**os.environ, "TZ": "America/New_York"}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "12 12\n12 12\n"


def test_sql_touches_no_file_outside_its_reach(path: Path, tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    for folder in (inside, outside):
        folder.mkdir()
        (folder / "t.csv").write_text("a\n1\n")
    with open_warehouse(path, reach=[inside]) as con:
        assert con.execute(f"FROM read_csv('{inside}/t.csv')").fetchall() == [(1,)]
        with pytest.raises(duckdb.PermissionException):
            con.execute(f"FROM read_csv('{outside}/t.csv')")
        with pytest.raises(duckdb.PermissionException):
            con.execute(f"ATTACH '{outside}/x.duckdb' AS x")
        con.register("frame", pl.DataFrame({"a": [7]}))
        assert con.execute("FROM frame").fetchall() == [(7,)]


def test_spill_of_a_killed_run_is_removed(path: Path) -> None:
    open_warehouse(path).close()
    left = path.with_name("tieline.duckdb.tmp")
    left.mkdir(exist_ok=True)
    (left / "duckdb_temp_storage-0.tmp").write_bytes(b"people")
    with open_warehouse(path):
        assert list(left.iterdir()) == []


@pytest.mark.parametrize("name", ["stage.duckdb", "bi.duckdb", "Main.duckdb"])
def test_name_of_a_schema_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="call it tieline"):
        open_warehouse(tmp_path / name)


def test_readonly_cannot_write_or_read_other_files(path: Path, tmp_path: Path) -> None:
    open_warehouse(path).close()
    (tmp_path / "t.csv").write_text("a\n1\n")
    with open_readonly(path) as con:
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            con.execute("CREATE TABLE t (a INTEGER)")
        with pytest.raises(duckdb.PermissionException):
            con.execute(f"FROM read_csv('{tmp_path}/t.csv')")


def test_readonly_of_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="load or publish"):
        open_readonly(tmp_path / "none.duckdb")


def test_second_run_is_told_who_holds_the_warehouse(path: Path) -> None:
    first = hold(path, 30)
    try:
        with (
            pytest.raises(WarehouseBusyError, match=rf"first-run \(process {first.pid}, since 20"),
            warehouse_lock(path, 0.2),
        ):
            pass
        with pytest.raises(WarehouseBusyError, match=rf"PID {first.pid}"):
            open_warehouse(path)
        with pytest.raises(WarehouseBusyError, match=rf"PID {first.pid}"):
            open_readonly(path)
    finally:
        first.kill()
        first.communicate()


def test_second_run_waits_for_the_first(path: Path) -> None:
    first = hold(path, 0.5)
    with warehouse_lock(path, 20, "second-run"), open_warehouse(path):
        assert first.wait(10) == 0
    first.communicate()
    assert not path.with_name("tieline.duckdb.lock.json").exists()


def test_lock_dies_with_its_process(path: Path) -> None:
    first = hold(path, 30)
    os.kill(first.pid, signal.SIGKILL)
    first.communicate()
    assert path.with_name("tieline.duckdb.lock.json").exists()  # it stays, and is no lock
    with warehouse_lock(path, 2, "second-run"), open_warehouse(path):
        pass


def test_lock_is_free_again_after_an_error(path: Path) -> None:
    with pytest.raises(ZeroDivisionError), warehouse_lock(path, 0):
        raise ZeroDivisionError
    with warehouse_lock(path, 0):
        pass
