"""A metric of one's own: one file beside tieline.toml, computed, published and explained like any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.network import INPUTS, PARAMETERS, build, empty_warehouse, fill
from transforms.catalogue import catalogue
from transforms.model import ModelError, in_order, read_models
from transforms.own import own_metrics

HEAD = """/*
title_en = "Hours of a line"
title_nl = "Uren van een lijn"
definition_en = "Hours together."
definition_nl = "Uren samen."
formula_en = "hours"
formula_nl = "uren"
grains = ["month"]
told_of = ["line"]
boundary = "any"
direction = "context"
reference = "our own"

[measures.much]
title_en = "Much"
title_nl = "Veel"
unit = "hours"
range = ">= 0"
*/
-- period: grain
"""
QUERY = """select 'much' as measure, grain, period, channel, boundary, unit, other_unit, h as value,
  people, other_people
from line where grain = 'month' and h >= $least_hours and unit <> other_unit
"""


def own(folder: Path, query: str, name: str = "line_hours.sql", **changes: str) -> list:
    head = HEAD
    for field, text in changes.items():
        head = (
            "\n".join(text if line.startswith(field) else line for line in head.splitlines()) + "\n"
        )
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(head + query, encoding="utf-8")
    return own_metrics(folder, read_models(), parameters={*PARAMETERS, "least_hours"}, python=False)


def test_one_file_is_enough(tmp_path: Path) -> None:
    models = in_order([*read_models(), *own(tmp_path / "metrics", QUERY)])
    con = empty_warehouse()
    fill(con, INPUTS / "t1")
    parameters = {**PARAMETERS, "least_hours": 0.6}
    build(con, models, parameters)
    # June: b1-a2 and a2-b2 half an hour each; c1 with b1 and b2 half an hour each, b1-c2 half.
    rows = con.sql(
        "SELECT unit, other_unit, value FROM metric_value WHERE metric = 'line_hours'"
        " AND channel = 'meeting' AND period = DATE '2024-06-01' ORDER BY ALL"
    ).fetchall()
    assert rows == [("A", "B", 1.0), ("B", "C", 1.5)]
    assert con.sql("SELECT count(*) FROM trend WHERE metric = 'line_hours'").fetchall()[0][0] > 0
    told = catalogue(models, parameters).filter(metric="line_hours").to_dicts()
    assert [(row["measure"], "least_hours=0.6" in row["parameters"]) for row in told] == [
        ("much", True)
    ]
    # Taken away, its numbers go too.
    build(con, read_models(), PARAMETERS)
    assert con.sql("SELECT count(*) FROM metric_value WHERE metric = 'line_hours'").fetchall() == [
        (0,)
    ]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("ATTACH 'x.duckdb'", "line_hours"),
        ("select * from read_csv('/etc/passwd')", "read_csv"),
        ("select 1 as measure; drop table event", "line_hours"),
        ("copy event to 'x.csv'", "line_hours"),
        ("select * from nowhere", "nowhere"),
        (QUERY.replace("$least_hours", "$unheard_of"), "unheard_of"),
    ],
)
def test_what_could_do_harm_is_refused(tmp_path: Path, query: str, words: str) -> None:
    with pytest.raises(ModelError, match=words) as told:
        own(tmp_path / "metrics", query)
    assert "\n" not in str(told.value)


def test_names_and_headers_are_checked(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="of its own; rename"):
        own(tmp_path / "clash", QUERY, name="flow.sql")
    with pytest.raises(ModelError, match="title_nl"):
        own(tmp_path / "header", QUERY, title_nl="")
    with pytest.raises(ModelError, match="allow_python_metrics"):
        own(tmp_path / "python", "", name="mine.py")
