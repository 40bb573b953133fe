from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from quality.checkpoint import Refused, Report, _refused, validate
from quality.quarantine import quarantine
from quality.suites import SUITES, file_rules, row_rules
from tests.quality.staging import (
    LIMITS,
    broken,
    count,
    events,
    files,
    members,
    participations,
    stage_schema,
)

if TYPE_CHECKING:
    from pathlib import Path

RULES = row_rules(LIMITS)
Row = dict[str, Any]


def check_and_quarantine(con: duckdb.DuckDBPyConnection) -> Report:
    report = validate(con, LIMITS, data_docs=None, run_id="r1", batch=1)
    con.begin()
    quarantine(con, RULES, report)
    con.commit()
    return report


def counted(con: duckdb.DuckDBPyConnection) -> Report:
    """The report as `validate` gives it, from the same predicates."""
    names = [(SUITES[r.table], r.name) for r in RULES if broken(con, [r])]
    outcomes = pl.DataFrame(
        [(*name, 1) for name in names],
        schema={"suite": pl.String, "expectation": pl.String, "failed": pl.Int64},
        orient="row",
    )
    return Report(outcomes, _refused(con, file_rules(LIMITS), ()))


def rows(con: duckdb.DuckDBPyConnection, columns: str, table: str) -> list[tuple[Any, ...]]:
    return con.execute(f"SELECT {columns} FROM stage.{table} ORDER BY ALL").fetchall()


def test_a_good_batch_stays_as_it_is(clean: duckdb.DuckDBPyConnection) -> None:
    before = {t: rows(clean, "*", t) for t in ("observed_event", "observed_participation")}
    check_and_quarantine(clean)
    assert {table: rows(clean, "*", table) for table in before} == before
    assert count(clean, "quarantine") == 0
    assert count(clean, "source_file") == 1


def test_a_refused_event_takes_its_participations_with_it(clean: duckdb.DuckDBPyConnection) -> None:
    events(clean, {"event_id": 50, "channel": "fax", "revision": -1, "position": 99})
    participations(clean, {"event_id": 50}, {"event_id": 50, "address_id": 8})
    check_and_quarantine(clean)
    assert (count(clean, "observed_event"), count(clean, "observed_participation")) == (40, 80)
    [(*place, record)] = rows(clean, "*", "quarantine")
    assert place == [
        *(1, 99, "position", "validate"),
        "channel is not meeting, message or work; revision is negative",
    ]
    assert json.loads(record)["channel"] == "fax"


def test_a_refused_participation_goes_alone(clean: duckdb.DuckDBPyConnection) -> None:
    participations(clean, {"event_id": 5, "role": "king"}, {"event_id": 999})
    check_and_quarantine(clean)
    assert (count(clean, "observed_event"), count(clean, "observed_participation")) == (40, 80)
    assert rows(clean, "position, reason", "quarantine") == [
        (0, "its event is not in the file"),
        (5, "role is not one that Tieline knows"),
    ]


def test_a_repeat_goes_and_the_first_keeps_its_participations(
    clean: duckdb.DuckDBPyConnection,
) -> None:
    clean.execute(
        "INSERT INTO stage.observed_event SELECT * REPLACE (position + 100 AS position)"
        " FROM stage.observed_event WHERE event_id <= 3"
    )
    check_and_quarantine(clean)
    assert (count(clean, "observed_event"), count(clean, "observed_participation")) == (40, 80)
    assert rows(clean, "position", "quarantine") == [(101,), (102,), (103,)]


def test_of_a_refused_file_one_row_remains(clean: duckdb.DuckDBPyConnection) -> None:
    files(clean, {"file_id": 2, "path": "in/b.csv", "records": 20, "events": 2, "rejected": 18})
    events(clean, {"file_id": 2}, {"file_id": 2, "event_id": 2, "channel": "fax"})
    participations(clean, {"file_id": 2}, {"file_id": 2, "role": "king"})
    clean.execute("INSERT INTO stage.quarantine VALUES (2, 3, 'line', 'read', 'no ''date''', NULL)")
    clean.execute("INSERT INTO stage.quarantine VALUES (1, 3, 'line', 'read', 'no date', NULL)")
    report = check_and_quarantine(clean)
    [refused] = report.refused
    assert rows(clean, "*", "quarantine") == [
        (1, 3, "line", "read", "no date", None),
        (2, 0, "file", "batch", refused.reason, None),
    ]
    assert refused.reason.endswith("18 of 20 records, most often: no 'date'")
    assert rows(clean, "file_id", "source_file") == [(1,)]
    assert (count(clean, "observed_event"), count(clean, "observed_participation")) == (40, 80)


def test_memberships_go_without_a_file(clean: duckdb.DuckDBPyConnection) -> None:
    members(clean, {"person_id": 9, "share": 0.4})
    check_and_quarantine(clean)
    assert count(clean, "membership") == 3
    assert rows(clean, "file_id, stage", "quarantine") == [(0, "validate")]


def test_nothing_happens_when_the_transaction_is_rolled_back(
    clean: duckdb.DuckDBPyConnection,
) -> None:
    events(clean, {"event_id": 50, "channel": "fax"})
    report = validate(clean, LIMITS, data_docs=None, run_id="r1", batch=1)
    clean.begin()
    quarantine(clean, RULES, report)
    clean.rollback()
    assert (count(clean, "observed_event"), count(clean, "quarantine")) == (41, 0)


FILE_IDS = st.sampled_from([1, 2])
EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "file_id": FILE_IDS,
            "event_id": st.integers(1, 5),
            "position": st.integers(1, 9),
            "channel": st.sampled_from(["message", "meeting", "fax", None]),
            "revision": st.sampled_from([0, 0, 1, -1]),
        }
    ),
    max_size=15,
    unique_by=lambda row: (row["file_id"], row["event_id"], row["position"], row["revision"]),
)
PARTICIPATIONS = st.lists(
    st.fixed_dictionaries(
        {
            "file_id": FILE_IDS,
            "event_id": st.integers(1, 7),
            "role": st.sampled_from(["to", "cc", "king", None]),
        }
    ),
    max_size=15,
)


def key(row: Row) -> tuple[int, int]:
    return row["file_id"], row["event_id"]


def good_events(staged: list[Row]) -> list[Row]:
    """By hand, without SQL: good ones, each version at its first position only."""
    seen: set[tuple[Any, ...]] = set()
    good = []
    for row in sorted(staged, key=lambda row: int(row["position"])):
        content = (*key(row), row["channel"], row["revision"])
        if (
            content not in seen
            and row["channel"] in {"message", "meeting"}
            and row["revision"] >= 0
        ):
            good.append(row)
        seen.add(content)
    return good


@settings(max_examples=60, deadline=None)
@given(staged=EVENTS, people=PARTICIPATIONS, refuse=st.booleans())
def test_staged_rows_are_kept_or_quarantined(
    staged: list[Row], people: list[Row], refuse: bool
) -> None:
    with duckdb.connect() as con:
        stage_schema(con)
        rejected = {"records": 20, "rejected": 15} if refuse else {}
        files(con, {}, {"file_id": 2, "path": "in/two.mbox"} | rejected)
        events(con, *staged)
        participations(con, *people)
        # Without Great Expectations, which would make each of many examples take 0.2 s.
        con.begin()
        quarantine(con, RULES, counted(con))
        con.commit()

        taken = {2} if refuse else set()
        staged = [row for row in staged if row["file_id"] not in taken]
        people = [row for row in people if row["file_id"] not in taken]
        kept = good_events(staged)
        known, alive = {key(row) for row in staged}, {key(row) for row in kept}
        own_fault = [r for r in people if r["role"] not in {"to", "cc"} or key(r) not in known]
        stays = [r for r in people if r["role"] in {"to", "cc"} and key(r) in alive]

        event_columns = "file_id, event_id, position, channel, revision"
        assert Counter(rows(con, event_columns, "observed_event")) == Counter(
            tuple(row[name] for name in event_columns.split(", ")) for row in kept
        )
        assert Counter(rows(con, "file_id, event_id, role", "observed_participation")) == Counter(
            (row["file_id"], row["event_id"], row["role"]) for row in stays
        )
        refusals = Counter(stage for (stage,) in rows(con, "stage", "quarantine"))
        assert refusals["batch"] == len(taken)
        assert refusals["validate"] == len(staged) - len(kept) + len(own_fault)
        assert broken(con, RULES) == set()


def test_words_with_quotes_and_ids_beyond_32_bits(tmp_path: Path) -> None:
    file_id = 9_000_000_000_000_000_001
    with duckdb.connect(str(tmp_path / "w.duckdb")) as con:
        stage_schema(con)
        files(con, {"file_id": file_id, "path": "in/it's.csv"})
        report = Report(
            pl.DataFrame({"suite": ["file"], "expectation": ["x"], "failed": [1]}),
            (Refused(file_id, "in/it's.csv", 'it\'s "no" {good}; $really', "mail"),),
        )
        quarantine(con, RULES, report)
        assert rows(con, "file_id, reason", "quarantine") == [
            (file_id, 'it\'s "no" {good}; $really')
        ]
        assert broken(con, file_rules(LIMITS)) == set()
