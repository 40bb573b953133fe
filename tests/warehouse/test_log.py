"""A process that dies in a commit leaves half a transaction in DuckDB's log; it must not count."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from warehouse.connection import open_readonly, open_warehouse
from warehouse.log import mend, whole

ROWS = 150_000  # more than a row group


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database, and a log of two transactions, as a killed process leaves them."""
    folder = tmp_path_factory.mktemp("left")
    with open_warehouse(folder / "open.duckdb") as con:
        con.execute("CREATE TABLE big (i BIGINT); CREATE TABLE small (s VARCHAR); CHECKPOINT")
        con.execute("INSERT INTO small SELECT 'a' || range FROM range(1000)")
        con.execute("BEGIN")
        con.execute("INSERT INTO small SELECT 'b' || range FROM range(2000)")
        con.execute(f"INSERT INTO big SELECT range FROM range({ROWS})")
        con.execute("COMMIT")
        for name in ("open.duckdb", "open.duckdb.wal"):
            shutil.copyfile(folder / name, folder / name.replace("open", "left"))
    return folder / "left.duckdb"


def cut(left: Path, folder: Path, length: int) -> Path:
    path = folder / "cut.duckdb"
    shutil.copyfile(left, path)
    (folder / "cut.duckdb.wal").write_bytes(left.with_name("left.duckdb.wal").read_bytes()[:length])
    return path


def counts(con: duckdb.DuckDBPyConnection) -> tuple[int, int]:
    return con.execute(
        "SELECT (SELECT count(*) FROM big), (SELECT count(*) FROM small)"
    ).fetchall()[0]


def test_a_transaction_is_whole_or_not_there_wherever_the_log_ends(
    left: Path, tmp_path: Path
) -> None:
    length = left.with_name("left.duckdb.wal").stat().st_size
    torn, seen = 0, []
    for end in range(200, length + 1, length // 30):
        with duckdb.connect(str(cut(left, tmp_path, end)), read_only=True) as con:
            torn += counts(con) not in {(0, 0), (0, 1000), (ROWS, 3000)}
        for opening in (open_readonly, open_warehouse):
            with opening(cut(left, tmp_path, end)) as con:
                seen.append(counts(con))
        shutil.rmtree(tmp_path / "cut.duckdb.tmp", ignore_errors=True)
    with open_warehouse(cut(left, tmp_path, length)) as con:
        seen.append(counts(con))
    assert set(seen) == {(0, 0), (0, 1000), (ROWS, 3000)}
    if duckdb.__version__.startswith("1.5."):
        assert torn > 0, "DuckDB does it by itself now: warehouse/log.py can go"


def test_the_log_of_a_database_in_use_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "used.duckdb"
    log = tmp_path / "used.duckdb.wal"
    with open_warehouse(path) as con:
        con.execute("CREATE TABLE t (i BIGINT)")
        with log.open("ab") as file:
            file.write(b"x")  # as if the next entry were being written
        size = log.stat().st_size
        assert whole(log) < size
        mend(path)
        assert log.stat().st_size == size
    log.unlink(missing_ok=True)


def test_what_is_no_log_is_left_alone(tmp_path: Path) -> None:
    path, log = tmp_path / "other.duckdb", tmp_path / "other.duckdb.wal"
    path.touch()
    for text in (b"nothing of DuckDB's", b"d\0b\xff\xff" + b"y" * 300, b"d\0b"):
        log.write_bytes(text)
        mend(path)
        assert log.read_bytes() == text
