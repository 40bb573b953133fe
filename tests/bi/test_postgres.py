"""A real PostgreSQL: one transaction, readers who may only read, and the old content after a failure."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from flows.config import ConfigError
from flows.config_read import read_config
from flows.mirror import mirror
from tests.bi.conftest import needed
from tests.bi.world import ROWS
from warehouse.serving import mart
from warehouse.serving.postgres import MARK, CopyError, copy_release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow
PASSWORD = "s3cret-of-the-test"
TO = {"schema": "mart", "role": "tieline_reader"}


def programs() -> Path:
    """Where initdb and pg_ctl are."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return needed(
        found[-1] if found else Path(shutil.which("initdb") or "/usr/lib/postgresql")
    ).parent


def as_somebody(*command: str | Path) -> None:
    """PostgreSQL refuses to run as root."""
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *words]
    done = subprocess.run(words, check=False, capture_output=True, text=True, cwd="/")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """A cluster of our own in a temporary folder, reached by its socket alone."""
    folder = Path(tempfile.mkdtemp(prefix="tieline-pg-"))  # short, as the path of a socket must be
    data, password, where = folder / "data", folder / "password", programs()
    password.write_text(PASSWORD, encoding="utf-8")
    if os.geteuid() == 0:
        for path in (folder, password):
            shutil.chown(path, "postgres")
    login = ["-U", "owner", "-A", "scram-sha-256", "--pwfile", password]
    as_somebody(where / "initdb", "-D", data, *login, "-E", "UTF8", "--locale=C", "--no-sync")
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    begin = ["-o", options, "-l", folder / "log", "-w", "-t", "300", "start"]
    as_somebody(where / "pg_ctl", "-D", data, *begin)
    try:
        yield folder
    finally:
        as_somebody(where / "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def dsn(server: Path) -> str:
    return f"postgresql://owner:{PASSWORD}@/postgres?host={server}"


def query(dsn: str, sql: str) -> list[tuple[Any, ...]]:
    from adbc_driver_postgresql import dbapi

    with closing(dbapi.connect(dsn)) as con, closing(con.cursor()) as cursor:
        cursor.execute(sql)
        rows: list[tuple[Any, ...]] = cursor.fetchall() if cursor.description else []
        con.commit()
        return rows


def test_every_table_has_the_rows_the_words_and_the_columns(
    dsn: str, publish_next: Callable[[int], Path]
) -> None:
    path = publish_next(1)
    rows = copy_release(path, dsn, **TO)
    with duckdb.connect(str(path), read_only=True) as con:
        for item in mart.RELATIONS:
            names = ", ".join(column.name for column in item.columns)
            told = con.execute(f"SELECT {names} FROM mart.{item.name}").fetchall()
            found = query(dsn, f"SELECT {names} FROM mart.{item.name}")
            assert sorted(map(repr, found)) == sorted(map(repr, told)), item.name
            rows = (rows or 0) - len(told)
    assert rows == 0
    comments = query(
        dsn,
        "SELECT c.relname, a.attname, col_description(c.oid, a.attnum) FROM pg_class c"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped"
        " WHERE c.relnamespace = 'mart'::regnamespace AND c.relkind = 'r'",
    )
    assert {(t, c): words for t, c, words in comments} == {
        (item.name, column.name): column.description
        for item in mart.RELATIONS
        for column in item.columns
    }
    tables = query(
        dsn,
        "SELECT relname, obj_description(oid) FROM pg_class WHERE relnamespace = 'mart'::regnamespace AND relkind = 'r'",
    )
    assert dict(tables) == {item.name: item.description for item in mart.RELATIONS}


def test_the_same_release_is_copied_once(dsn: str, publish_next: Callable[[int], Path]) -> None:
    path = publish_next(2)
    assert copy_release(path, dsn, **TO)
    assert copy_release(path, dsn, **TO) is None


def test_the_reader_may_read_and_nothing_else(
    dsn: str, server: Path, publish_next: Callable[[int], Path]
) -> None:
    copy_release(publish_next(3), dsn, **TO)
    query(dsn, "CREATE ROLE ann LOGIN PASSWORD 'ann' IN ROLE tieline_reader")
    ann = f"postgresql://ann:ann@/postgres?host={server}"
    assert query(ann, "SELECT max(weight) FROM mart.monthly_lines") == [(3.0,)]
    for wrong in (
        "DELETE FROM mart.metric_value",
        "UPDATE mart.line SET unit = ''",
        "CREATE TABLE mart.x (y int)",
        "DROP TABLE mart.unit",
    ):
        with pytest.raises(Exception, match=r"permission denied|must be owner"):
            query(ann, wrong)
    query(dsn, "DROP ROLE ann")


def test_readers_see_one_release_or_the_other(
    dsn: str, publish_next: Callable[[int], Path]
) -> None:
    copy_release(publish_next(10), dsn, **TO)
    whole = (
        "SELECT (SELECT replace(run_id, 'g', '')::float FROM mart.publication), (SELECT min(weight) FROM"
        " mart.weekly_lines WHERE NOT is_hidden), (SELECT max(value) FROM mart.trend), (SELECT count(*) FROM mart.metric_value)"
    )
    seen, stop = [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            seen.extend(query(dsn, whole))

    thread = threading.Thread(target=read)
    thread.start()
    try:
        for generation in range(11, 21):
            copy_release(publish_next(generation), dsn, **TO)
    finally:
        stop.set()
        thread.join()
    runs = [row[0] for row in seen]
    assert seen == [(run, run, run, ROWS) for run in runs]
    assert runs == sorted(runs)
    assert len(set(runs)) > 1


def test_a_failure_leaves_the_old_content(dsn: str, publish_next: Callable[[int], Path]) -> None:
    copy_release(publish_next(30), dsn, **TO)
    # the deletes and most of the inserts are done when this one fails
    query(dsn, "ALTER TABLE mart.unit ADD CONSTRAINT full_up CHECK (unit <> 'C') NOT VALID")
    path = publish_next(31)
    with pytest.raises(CopyError, match="full_up"):
        copy_release(path, dsn, **TO)
    assert query(dsn, "SELECT run_id FROM mart.publication") == [("g30",)]
    assert query(dsn, "SELECT min(value), max(value) FROM mart.trend") == [(30.0, 30.0)]
    query(dsn, "ALTER TABLE mart.unit DROP CONSTRAINT full_up")
    assert copy_release(path, dsn, **TO)


def test_tables_follow_the_schema(dsn: str, publish_next: Callable[[int], Path]) -> None:
    query(dsn, "ALTER TABLE mart.line DROP COLUMN state")  # as an older version had it
    query(dsn, "ALTER TABLE mart.unit ADD COLUMN old text")
    query(dsn, "CREATE TABLE mart.gone (x int)")
    copy_release(publish_next(40), dsn, **TO)
    columns = query(
        dsn,
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'mart'",
    )
    assert set(columns) == {(item.name, c.name) for item in mart.RELATIONS for c in item.columns}


def test_a_schema_of_somebody_else_is_left_alone(
    dsn: str, publish_next: Callable[[int], Path]
) -> None:
    query(dsn, "CREATE SCHEMA sales")
    with pytest.raises(CopyError, match="not Tieline's"):
        copy_release(publish_next(50), dsn, schema="sales", role="tieline_reader")
    assert query(dsn, "SELECT obj_description('mart'::regnamespace, 'pg_namespace')") == [(MARK,)]


@pytest.mark.parametrize("wrong", [
    f"postgresql://owner:{PASSWORD}x@/postgres?host=SERVER", f"host=SERVER user=owner password='{PASSWORD}x' dbname=postgres",
    f"postgresql://owner:{PASSWORD}@/nowhere?host=SERVER", f"host=SERVER user owner password={PASSWORD}",
    f"postgresql://owner:{PASSWORD}@localhost:1/postgres",
])  # fmt: skip
def test_no_error_tells_the_password(
    server: Path, world: Path, publish_next: Callable[[int], Path], wrong: str
) -> None:
    path = world / "published" / "current" / "bi.duckdb"
    with pytest.raises(CopyError) as raised:
        copy_release(path, wrong.replace("SERVER", str(server)), **TO)
    assert PASSWORD not in str(raised.value)
    assert "\n" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_settings_name_the_variable_and_hold_no_secret(
    dsn: str, world: Path, publish_next: Callable[[int], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_next(60)
    (world / "tieline.toml").write_text(
        "[publish.postgres]\nvariable = 'MART_DSN'\nschema = 'network'\n", encoding="utf-8"
    )
    config = read_config(world / "tieline.toml", world)
    monkeypatch.delenv("MART_DSN", raising=False)
    with pytest.raises(ConfigError, match="MART_DSN"):
        mirror(config)
    monkeypatch.setenv("MART_DSN", dsn)
    assert mirror(config)
    assert mirror(config) is None
    assert query(dsn, "SELECT run_id FROM network.publication") == [("g60",)]
    (world / "tieline.toml").write_text("", encoding="utf-8")
    assert mirror(read_config(world / "tieline.toml", world)) is None  # off unless asked for
