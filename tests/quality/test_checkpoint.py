from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import polars as pl
import pytest

from quality.checkpoint import Refused, validate
from quality.engine import ExpectationError
from quality.suites import file_rules, row_rules
from tests.quality.staging import (
    LIMITS,
    events,
    files,
    good_file,
    members,
    participations,
    stage_schema,
)
from warehouse.schema import QUALITY_RESULT, polars_schema

ROOT = Path(__file__).parents[2]


def failures(con: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], tuple[int, int]]:
    report = validate(con, LIMITS, data_docs=None, run_id="r1", batch=3)
    rows = report.outcomes.select("suite", "expectation", "rows", "failed", "success").rows()
    assert all(success == (failed == 0) for *_, failed, success in rows)
    return {(suite, name): (seen, failed) for suite, name, seen, failed, _ in rows if failed}


def test_a_good_batch(clean: duckdb.DuckDBPyConnection) -> None:
    report = validate(clean, LIMITS, data_docs=None, run_id="r1", batch=3)
    assert report.success
    assert report.refused == ()
    assert report.outcomes.schema == polars_schema(QUALITY_RESULT)
    rules = {rule.name for rule in (*row_rules(LIMITS), *file_rules(LIMITS))}
    assert set(report.outcomes["expectation"]) == rules
    sizes = {"event": 40, "participation": 80, "membership": 3, "file": 1}
    assert dict(report.outcomes.select("suite", "rows").unique().rows()) == sizes
    assert set(report.outcomes.select("run_id", "batch").unique().rows()) == {("r1", 3)}


def test_counts_are_exact_beyond_the_lists_that_great_expectations_caps(
    clean: duckdb.DuckDBPyConnection,
) -> None:
    events(clean, *({"event_id": 100 + n, "channel": "fax"} for n in range(300)))
    participations(clean, {"event_id": 999}, {"role": "king"}, {"role": None})
    members(clean, {"person_id": 9, "share": 0.4})
    assert failures(clean) == {
        ("event", "channel_valid"): (340, 300),
        ("participation", "event_known"): (83, 1),
        ("participation", "role_valid"): (83, 1),
        ("participation", "role_present"): (83, 1),
        ("membership", "shares_add_up"): (4, 1),
        ("file", "broken_share"): (1, 1),
    }


def test_outcomes_are_told_per_source_with_their_severity(clean: duckdb.DuckDBPyConnection) -> None:
    files(clean, {"file_id": 2, "source": "it's: board", "path": "in/b.csv"})
    twice = {"file_id": 2, "event_id": 7, "position": 2}
    events(clean, {"file_id": 2, "event_id": 5, "channel": "fax"}, twice, twice | {"position": 3})
    participations(clean, {"file_id": 9})  # of no file that is there
    report = validate(clean, LIMITS, data_docs=None, run_id="r1", batch=1)
    broken = report.outcomes.filter(~pl.col("success"))
    columns = ("source", "suite", "expectation", "severity", "rows", "failed")
    assert set(broken.select(columns).rows()) == {
        ("it's: board", "event", "channel_valid", "info", 3, 1),
        ("it's: board", "event", "event_once", "info", 3, 1),
        ("(all)", "participation", "event_known", "info", 1, 1),
    }
    of_mail = report.outcomes.filter(pl.col("source") == "mail")
    assert dict(of_mail.select("suite", "rows").unique().rows()) == {
        "event": 40,
        "participation": 80,
        "file": 1,
    }


def test_only_the_bad_file_is_refused(clean: duckdb.DuckDBPyConnection) -> None:
    files(
        clean,
        {"file_id": 2, "path": "in/b.csv", "records": 20, "events": 0, "rejected": 20},
        {"file_id": 3, "path": "in/a.csv", "records": 20, "events": 20},
    )
    day = date(2027, 1, 1)
    events(clean, *({"file_id": 3, "event_id": 100 + n, "day": day} for n in range(20)))
    report = validate(clean, LIMITS, data_docs=None, run_id="r1", batch=1)
    assert report.refused == (
        Refused(
            3,
            "in/a.csv",
            "more than 50% of the events break a rule: 20 of 20 events, most often: the event lies too far ahead: "
            "a meeting after 2028-11-23, anything else after 2026-11-26; "
            "every event lies after 2026-11-26: 20 events, the first on 2027-01-01",
            "mail",
        ),
        Refused(
            2,
            "in/b.csv",
            "no record could be read: 20 records; "
            "more than 50% of the records could not be read: 20 of 20 records",
            "mail",
        ),
    )


def test_an_empty_batch_and_one_without_people(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "w.duckdb")) as con:
        stage_schema(con, membership=False)
        report = validate(con, LIMITS, data_docs=None, run_id="r1", batch=1)
    assert report.success
    assert set(report.outcomes["suite"]) == {"event", "participation", "file"}
    assert report.outcomes["rows"].sum() == 0


def test_a_rule_that_cannot_be_evaluated_is_an_error(clean: duckdb.DuckDBPyConnection) -> None:
    clean.execute("ALTER TABLE stage.observed_participation DROP COLUMN response")
    with pytest.raises(ExpectationError, match=r"rule response_\w+ could not.*response"):
        validate(clean, LIMITS, data_docs=None, run_id="r1", batch=1)


def test_a_batch_that_was_never_staged_is_an_error(tmp_path: Path) -> None:
    with (
        duckdb.connect(str(tmp_path / "w.duckdb")) as con,
        pytest.raises(ExpectationError, match="no table observed_event, observed_participation, "),
    ):
        validate(con, LIMITS, data_docs=None, run_id="r1", batch=1)


def test_rows_that_are_not_committed_are_an_error(clean: duckdb.DuckDBPyConnection) -> None:
    clean.begin()
    events(clean, {"event_id": 50, "channel": "fax"})
    with pytest.raises(ExpectationError, match="finds 0 rows, our own count 1; is every staged"):
        validate(clean, LIMITS, data_docs=None, run_id="r1", batch=1)
    clean.rollback()


def test_the_warehouse_file_is_let_go(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        stage_schema(con)
        good_file(con)
        validate(con, LIMITS, data_docs=None, run_id="r1", batch=1)
    other = f"import duckdb; duckdb.connect({str(path)!r}).execute('DROP SCHEMA stage CASCADE')"
    subprocess.run([sys.executable, "-c", other], check=True, timeout=60)


ALONE = """
import sys, warnings
from pathlib import Path

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.sendto"):
        raise AssertionError(f"{event} {arguments}")

sys.addaudithook(refuse)
from quality.checkpoint import validate
from tests.quality.staging import LIMITS, good_file, stage_schema
from warehouse.connection import open_warehouse

path = Path(sys.argv[1])
with open_warehouse(path / "w.duckdb") as con:
    stage_schema(con)
    good_file(con)
    for batch in (1, 2):
        validate(con, LIMITS, data_docs=path / "docs", run_id="r1", batch=batch)
"""


def test_silent_offline_and_without_a_home(tmp_path: Path) -> None:
    environment = {"HOME": "/proc/nobody", "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}
    run = subprocess.run(
        [sys.executable, "-c", ALONE, str(tmp_path)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert {path.name for path in tmp_path.iterdir()} == {"w.duckdb", "w.duckdb.tmp", "docs"}
