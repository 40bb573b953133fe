"""What a query reads, against another parser."""

from __future__ import annotations

import pytest
import sqlglot
from sqlglot import exp

from transforms.model import FOLDERS
from transforms.statement import parsed

MODELS = sorted(path for folder in FOLDERS for path in folder.glob("*.sql"))
QUERIES = (
    "select 1 as one",
    "select * from a, b join c using (x) where x in (select y from d where z > $limit)",
    "with own as (select * from a), more as (select * from own) select * from more",
    "with recursive own as (select 1 n union all select n + 1 from own) select * from own, a",
    "select * from (with own as (select * from a) select * from own) union all select 'it''s' from b",
    "select list_transform(l, lambda x: x + $more), $more from a where exists (from b)",
)


@pytest.mark.parametrize("text", [*QUERIES, *(path.read_text(encoding="utf-8") for path in MODELS)])
def test_another_parser_finds_the_same(text: str) -> None:
    query = sqlglot.parse_one(text, dialect="duckdb")
    tables = {table.name for table in query.find_all(exp.Table)}
    assert parsed(text).tables == tables - {cte.alias for cte in query.find_all(exp.CTE)}
    assert parsed(text).parameters == {one.name for one in query.find_all(exp.Placeholder)}


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("select (((", "syntax error"),
        ("drop table event", "SELECT"),
        ("select 1; select 2", "not one SELECT"),
        ("", "not one SELECT"),
    ],
)
def test_what_is_no_query_is_refused(text: str, cause: str) -> None:
    with pytest.raises(ValueError, match=cause):
        parsed(text)
