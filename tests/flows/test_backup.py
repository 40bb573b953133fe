"""Backups: of one moment, whole, and put back only where nothing is lost by it."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import time
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from flows.backup import BackupError, back_up, key_mark, name_whole, restore
from flows.cli import tieline
from flows.config import SETTINGS
from flows.config_read import read_config
from tests.flows.conftest import KEY, assert_same, make_home, small_network, tables
from tests.warehouse.layouts import FILES, build
from warehouse import identity, load
from warehouse.connection import WarehouseBusyError, open_warehouse, warehouse_lock
from warehouse.layout import VERSION
from warehouse.snapshot import snapshot

METRIC = "metrics/own/ours.sql"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose warehouse is that of an earlier release, raised; never changed."""
    home = make_home(tmp_path_factory.mktemp("kept") / "home", small_network(weeks=1))
    for what, create in (("warehouse", load.create), ("identity", identity.create)):
        build(2, what, home / FILES[what])
        with open_warehouse(home / FILES[what]) as con:
            create(con)
    (home / METRIC).parent.mkdir(parents=True)
    (home / METRIC).write_text("-- a metric of our own")
    return home


@pytest.fixture(scope="module")
def backup(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Without the key."""
    return back_up(
        read_config(kept / SETTINGS), tmp_path_factory.mktemp("b") / "b.tar", with_key=False
    )


def key_file(folder: Path, text: str = KEY) -> Path:
    path = folder / "the.key"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_what_is_put_back_is_what_was_there(kept: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    file = tmp_path / "all.tar"
    made = runner.invoke(
        tieline, ["backup", "-s", str(kept / SETTINGS), "-o", str(file), "--with-key"]
    )
    assert made.exit_code == 0, made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    home = tmp_path / "new"
    done = runner.invoke(tieline, ["restore", str(file), str(home)])
    assert done.exit_code == 0, done
    assert_same(tables(home), tables(kept))
    for name in (SETTINGS, METRIC, "secret/tieline.key"):
        assert (home / name).read_text().strip() == (kept / name).read_text().strip()
    for path in home.rglob("*"):
        assert path.is_dir() or stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert not list(home.glob(".*")), "traces of the work"
    assert not list(file.parent.glob(".*"))
    # Once more: all is there, and stays.
    assert runner.invoke(tieline, ["restore", str(file), str(home)]).exit_code == 0


def test_without_the_key_it_holds_a_mark_and_no_key(
    kept: Path, backup: Path, tmp_path: Path
) -> None:
    assert KEY.encode() not in backup.read_bytes()
    lines = restore(backup, tmp_path / "a")
    assert not (tmp_path / "a/secret/tieline.key").exists()
    assert any(key_mark(KEY.encode()) in line and "tieline.key: put" in line for line in lines)
    restore(backup, tmp_path / "b", key_file(tmp_path))
    assert (tmp_path / "b/secret/tieline.key").read_text().strip() == KEY
    # Put there before, as one is told to, and written otherwise.
    (tmp_path / "d/secret").mkdir(parents=True)
    there = key_file(tmp_path, f"{KEY}\r\n").rename(tmp_path / "d/secret/tieline.key")
    restore(backup, tmp_path / "d", there)
    assert there.read_text().strip() == KEY
    with pytest.raises(BackupError, match="another key than that of"):
        restore(backup, tmp_path / "c", key_file(tmp_path, "6" * 64))
    assert not (tmp_path / "c/warehouse").exists()


def test_nothing_that_differs_is_overwritten(kept: Path, backup: Path, tmp_path: Path) -> None:
    home = shutil.copytree(kept, tmp_path / "home")
    with duckdb.connect(str(home / FILES["warehouse"])) as con:
        con.execute("DELETE FROM run")
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    with pytest.raises(BackupError, match=r"tieline\.duckdb: is there already, and differs"):
        restore(backup, home)
    assert {p: p.read_bytes() for p in home.rglob("*") if p.is_file()} == before
    with pytest.raises(BackupError, match="is there already; name another"):
        back_up(read_config(kept / SETTINGS), backup, with_key=False)


def test_a_disk_without_hard_links_holds_a_backup_too(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def link(source: Path, target: Path) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM), source, None, target)

    monkeypatch.setattr(os, "link", link)
    path = back_up(read_config(kept / SETTINGS), tmp_path / "kept.tar", with_key=True)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["kept.tar"]
    assert restore(path, tmp_path / "home")
    (tmp_path / "whole").touch()
    before = path.read_bytes()
    with pytest.raises(BackupError, match="is there already; name another"):
        name_whole(tmp_path / "whole", path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("place", [600, 20_000, 0.5, 0.9])
def test_a_damaged_backup_is_refused_before_anything_is_put(
    backup: Path, tmp_path: Path, place: float
) -> None:
    data = bytearray(backup.read_bytes())
    at = int(place if place > 1 else place * len(data))
    data[at] ^= 0xFF
    (tmp_path / "bad.tar").write_bytes(data)
    with pytest.raises(BackupError, match=r"bad\.tar"):
        restore(tmp_path / "bad.tar", tmp_path / "home")
    assert list((tmp_path / "home").iterdir()) == []
    (tmp_path / "half.tar").write_bytes(data[: len(data) // 2])
    with pytest.raises(BackupError, match=r"half\.tar"):
        restore(tmp_path / "half.tar", tmp_path / "home")


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "secret/other", "metrics/../../x"])
def test_a_hostile_backup_writes_nowhere_else(backup: Path, tmp_path: Path, name: str) -> None:
    with tarfile.open(backup) as tar:
        parts = {m.name: tar.extractfile(m).read() for m in tar.getmembers()}
    told = json.loads(parts["manifest.json"])
    told["files"][name] = "0" * 64
    parts["manifest.json"] = json.dumps(told).encode()
    parts["manifest.sha256"] = hashlib.sha256(parts["manifest.json"]).hexdigest().encode()
    parts[name] = b"x"
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        for member, data in parts.items():
            info = tarfile.TarInfo(member)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    with pytest.raises(BackupError, match=r"bad\.tar"):
        restore(tmp_path / "bad.tar", tmp_path / "deep" / "home")
    assert list((tmp_path / "deep" / "home").iterdir()) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bad.tar", "deep"]


def test_a_backup_of_a_newer_tieline_is_refused(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warehouse.layout.VERSION", VERSION + 1)
    file = back_up(read_config(kept / SETTINGS), tmp_path / "n.tar", with_key=False)
    monkeypatch.undo()
    with pytest.raises(BackupError, match=f"layout {VERSION + 1}"):
        restore(file, tmp_path / "home")


def test_while_a_run_holds_the_warehouse(kept: Path, tmp_path: Path) -> None:
    with warehouse_lock(kept / FILES["warehouse"], 0, "night"), open_warehouse(
        kept / FILES["warehouse"]
    ):  # fmt: skip
        file = back_up(read_config(kept / SETTINGS), tmp_path / "b.tar", with_key=False)
        with pytest.raises(WarehouseBusyError):
            restore(file, kept)
    restore(file, tmp_path / "home")
    assert_same(tables(tmp_path / "home"), tables(kept))


WRITER = """
import sys, duckdb
con = duckdb.connect(sys.argv[1], config={"storage_compatibility_version": "v1.4.0"})
con.execute("SET checkpoint_threshold = '200KB'")
con.execute("CREATE TABLE IF NOT EXISTS a (n BIGINT, t VARCHAR)")
con.execute("CREATE TABLE IF NOT EXISTS b (n BIGINT)")
print("ready", flush=True)
n = 0
while True:
    n += 1
    con.execute("BEGIN")
    con.execute("INSERT INTO a SELECT ?, repeat('x', 50) || i FROM range(700) r(i)", [n])
    con.execute("INSERT INTO b VALUES (?)", [n])
    if n % 3 == 0:
        con.execute("DELETE FROM a WHERE n < ?", [n - 5])
        con.execute("DELETE FROM b WHERE n < ?", [n - 5])
    con.execute("COMMIT")
"""


@pytest.mark.slow
def test_copies_under_a_busy_writer_are_of_one_moment(tmp_path: Path) -> None:
    """A hundred copies while another process commits and checkpoints: never half a transaction."""
    path = tmp_path / "busy" / "tieline.duckdb"
    path.parent.mkdir()
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    seen = []
    try:
        assert writer.stdout.readline() == "ready\n"
        for _ in range(100):
            folder = tmp_path / "copy"
            folder.mkdir(exist_ok=True)
            (copy,) = snapshot([path], folder)
            with duckdb.connect(str(copy), read_only=True) as con:
                rows = con.execute("SELECT n, count(*) FROM a GROUP BY n ORDER BY n").fetchall()
                marks = [n for (n,) in con.execute("SELECT n FROM b ORDER BY n").fetchall()]
            assert [n for n, _ in rows] == marks
            assert all(count == 700 for _, count in rows)
            seen.append(marks[-1] if marks else 0)
            time.sleep(0.01)
        assert writer.poll() is None
    finally:
        writer.kill()
        writer.wait()
        writer.stdout.close()
    assert seen == sorted(seen)
    assert len(set(seen)) > 20, "the writer hardly wrote"
