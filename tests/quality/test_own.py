"""Users' own expectations of a source, on real staged rows and by the real Great Expectations."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl
import pytest

from flows.config import SourceFiles
from quality.checkpoint import Report, validate
from quality.night import judge
from quality.own import Own, OwnExpectationError, check
from tests.network import empty_warehouse
from tests.quality.staging import LIMITS, events, files
from warehouse.schema import SOURCE_NIGHT, polars_schema

if TYPE_CHECKING:
    import duckdb

KINDS = "expect_column_values_to_be_in_set"
HOSTILE = "it's :a {x} $k <b>"


def own(kind: str = KINDS, *, source: str = "mail", table: str = "event", severity: str = "warning", **arguments: Any) -> Own:  # fmt: skip
    return Own(source, f"my {kind}", kind, table, severity, arguments)


def seen(con: duckdb.DuckDBPyConnection, *owns: Own, docs: Path | None = None) -> tuple[Report, list[tuple]]:  # fmt: skip
    report = validate(con, LIMITS, owns=owns, data_docs=docs, run_id="r1", batch=1)
    mine = report.outcomes.filter(suite="own")
    columns = ("source", "expectation", "severity", "success", "rows", "failed", "observed")
    return report, mine.select(columns).rows()


def test_met_and_not_met(clean: duckdb.DuckDBPyConnection) -> None:
    events(clean, {"event_id": 50, "kind": "chat"})
    report, rows = seen(
        clean,
        own(column="kind", value_set=["mail"]),
        own("expect_table_row_count_to_be_between", min_value=10),
        own("expect_column_max_to_be_between", column="day", max_value="2026-12-31"),
        own("expect_column_unique_value_count_to_be_between", column="address_id", table="participation", max_value=1),
        own("unexpected_rows_expectation", unexpected_rows_query="SELECT * FROM {batch} WHERE day > '2026-03-10'"),
        own("expect_column_sum_to_be_between", source="other", column="records", table="file", min_value=1),
    )  # fmt: skip
    assert rows == [
        ("mail", f"my {KINDS}", "warning", False, 41, 1, None),
        ("mail", "my expect_table_row_count_to_be_between", "warning", True, 41, 0, 41),
        ("mail", "my expect_column_max_to_be_between", "warning", True, 41, 0, None),
        ("mail", "my unexpected_rows_expectation", "warning", False, 41, 32, None),
        ("mail", "my expect_column_unique_value_count_to_be_between", "warning", False, 80, 1, None),
    ]  # fmt: skip
    assert report.refused == ()
    assert report.outcomes.filter(suite="own")["expected"][0] == (
        "column values to be in set: column kind, value_set ['mail']"
    )


def test_what_is_critical_refuses_the_files_of_its_source_alone(
    clean: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    files(
        clean,
        {"file_id": 2, "source": HOSTILE, "path": "in/b.csv"},
        {"file_id": 3, "source": HOSTILE, "path": "in/c.csv"},
    )
    events(clean, {"file_id": 3, "event_id": 50, "kind": "chat"})
    both = [
        own(source=name, severity="critical", column="kind", value_set=["mail"])
        for name in ("mail", HOSTILE)
    ]
    report, _ = seen(clean, *both, docs=tmp_path)
    assert [(one.path, one.source) for one in report.refused] == [
        ("in/b.csv", HOSTILE),
        ("in/c.csv", HOSTILE),
    ]
    assert report.refused[0].reason == (
        f"my {KINDS} is not met (column values to be in set: column kind, value_set ['mail']; 1 of 1 rows)"
    )
    assert "it&#39;s :a {x} $k &lt;b&gt;: event" in (tmp_path / "runs/r1/1-own-2.html").read_text()


def test_an_export_without_events_breaks_nothing(clean: duckdb.DuckDBPyConnection) -> None:
    clean.execute("DELETE FROM stage.observed_event")
    report, rows = seen(
        clean,
        own(severity="critical", column="kind", value_set=["mail"]),
        own(
            "expect_column_values_to_be_between",
            severity="critical",
            column="revision",
            max_value=9,
        ),
    )
    assert [row[3:6] for row in rows] == [(True, 0, 0)] * 2
    assert report.refused == ()


def test_what_sees_no_number_is_judged_all_the_same(
    clean: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    quantiles = {"quantiles": [0.5], "value_ranges": [[0, 1]]}
    _, rows = seen(
        clean,
        own("expect_column_to_exist", column="day"),
        own("expect_column_distinct_values_to_contain_set", column="kind", value_set=["mail"]),
        own("expect_column_quantile_values_to_be_between", column="revision", quantile_ranges=quantiles),
        docs=tmp_path,
    )  # fmt: skip
    assert [row[3] for row in rows] == [True, True, True]
    text = (tmp_path / "runs/r1/1-own-1.html").read_text()
    assert "mail: event rules\n" in text
    assert "quarantine" not in text


def test_what_cannot_be_evaluated_is_not_met(clean: duckdb.DuckDBPyConnection) -> None:
    wrong = own("unexpected_rows_expectation", unexpected_rows_query="SELECT nothing FROM {batch}")
    report, [row] = seen(clean, wrong)
    assert row[3] is False
    assert "could not be evaluated" in report.outcomes.filter(suite="own")["expected"][0]


def test_a_value_that_cannot_be_cast_is_not_told(
    clean: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    events(clean, {"event_id": 50, "kind": "secretkind"})
    wrong = own("unexpected_rows_expectation", severity="critical",
                unexpected_rows_query="SELECT * FROM {batch} WHERE kind::INT > 1")  # fmt: skip
    report, [row] = seen(clean, wrong, docs=tmp_path)
    assert row[3] is False
    assert "Conversion Error of a value" in report.refused[0].reason
    page = (tmp_path / "runs/r1/1-own-1.html").read_text()
    assert "Conversion Error of a value" in page
    assert "Traceback" not in page
    for text in (page, report.refused[0].reason, str(report.outcomes.rows())):
        assert "secretkind" not in text
        assert "could not convert" not in text.lower()


def test_no_value_stands_on_the_pages(clean: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    events(clean, {"event_id": 424242424242, "kind": "secretkind", "thread": 987654321})
    seen(
        clean,
        own(column="kind", value_set=["mail"]),
        own("expect_column_distinct_values_to_be_in_set", column="kind", value_set=["mail"]),
        own("expect_column_max_to_be_between", column="thread", max_value=1),
        own("expect_column_most_common_value_to_be_in_set", column="event_id", value_set=[1]),
        docs=tmp_path,
    )
    text = "".join(path.read_text() for path in tmp_path.rglob("1-own-*.html"))
    assert "my expect_column_max_to_be_between" in text
    for value in ("secretkind", "424242424242", "987654321"):
        assert value not in text


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (own("expect_the_best"), "Great Expectations does not take it"),
        (own(column="kind", value_sets=[]), "Great Expectations does not take it"),
        (own(column="kindd", value_set=["mail"]), "event has no column 'kindd'; there are: file_id, "),
        (own(table="night", severity="critical", column="files", value_set=[1]), "make it a warning"),
        (own("unexpected_rows_expectation", unexpected_rows_query="DROP TABLE event"), "is not one SELECT"),
        (own("unexpected_rows_expectation", unexpected_rows_query="SELECT 1; SELECT 2"), "is not one SELECT"),
        (own("unexpected_rows_expectation", unexpected_rows_query="SELECT ((("), "not SQL that can be read"),
        (own("unexpected_rows_expectation", unexpected_rows_query="SELECT * FROM membership"), "reads 'membership'"),
        (own("unexpected_rows_expectation", unexpected_rows_query="FROM read_text('/etc/passwd')"), "reads read_text()"),
        (own("expect_x", base_query="SELECT 1"), "base_query is not taken"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_told_with_its_cure(wrong: Own, words: str) -> None:
    with pytest.raises(OwnExpectationError) as error:
        check([wrong])
    assert words in str(error.value)
    assert str(error.value).startswith("source 'mail', expect 'my ")
    assert "\n" not in str(error.value)


def test_of_a_night() -> None:
    con = empty_warehouse()
    tonight = pl.DataFrame(
        [("mail", 1, 5, 5, 0, 0, None, None, 3)], schema=polars_schema(SOURCE_NIGHT), orient="row"
    )
    mine = own("expect_column_max_to_be_between", table="night", column="delivered_days", max_value=2)  # fmt: skip
    check([mine])
    found = judge(con, tonight, {"mail": []}, [mine], data_docs=None, run_id="r1")
    assert found.select("suite", "success", "observed").rows() == [("own", False, 3.0)]


def test_the_example_of_the_page_on_operations(clean: duckdb.DuckDBPyConnection) -> None:
    page = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    [block] = [one for one in blocks if "[[source.expect]]" in one]
    [source] = msgspec.convert(tomllib.loads(block)["source"], list[SourceFiles])
    owns = [
        Own("mail", one.title, one.type, one.table, one.severity, one.arguments)
        for one in source.expect
    ]
    check(owns)
    report, rows = seen(clean, *owns)
    assert [(name, severity, success) for _, name, severity, success, *_ in rows] == [
        ("column values to be in set channel", "critical", True),
        ("mails are between two people at least", "warning", True),
    ]
    assert report.refused == ()
    assert owns[2].table == "night"
