"""How the sources fared, as readers see it: by hand from the private results, in the file and on the page."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pytest

from quality.nights import days_of_runs, unmet
from tests.network import empty_warehouse
from warehouse import state
from warehouse.serving import mart
from warehouse.serving.quality import QUALITY, quality_rows
from warehouse.serving.report.quality import read_quality

ZONE = ZoneInfo("Europe/Amsterdam")
FIRST = datetime(2026, 9, 29, 22, 30, tzinfo=UTC)  # half past midnight on the 30th in Amsterdam


def night(con: duckdb.DuckDBPyConnection, days: float, flow: str = "nightly") -> str:
    when = FIRST + timedelta(days=days)
    run = state.next_run_id(con, when)
    state.begin_run(con, run, when)
    state.note_origin(con, run, flow)
    return run


def judged(
    con: duckdb.DuckDBPyConnection, run: str, source: str, suite: str, severity: str, **met: bool
) -> None:
    for name, success in met.items():
        con.execute(
            "INSERT INTO quality_result VALUES (?, 1, ?, ?, ?, ?, ?, 1, ?, NULL, NULL)",
            [run, source, suite, name, severity, success, int(not success)],
        )


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    con = empty_warehouse()
    first, again, second = night(con, 0), night(con, 0.2, "ingest"), night(con, 1)
    refill = night(con, 1.1, "backfill")
    judged(con, first, "mail", "learnt", "warning", volume=False, newest=True)
    judged(con, again, "mail", "learnt", "warning", volume=True, newest=True)  # the rest came later
    judged(con, second, "mail", "learnt", "warning", volume=False, newest=False)
    judged(con, second, "mail", "event", "info", channel_valid=False, day_present=True)
    judged(con, second, "board", "file", "critical", rejected_share=True)
    judged(con, second, "board", "file", "critical", rejected_share=False)  # of another batch
    judged(con, second, "(all)", "membership", "info", share_valid=False)
    judged(con, refill, "mail", "event", "info", channel_valid=True)
    con.execute(
        "INSERT INTO source_file SELECT 1, 'mail', 'North', 'mbox', 'p', 'c', 's', 1, 0, 1, 1, 1, 0, 0, 0, 0, NULL, NULL, 'r'"
    )
    return con


ROWS = [
    (date(2026, 9, 30), "mail", "North", "warning", 2, 0, None),
    (date(2026, 10, 1), "board", "board", "critical", 1, 1, "rejected_share"),
    (date(2026, 10, 1), "mail", "North", "info", 2, 1, "channel_valid"),
    (date(2026, 10, 1), "mail", "North", "warning", 2, 2, "newest, volume"),
]


def test_by_hand(con: duckdb.DuckDBPyConnection) -> None:
    [query] = quality_rows(days_of_runs(con, ZONE, date(2026, 1, 1)))
    names = ", ".join(QUALITY.names())
    assert con.execute(f"SELECT {names} FROM ({query}) ORDER BY ALL").fetchall() == ROWS
    assert quality_rows(days_of_runs(con, ZONE, date(2027, 1, 1))) == []


def test_what_is_not_met_now(con: duckdb.DuckDBPyConnection) -> None:
    """A change of it makes a new release, though no number changed."""
    assert unmet(con) == [
        ("board", "file", "rejected_share"),
        ("mail", "learnt", "newest"),
        ("mail", "learnt", "volume"),
    ]


def test_the_report_tells_months_and_the_last_night() -> None:
    with duckdb.connect() as con:
        con.execute("CREATE SCHEMA mart; USE mart")
        assert read_quality(con) == []
        con.execute(mart.create(QUALITY))
        con.execute(mart.create(mart.CALENDAR))
        con.executemany("INSERT INTO quality VALUES (?, ?, ?, ?, ?, ?, ?)", ROWS)
        for month in ("2026-08-01", "2026-09-01"):
            con.execute(
                "INSERT INTO calendar SELECT 'month', $m, $m, last_day($m::DATE), 'x', 1, 22, 0, NULL, NULL, NULL",
                {"m": month},
            )
        assert read_quality(con) == [
            ["mail", "North", [[1, 1, 1]], ["newest", "volume"]],
            ["board", "board", [], ["rejected_share"]],
        ]
