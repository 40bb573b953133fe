from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from quality.suites import Limits, file_rules, row_rules
from tests.quality.staging import (
    LIMITS,
    broken,
    events,
    files,
    members,
    participations,
)
from warehouse.schema import STAGE

if TYPE_CHECKING:
    import duckdb

ROW_RULES = row_rules(LIMITS)
RULES = (*ROW_RULES, *file_rules(LIMITS))
PUT = {
    "observed_event": events,
    "observed_participation": participations,
    "membership": members,
}

AT = datetime.fromisoformat

# Table, row, the rules it breaks. Every row is added to a stage that obeys every rule.
CASES: list[tuple[str, dict[str, Any], set[str]]] = [
    ("observed_event", {"event_id": 50, "channel": "fax"}, {"channel_valid"}),
    ("observed_event", {"event_id": 50, "started_at": AT("1970-01-01")}, {"started_at_valid"}),
    ("observed_event", {"event_id": 50, "started_at": AT("2100-01-01")}, {"started_at_valid"}),
    ("observed_event", {"event_id": 50, "ended_at": AT("2026-03-01")}, {"ended_at_valid"}),
    ("observed_event", {"event_id": 50, "ended_at": AT("2026-04-03")}, {"ended_at_valid"}),
    ("observed_event", {"event_id": 50, "ended_at": AT("2026-03-02 10:00")}, set()),
    ("observed_event", {"event_id": 50, "revision": -1}, {"revision_valid"}),
    ("observed_event", {"event_id": 50, "day": date(2026, 11, 26)}, set()),
    ("observed_event", {"event_id": 50, "day": date(2026, 11, 27)}, {"day_not_too_far_ahead"}),
    ("observed_event", {"event_id": 50, "day": date(2028, 11, 23), "channel": "meeting"}, set()),
    (
        "observed_event",
        {"event_id": 50, "day": date(2028, 11, 24), "channel": "meeting"},
        {"day_not_too_far_ahead"},
    ),
    ("observed_event", {"day": date(2026, 3, 3), "position": 99}, {"event_once"}),
    ("observed_event", {"day": date(2026, 3, 3), "position": 99, "revision": 1}, set()),
    ("observed_event", {"day": date(2026, 3, 3), "position": 99, "file_id": 2}, set()),
    ("observed_participation", {"role": "king"}, {"role_valid"}),
    ("observed_participation", {"response": "perhaps"}, {"response_valid"}),
    ("observed_participation", {"event_id": 999}, {"event_known"}),
    ("observed_participation", {"file_id": 2}, {"event_known"}),
    ("membership", {"person_id": 9, "share": 1.5}, {"share_valid", "shares_add_up"}),
    ("membership", {"person_id": 9, "share": 0.0}, {"share_valid", "shares_add_up"}),
    ("membership", {"person_id": 9, "share": 0.4}, {"shares_add_up"}),
    ("membership", {"person_id": 8, "valid_from": date(2026, 1, 1)}, {"shares_add_up"}),
    (
        "membership",
        {"person_id": 9, "valid_from": date(2026, 1, 2), "valid_to": date(2026, 1, 1)},
        {"days_in_order"},
    ),
    ("membership", {"boundary": "team"}, set()),
]


@pytest.mark.parametrize(("table", "row", "expected"), CASES)
def test_a_row_breaks_exactly_these_rules(
    clean: duckdb.DuckDBPyConnection, table: str, row: dict[str, Any], expected: set[str]
) -> None:
    assert broken(clean, RULES) == set()
    PUT[table](clean, row)
    assert broken(clean, RULES) == expected


PRESENT = [rule for rule in ROW_RULES if rule.name.endswith("_present")]


@pytest.mark.parametrize("rule", PRESENT, ids=lambda rule: f"{rule.table}.{rule.name}")
def test_an_empty_value_is_reported_once(clean: duckdb.DuckDBPyConnection, rule: Any) -> None:
    put = PUT[rule.table]
    key = "person_id" if rule.table == "membership" else "event_id"
    fresh = {} if rule.table == "observed_participation" else {key: 50}
    put(clean, fresh | {rule.name.removesuffix("_present"): None})
    count = f"SELECT count(*) FROM {STAGE}.{rule.table} WHERE "
    assert clean.execute(count + rule.broken).fetchone() == (1,)
    # started_at is also half of the rule about the end; nothing else may complain twice.
    assert broken(clean, [other for other in ROW_RULES if other.table == rule.table]) == {rule.name}


FILE_CASES: list[tuple[dict[str, Any], set[str]]] = [
    ({"records": 3, "events": 0, "rejected": 3}, {"something_readable"}),
    ({"records": 3, "events": 0, "rejected": 2, "skipped": 1}, set()),
    ({"records": 0, "events": 0}, set()),  # an export of a quiet month
    ({"records": 20, "events": 9, "rejected": 11}, {"rejected_share"}),
    ({"records": 20, "events": 10, "rejected": 10}, set()),
    ({"records": 19, "events": 1, "rejected": 18}, set()),
    ({"records": 30, "events": 0, "rejected": 40}, {"something_readable", "rejected_share"}),
]


@pytest.mark.parametrize(("row", "expected"), FILE_CASES)
def test_a_file_breaks_exactly_these_rules(
    clean: duckdb.DuckDBPyConnection, row: dict[str, Any], expected: set[str]
) -> None:
    files(clean, {"file_id": 2} | row)
    assert broken(clean, RULES) == expected


def test_a_file_says_how_much_is_wrong_and_what_most_often(
    clean: duckdb.DuckDBPyConnection,
) -> None:
    files(clean, {"file_id": 2, "records": 40, "events": 10, "rejected": 30})
    clean.execute(
        "INSERT INTO stage.quarantine SELECT 2, range, 'line', 'read', 'no date', NULL"
        " FROM range(3)"
    )
    clean.execute("INSERT INTO stage.quarantine VALUES (2, 9, 'line', 'read', 'no sender', NULL)")
    rule = next(rule for rule in file_rules(LIMITS) if rule.name == "rejected_share")
    assert clean.execute(rule.query).fetchall() == [(2, "30 of 40 records, most often: no date")]


@pytest.mark.parametrize(("bad", "expected"), [(10, False), (11, True)])
def test_a_file_with_too_many_broken_events(
    clean: duckdb.DuckDBPyConnection, bad: int, expected: bool
) -> None:
    files(clean, {"file_id": 2, "records": 20, "events": 20})
    rows = [{"file_id": 2, "event_id": n, "position": n} for n in range(20)]
    events(clean, *(row | ({"channel": "fax"} if n < bad else {}) for n, row in enumerate(rows)))
    assert ("broken_share" in broken(clean, RULES)) is expected


def test_repeats_do_not_make_a_file_too_broken(clean: duckdb.DuckDBPyConnection) -> None:
    files(clean, {"file_id": 2, "records": 40, "events": 40})
    events(clean, *({"file_id": 2, "position": n} for n in range(40)))
    assert broken(clean, RULES) == {"event_once"}


@pytest.mark.parametrize(("events_in_file", "expected"), [(19, set()), (20, {"not_only_future"})])
def test_a_calendar_that_lies_wholly_in_the_future(
    clean: duckdb.DuckDBPyConnection, events_in_file: int, expected: set[str]
) -> None:
    row = {"file_id": 2, "channel": "meeting", "day": date(2027, 5, 1)}
    files(clean, {"file_id": 2, "records": events_in_file, "events": events_in_file})
    events(clean, *(row | {"event_id": 100 + n} for n in range(events_in_file)))
    assert broken(clean, RULES) == expected
    events(clean, row | {"event_id": 99, "day": date(2026, 5, 1)})
    assert broken(clean, RULES) == set()


def test_limits_are_arguments() -> None:
    sooner = row_rules(Limits(date(2020, 1, 1), meeting_days=1))
    assert any("2020-01-02" in rule.predicate for rule in sooner)
    strict = file_rules(Limits(date(2020, 1, 1), rejected_share=0.1, least=5))
    assert any("0.1 * records" in rule.query for rule in strict)


def test_every_rule_has_a_case_a_name_of_its_own_and_words() -> None:
    names = [(rule.table, rule.name) for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(rule.words and not rule.words.endswith(".") for rule in RULES)
    tried = {name for _, _, names in CASES for name in names}
    tried |= {name for _, names in FILE_CASES for name in names}
    tried |= {"broken_share", "not_only_future"} | {rule.name for rule in PRESENT}
    assert {rule.name for rule in RULES} == tried
