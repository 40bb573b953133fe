"""Exports of a small release, read back by other programs: nothing lost, nothing hidden, nothing run."""

from __future__ import annotations

import csv
import json
import zipfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import polars as pl
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from flows.config import ConfigError
from flows.config_read import read_config
from flows.export import export
from flows.trends import NothingToShowError
from tests.serving.made_up import MONDAY, cell, content, facts, fill, step
from warehouse import schema
from warehouse.connection import open_readonly, open_warehouse
from warehouse.serving import mart
from warehouse.serving.export import workbook
from warehouse.serving.export.released import relations
from warehouse.serving.publish import publish

if TYPE_CHECKING:
    from flows.config import Config

HIDDEN = 7654321.987
FORMULA = '=HYPERLINK("http://example.org","North")'
UNIT = {"metric": "interaction_volume", "other_unit": "(all)", "other_people": None}
MONTH = {"grain": "month", "period": date(2026, 1, 1)}
CELLS = [
    cell(**MONTH, value=10.0),
    cell(**MONTH, value=2.5, unit=FORMULA, other_unit="South"),
    cell(**MONTH, value=HIDDEN, numerator=HIDDEN, other_unit="West", people=2),
    cell(**MONTH, value=6.0, other_unit="North"),
    cell(**MONTH | UNIT, value=9.0),
    cell(**MONTH | UNIT | {"measure": "people"}, value=12.0),
    cell(grain="month", period=date(2026, 2, 1), value=11.0),
    cell(value=-3.0, other_unit="-East"),
    cell(**MONTH, boundary="dienst/regio", value=4.0, other_unit="East"),
]  # fmt: skip


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Settings of a home with one release."""
    home = tmp_path_factory.mktemp("home")
    (home / "tieline.toml").write_text('[people]\nboundaries = ["team"]\n', encoding="utf-8")
    with open_warehouse(home / "private" / "tieline.duckdb", reach=[home / "published"]) as con:
        fill(con, schema.METRIC_VALUE, CELLS)
        fill(con, schema.TREND, [step(**MONTH, value=10.0)])
        publish(con, home / "published", content=content(), facts=facts())
    return read_config(home / "tieline.toml", home)


@pytest.fixture(scope="module")
def written(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("out")
    forms = ("csv", "excel", "parquet", "graphml", "gexf")
    assert len(list(export(config, folder, forms, (), None, "month"))) == len(forms)
    return folder


def released(config: Config, table: str) -> list[dict[str, Any]]:
    with open_readonly(config.current) as con:
        return con.sql(f"FROM mart.{table} ORDER BY ALL").pl().to_dicts()


def test_every_table_and_view_is_a_file(written: Path) -> None:
    names = {item.name for item in mart.RELATIONS}
    assert {path.stem for path in (written / "csv").glob("*.csv")} == names
    assert {path.stem for path in (written / "parquet").iterdir()} == names


@pytest.mark.parametrize("table", ["metric_value", "monthly_lines", "publication", "calendar"])
def test_parquet_holds_the_same_rows_and_words(written: Path, config: Config, table: str) -> None:
    path = written / "parquet" / f"{table}.parquet"
    found = pl.read_parquet(path).to_dicts()
    assert sorted(map(repr, found)) == sorted(map(repr, released(config, table)))
    with open_readonly(config.current) as con:
        told = next(one for one in relations(con) if one.name == table)
    stored = pq.read_schema(path)
    assert stored.metadata[b"description"].decode() == told.description
    assert {f.name: f.metadata[b"description"].decode() for f in stored} == {
        f.name: f.description for f in told.fields
    }


def test_csv_holds_the_same_rows(written: Path, config: Config) -> None:
    with (written / "csv" / "metric_value.csv").open(encoding="utf-8", newline="") as file:
        found = [
            (r["unit"], r["other_unit"], r["value"], r["people"]) for r in csv.DictReader(file)
        ]
    told = [
        (r["unit"].replace("=", "'=", 1), r["other_unit"].replace("-E", "'-E"),
         "" if r["value"] is None else str(r["value"]), "" if r["people"] is None else str(r["people"]))
        for r in released(config, "metric_value")
    ]  # fmt: skip
    assert sorted(found) == sorted(told)
    assert ("North", "'-East", "-3.0", "9") in found  # a number is no formula, a name may be


def test_metadata_name_every_file_and_column(written: Path) -> None:
    folder = written / "csv"
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    csvw = json.loads((folder / "csv-metadata.json").read_text(encoding="utf-8"))
    columns = {
        path.name: path.read_text(encoding="utf-8").splitlines()[0].split(",")
        for path in folder.glob("*.csv")
    }
    assert {
        r["path"]: [f["name"] for f in r["schema"]["fields"]] for r in package["resources"]
    } == columns
    assert {
        t["url"]: [c["name"] for c in t["tableSchema"]["columns"]] for t in csvw["tables"]
    } == columns
    for resource in package["resources"]:
        assert resource["description"]
        assert all(field["description"] for field in resource["schema"]["fields"])


def test_workbook_has_texts_numbers_dates_and_definitions(written: Path, config: Config) -> None:
    path = written / "tieline.xlsx"
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["about", *workbook.SHEETS]
    head, *rows = book.get_sheet_by_name("monthly_lines").to_python()
    found = {
        (r["line"], r["period"]): r for row in rows for r in [dict(zip(head, row, strict=True))]
    }
    told = released(config, "monthly_lines")
    assert len(rows) == len(told) == 6
    assert found["North - South", date(2026, 1, 1)]["weight"] == 10.0
    assert found["North - West", date(2026, 1, 1)]["weight"] == ""
    assert found["North - West", date(2026, 1, 1)]["hidden_reason"] == "few people"
    about = [row[1:] for row in book.get_sheet_by_name("about").to_python()]
    assert ["weight", "Weight of the interaction, all channels."] in about
    metric = book.get_sheet_by_name("metric").to_python()
    assert len(metric) == 3  # the header and the catalogue of the made-up release


def test_workbook_runs_nothing_and_is_laid_out(written: Path) -> None:
    with zipfile.ZipFile(written / "tieline.xlsx") as book:
        sheets = {
            name: book.read(name).decode() for name in book.namelist() if "worksheets/sheet" in name
        }
        texts = b"".join(book.read(name) for name in book.namelist()).decode(errors="replace")
    assert "HYPERLINK" in texts  # the name is there, as text
    assert not [name for name, sheet in sheets.items() if "<f>" in sheet]
    for name, sheet in sheets.items():
        assert 'state="frozen"' in sheet, name
        assert "<cols>" in sheet, name


@pytest.mark.parametrize("form", ["graphml", "gexf"])
def test_graph_is_read_by_another_program(written: Path, form: str) -> None:
    paths = sorted((written / form).iterdir())
    assert [path.name for path in paths] == [f"team-2026-01.{form}", f"team-2026-02.{form}"]
    read = {"graphml": nx.read_graphml, "gexf": lambda path: nx.read_gexf(path, version="1.3")}[
        form
    ]
    graph = read(paths[0])
    assert set(graph.nodes) == {"North", "South", FORMULA}  # West is hidden, -East is of a week
    assert not graph.is_directed()
    weights = {frozenset(edge): data["weight"] for *edge, data in graph.edges(data=True)}
    assert weights == {frozenset({"North", "South"}): 10.0, frozenset({FORMULA, "South"}): 2.5}
    assert graph.nodes["North"]["people"] == 12.0


def test_a_boundary_may_have_any_name(config: Config, tmp_path: Path) -> None:
    list(export(config, tmp_path, ("gexf",), (), "dienst/regio", "month"))
    assert [path.name for path in tmp_path.rglob("*.gexf")] == ["dienst-regio-2026-01.gexf"]


def test_nothing_hidden_is_in_any_file(written: Path) -> None:
    for path in written.rglob("*"):
        if path.is_file():
            assert str(HIDDEN).encode() not in path.read_bytes(), path
    assert (
        HIDDEN
        not in pl.read_parquet(written / "parquet" / "metric_value.parquet")["value"].to_list()
    )


def test_no_half_file_stays(written: Path) -> None:
    assert not [path for path in written.rglob("*") if path.name.endswith(".part")]


def test_one_table_alone(config: Config, tmp_path: Path) -> None:
    list(export(config, tmp_path, ("csv", "excel"), ("monthly_lines",), None, "month"))
    assert [path.name for path in (tmp_path / "csv").glob("*.csv")] == ["monthly_lines.csv"]
    assert CalamineWorkbook.from_path(str(tmp_path / "tieline.xlsx")).sheet_names == [
        "about",
        "monthly_lines",
    ]


def test_a_sheet_that_is_full_is_named(
    config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "ROWS", 4)
    with pytest.raises(workbook.TooManyRowsError, match="monthly_lines: more than 4 rows"):
        list(export(config, tmp_path, ("excel",), ("monthly_lines",), None, "month"))
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_said(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no table 'people'; there are: .*monthly_lines"):
        list(export(config, tmp_path, ("csv",), ("people",), None, "month"))
    with pytest.raises(NothingToShowError, match="sector"):
        list(export(config, tmp_path, ("gexf",), (), "sector", "month"))
    empty = tmp_path / "tieline.toml"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(NothingToShowError, match="nothing is published yet"):
        list(export(read_config(empty, tmp_path), tmp_path, ("csv",), (), None, "month"))
    assert MONDAY  # the made-up release has weeks, of which no graph was asked
