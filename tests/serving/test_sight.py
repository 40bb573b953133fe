"""Which partners showed a line is told of lines that are shown, and of no other."""

from __future__ import annotations

import duckdb
import pytest

from quality.disclosure_line import disclosed_sight
from warehouse import schema
from warehouse.serving import mart

PERIOD = "DATE '2026-03-01'"


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(schema.ddl(schema.WITHHELD))
    con.execute(
        "CREATE TABLE source_file AS FROM (VALUES ('a-agenda', 'A'), ('a-agenda', 'A'), ('b-mail', 'B')) AS s(source, partner)"
    )
    con.execute(f"""CREATE TABLE line AS SELECT 'month' AS grain, {PERIOD} AS period, '(all)' AS channel,
        'organisation' AS boundary, * FROM (VALUES ('A', 'B', 6, 5, 0.5), ('A', 'C', 6, 4, 0.5), ('A', 'D', 6, 5, 0.8),
        ('B', 'C', 6, 5, 0.5), ('A', 'A', 6, 6, 0.5)) AS l(unit, other_unit, people, other_people, top_share)""")
    con.execute("""CREATE TABLE sight AS SELECT grain, period, channel, boundary, unit, other_unit, source,
        CASE source WHEN '(all)' THEN 40 WHEN 'a-agenda' THEN 30 ELSE 20 END::BIGINT AS events
        FROM line, (VALUES ('(all)'), ('a-agenda'), ('b-mail')) AS s(source)""")
    con.execute(
        f"INSERT INTO withheld VALUES ('flow', 'weight', 'month', {PERIOD}, '(all)', 'organisation', 'B', 'C', 'protects another number', 'weights')"
    )
    return con


def test_shown_lines_alone(con: duckdb.DuckDBPyConnection) -> None:
    found = con.sql(disclosed_sight("withheld"), params={"k": 5, "dominance": 0.75}).pl()
    assert found.columns == mart.SIGHT.names()
    rows = found.select("unit", "other_unit", "source", "partner", "share").sort("source").rows()
    # A-C has 4 people on a side, of A-D one carries too much, B-C is withheld, A-A is no line.
    assert rows == [("A", "B", "a-agenda", "A", 0.75), ("A", "B", "b-mail", "B", 0.5)]


def test_with_the_audit_the_share_is_told_in_steps(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("UPDATE sight SET events = 39 WHERE source = 'a-agenda'")
    con.execute("UPDATE sight SET events = 1000 WHERE source = '(all)'")
    con.execute("UPDATE sight SET events = 1 WHERE source = 'b-mail'")
    told = con.sql(disclosed_sight("withheld", 0.05), params={"k": 5, "dominance": 0.75}).pl()
    # 0.039 and 0.001: the least is a step, since it did show some.
    assert told.sort("source")["share"].to_list() == pytest.approx([0.04, 0.02])
