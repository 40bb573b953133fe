"""Units of one person merged into (other): numbers of the network and of other units stay what they were."""

from __future__ import annotations

import math
from datetime import date, datetime, time

import duckdb
from hypothesis import example, given, settings

from tests.metrics.test_oracles_time import Event, built, logs
from tests.network import all_models

APART = {1: "A", 2: "A", 3: "A", 4: "B", 5: "B", 6: "x", 7: "y", 8: "z", 9: "w"}
MERGED = {person: unit if unit in "AB" else "(other)" for person, unit in APART.items()}
# These leave the people of (other) out, as they do unknown ones.
LEFT_OUT = {"boundary_coverage", "brokerage", "communities", "contact_to_initiative", "latency"}


def told(con: duckdb.DuckDBPyConnection) -> dict[tuple, tuple]:
    rows = con.execute("""
      SELECT metric, measure, grain, period, channel, unit, other_unit,
        value, people, other_people, top_share, expected, z, low, high
      FROM metric_value WHERE unit IN ('(all)', 'A', 'B') AND other_unit IN ('(all)', 'A', 'B')
    """).fetchall()
    return {row[:7]: row[7:] for row in rows if row[0] not in LEFT_OUT}


def is_same(one: tuple, other: tuple) -> bool:
    return all(
        a == b
        or (a is not None and b is not None and math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9))
        for a, b in zip(one, other, strict=True)
    )


# A series of A with two units of one person, and one of such units alone.
SERIES = [
    Event(
        n, "meeting", datetime.combine(date(2026, 1, 5 + n), time(10)), people, container=container
    )
    for n, (people, container) in enumerate(
        [((1, 6, 7), 1), ((1, 6), 1), ((6, 7), 2), ((8, 7), 2), ((1, 4), 3), ((2, 4), 3)]
    )
]


@settings(max_examples=6)
@given(logs())
@example(SERIES)
def test_of_the_network_and_of_other_units_nothing_changes(events: list[Event]) -> None:
    apart, merged = (told(built(events, all_models(), units=units)) for units in (APART, MERGED))
    assert apart.keys() == merged.keys()
    assert {
        key: (apart[key], merged[key]) for key in apart if not is_same(apart[key], merged[key])
    } == {}
    assert apart
