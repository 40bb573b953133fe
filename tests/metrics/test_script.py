"""Every number of metrics 1-9, 11 and 12 of an invented network, against a script in pandas and networkx."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from tests.benchmarks import full, history
from tests.benchmarks.filled import fill
from tests.network import behind, build, empty_warehouse

CELL = ("flow", "weight", "week", date(2024, 12, 30), "(all)", "A", "B")


@pytest.fixture(scope="module")
def compared() -> Iterator[dict[str, Any]]:
    """Of 200 days in four quarters: some people unplaced, two weeks without a message, and days without anything."""
    with empty_warehouse() as con:
        fill(con, 60, 5000, date(2024, 10, 21), 200)
        con.execute("DELETE FROM membership WHERE person_id % 9 = 4")
        con.execute(
            """DELETE FROM event WHERE channel = 'message' AND day BETWEEN '2024-12-20' AND '2025-01-04'
                 OR day BETWEEN '2024-12-24' AND '2024-12-26'"""
        )
        con.execute("DELETE FROM participation WHERE event_id NOT IN (SELECT event_id FROM event)")
        build(con, behind(*history.METRICS))
        yield full.in_script(con)


def test_script_and_models_tell_the_same_numbers(compared: dict[str, Any]) -> None:
    assert compared["first"] == []
    assert compared["same"] > 100_000


def test_what_one_of_them_alone_tells_is_unlike() -> None:
    assert full.unlike({CELL: None}, {CELL: None}) == {}
    assert full.unlike({CELL: 1.0}, {CELL: 1.0 + 1e-12}) == {}
    assert full.unlike({CELL: 1.0}, {CELL: 1.1}) == {CELL: (1.0, 1.1)}
    assert full.unlike({CELL: None}, {}) == {CELL: (None, "not told")}
    assert full.unlike({}, {CELL: 0.0}) == {CELL: ("not told", 0.0)}
    assert full.unlike({CELL: 0.0}, {CELL: None}) == {CELL: (0.0, None)}


def test_a_number_told_twice_is_no_number() -> None:
    with pytest.raises(ValueError, match="told twice"):
        full.by_cell([(*CELL, 1.0), (*CELL, 1.0)])
