"""Delimited text read many rows at once, against the same read row by row."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from transforms.sources import blocks, delimited, json_lines
from transforms.sources.opening import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

AT = {"a": 0, "c": 2}
HEADER = "a,b,c\n"


def one_by_one(text: str) -> pl.DataFrame:
    rows = [(n, row) for n, row in rows_of(io.StringIO(HEADER + text, newline=""), ",") if n > 1]
    return pl.DataFrame(
        {
            **{key: [row[i] if i < len(row) else "" for _, row in rows] for key, i in AT.items()},
            "position": [number for number, _ in rows],
        },
        schema={"a": pl.String, "c": pl.String, "position": pl.Int64},
    )


def at_once(path: Path) -> pl.DataFrame:
    told = list(delimited.cells_of(path, delimited.layout_of(path, ","), AT))
    return pl.concat(told).with_columns(pl.col("position").cast(pl.Int64))


def stripped(cells: pl.DataFrame) -> pl.DataFrame:
    """A parser may leave the spaces around a cell; whoever uses cells takes them off."""
    return cells.with_columns(pl.col("a", "c").str.strip_chars())


pieces = st.sampled_from(
    ["x", "é", " ", ",", '"', '""', "\n", "\r\n", "\r", '"y"', '"p,q"', "7,8,9\n"]
)


@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
@settings(deadline=None, max_examples=100)
@given(parts=st.lists(pieces, max_size=40))
@example(parts=['"a', "\n", 'b"', ",1,2\n", "x,y,z\n"])
@example(parts=["x,y,z,too,many\n", "x\n", " , ,\n", "\n", "1,2,3"])
def test_any_text_gives_the_same_cells(
    tmp_path_factory: pytest.TempPathFactory, size: int, parts: list[str]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "t.csv"
    text = "".join(parts)
    path.write_bytes((HEADER + text).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "BLOCK", size)
        found = at_once(path)
    assert_frame_equal(stripped(found), stripped(one_by_one(text)))


def test_usual_tables_are_read_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerows([("a", "b", "c"), *[(n, 'one, "two"', "é") for n in range(50_000)]])
    path = tmp_path / "t.csv"
    path.write_bytes(text.getvalue().encode())

    def never(*_: object) -> Iterator[pl.DataFrame]:
        raise AssertionError

    monkeypatch.setattr(delimited, "_careful", never)
    cells = at_once(path)
    assert cells["a"].to_list() == [str(n) for n in range(50_000)]
    assert cells["position"].to_list() == list(range(2, 50_002))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [3, 9, 1 << 20])
def test_blocks_are_whole_lines(tmp_path: Path, end: str, size: int) -> None:
    lines = [f"{n} é {'x' * (n % 7)}" for n in range(100)]
    path = tmp_path / "t.txt"
    path.write_bytes(("\ufeff" + end.join(lines)).encode())
    held = list(blocks.blocks(path, size))
    assert b"".join(held).decode().splitlines() == lines
    if size > 1 or end != "\r":
        assert all(block.endswith((b"\n", b"\r")) for block in held)


def test_records_keep_their_lines_whatever_stands_between(tmp_path: Path) -> None:
    text = '{"a": "1", "b": {"c": 2}}\n\n[3]\n{"a": 4.5, "b": "x"}\n{"a":\n{"a": true} {}\n{"a": [1], "b": {"c": {}}}'
    path = tmp_path / "t.ndjson"
    path.write_text(text)
    cells = pl.concat(json_lines.cells_of(path, {"time": "a", "person": "b.c"}))
    assert cells.rows() == [
        ("1", "2", 1), (None, None, 3), ("4.5", None, 4), (None, None, 5), (None, None, 6),
        (None, None, 7),
    ]  # fmt: skip
