"""Rewritten databases hold nothing that was deleted, and traces are found where there are some."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.connection import open_warehouse
from warehouse.rewrite import rewrite
from warehouse.traces import traces

if TYPE_CHECKING:
    from pathlib import Path

TEXT, NUMBER = "jan.de.vries@partner.example", 0x3A5F_1122_3344_5566


def filled(folder: Path) -> Path:
    path = folder / "some.duckdb"
    with open_warehouse(path) as con:
        con.execute("CREATE TABLE who (id BIGINT NOT NULL, address VARCHAR, CHECK (id > 0))")
        con.execute("COMMENT ON TABLE who IS 'Told.'")
        con.execute(
            "INSERT INTO who SELECT range + 1, 'p' || hash(range) || '@x.example' FROM range(5000)"
        )
        con.execute("INSERT INTO who VALUES (?, ?)", [NUMBER, TEXT])
        con.execute("CREATE TABLE stage.x AS SELECT 1 AS a")
    return path


def test_what_was_deleted_is_in_the_bytes_until_the_file_is_rewritten(tmp_path: Path) -> None:
    path = filled(tmp_path)
    assert traces([path], [TEXT], []) == [f'{path}: main.who."address"']
    assert traces([path], [], [NUMBER])[0] == f'{path}: main.who."id"'
    with open_warehouse(path) as con:
        con.execute("DELETE FROM who WHERE id = ?", [NUMBER])
    assert traces([path], [TEXT], []) == [f"{path}: its bytes"]
    rewrite(path)
    assert traces([path], [TEXT.upper()], [NUMBER]) == []
    with open_warehouse(path) as con:
        assert con.execute("SELECT count(*), count(DISTINCT address) FROM who").fetchall() == [
            (5000, 5000)
        ]
        assert con.execute(
            "SELECT comment FROM duckdb_tables() WHERE table_name = 'who'"
        ).fetchall() == [("Told.",)]
        assert con.execute(
            "SELECT constraint_type FROM duckdb_constraints() WHERE table_name = 'who' ORDER BY 1"
        ).fetchall()
    assert path.stat().st_mode & 0o077 == 0
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["some.duckdb"]


def test_part_of_another_address_is_no_trace(tmp_path: Path) -> None:
    path = filled(tmp_path)
    assert traces([path], ["vries@partner.example"], []) == []
    other = tmp_path / "notes.txt"
    other.write_text(f"about {TEXT.upper()}.")
    assert traces([other], [TEXT], []) == [f"{other}: its bytes"]
    other.write_bytes(
        b"x" * ((1 << 24) - 10) + TEXT.encode()
    )  # over the edge of what is read at once
    assert traces([other], [TEXT], []) == [f"{other}: its bytes"]


def test_a_killed_rewriting_leaves_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path)
    left = tmp_path / "some.duckdb.fresh"
    left.write_bytes(b"half")
    (tmp_path / "some.duckdb.fresh.wal").write_bytes(b"half")
    rewrite(path)
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["some.duckdb"]
    assert traces([path], [TEXT], [])
