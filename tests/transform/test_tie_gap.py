"""How long ago a tie was active, against looking at every earlier period of the tie."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.network import behind, build
from tests.transform.test_incremental import START, put, with_members

MODELS = behind("tie_gap")

meetings = st.lists(
    st.tuples(
        st.integers(0, 200),
        st.sampled_from(["meeting", "work"]),
        st.lists(st.integers(1, 4), min_size=2, max_size=3, unique=True),
    ),
    min_size=1,
    max_size=14,
)
Gaps = dict[tuple[str, int, str, int, int], tuple[int | None, bool]]


def by_hand(con: duckdb.DuckDBPyConnection, told: list[tuple[int, str, list[int]]]) -> Gaps:
    """Grain, number of the period, channel, s, t → gap, and whether it is the channel's first period."""
    number = {
        (grain, day): idx
        for grain, day, idx in con.execute("SELECT grain, day, idx FROM calendar").fetchall()
    }
    at: dict[tuple[str, str, int, int], set[int]] = {}
    first: dict[tuple[str, str], int] = {}
    for grain in ("day", "week", "month", "quarter"):
        for day, channel, people in told:
            period = number[grain, START + timedelta(days=day)]
            for scope in (channel, "(all)"):
                first[grain, scope] = min(period, first.get((grain, scope), period))
                for s, t in combinations(sorted(people), 2):
                    at.setdefault((grain, scope, s, t), set()).add(period)
    return {
        (grain, period, scope, s, t): (
            min((period - other for other in periods if other < period), default=None),
            period == first[grain, scope],
        )
        for (grain, scope, s, t), periods in at.items()
        for period in periods
    }


def found(con: duckdb.DuckDBPyConnection) -> Gaps:
    rows = con.execute("SELECT grain, idx, channel, s, t, gap, is_opening FROM tie_gap").fetchall()
    told: Gaps = {(g, n, c, s, t): (gap, opening) for g, n, c, s, t, gap, opening in rows}
    assert len(told) == len(rows)
    return told


@settings(max_examples=15, deadline=None)
@given(meetings, st.integers(1, 14))
def test_every_gap(told: list[tuple[int, str, list[int]]], night: int) -> None:
    with with_members() as con:
        for part in (told[:night], told[night:]):  # what comes in the second night may be older
            for day, channel, people in part:
                number = told.index((day, channel, people)) + 1
                put(con, number, {"day": day, "channel": channel, "people": people})
            build(con, MODELS)
        assert found(con) == by_hand(con, told)
