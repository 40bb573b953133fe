"""Every metric is held to its cases: inputs, expect.csv and a line of arithmetic."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

import duckdb
import pytest

from tests.network import INPUTS, PARAMETERS, all_models, behind, build, empty_warehouse, fill, rows

CASES = sorted(path.parent for path in (Path(__file__).parent / "cases").glob("*/*/expect.csv"))
KEY = ("measure", "grain", "period", "channel", "unit", "other_unit")


@cache
def warehouse(
    inputs: str, metric: str, parameters: tuple[tuple[str, float], ...]
) -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    fill(con, INPUTS / inputs)
    build(con, behind(metric), PARAMETERS | dict(parameters))
    return con


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}-{case.name}")
def test_case(case: Path) -> None:
    settings = tomllib.loads((case / "case.toml").read_text())
    con = warehouse(
        settings["inputs"], case.parent.name, tuple(settings.get("parameters", {}).items())
    )
    expected = rows(case / "expect.csv")
    assert expected
    for row in expected:
        key = {name: row.get(name) or "(all)" for name in KEY}
        where = " AND ".join(f"{name} = '{value}'" for name, value in key.items())
        found = con.sql(f"FROM metric_value WHERE metric = '{case.parent.name}' AND {where}").pl()
        if row["value"] == "absent":
            assert found.is_empty(), key
            continue
        assert found.height == 1, key
        for name in set(row) - set(KEY) - {"tolerance"}:
            if row[name] == "skip":
                continue
            number = found[name][0]
            wanted = float(row[name]) if row[name] else None
            tolerance = float(row["tolerance"]) if name == "z" and row.get("tolerance") else 1e-9
            assert number == (wanted if wanted is None else pytest.approx(wanted, abs=tolerance)), (
                key,
                name,
            )


def test_every_metric_has_a_worked_example_and_an_edge_case() -> None:
    metrics = {model.name for model in all_models() if model.header is not None}
    cases = {name: {c.name for c in CASES if c.parent.name == name} for name in metrics}
    assert all({"worked_example", "edges"} <= names for names in cases.values()), cases
