"""How a line fares: from weights per month to states that do not flicker."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from tests.network import build, empty_warehouse
from transforms.people import ALWAYS, OPEN

START = date(2024, 1, 1)


def months(
    counts: list[int],
    *,
    closed_from: date | None = None,
    rest: int = 20,
    has_source: bool = False,
) -> list[str]:
    """States of A-B per month when a1 and b1 meet so often; c1 and d1 meet `rest` times each month.

    With `has_source` a source of its own shows the line: where that brings nothing, it is missing.
    """
    con = empty_warehouse()
    con.execute("INSERT INTO boundary VALUES ('organisation')")
    until = closed_from - timedelta(days=1) if closed_from else OPEN
    con.executemany(
        "INSERT INTO membership VALUES (?, 'organisation', ?, ?, ?, 1, 'directory')",
        [
            (1, "A", ALWAYS, OPEN),
            (2, "B", ALWAYS, until),
            (3, "C", ALWAYS, OPEN),
            (4, "D", ALWAYS, OPEN),
        ],
    )
    events, seats, seen, number = [], [], [], 0
    for n, count in enumerate(counts):
        first = date(START.year + n // 12, n % 12 + 1, 1)
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        for pair, times in (((1, 2), count), ((3, 4), rest)):
            for k in range(times):
                number += 1
                day = (first, last)[k] if k < 2 else first + timedelta(days=k % 27)
                start = datetime.combine(day, datetime.min.time())
                events.append((number, "meeting", "meeting", day, start, start + timedelta(hours=1),
                               pair[0], None, None, None, False, 0, None))  # fmt: skip
                seats += [
                    (day, number, person, role, "none")
                    for person, role in zip(pair, ("organiser", "required"), strict=True)
                ]
                seen += [(day, number, str(pair), str(pair))]
    con.executemany("INSERT INTO event VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", events)
    con.executemany("INSERT INTO participation VALUES (?,?,?,?,?)", seats)
    if has_source:
        con.executemany("INSERT INTO observation VALUES (?,?,?,?)", seen)
    build(con)
    rows = con.sql(
        "SELECT state FROM line_state WHERE grain = 'month' AND channel = '(all)' AND unit = 'A'"
        " AND other_unit = 'B' ORDER BY period"
    ).fetchall()
    return [state for (state,) in rows]


EARLY = ["early"] * 5


@pytest.mark.parametrize(
    ("counts", "states"),
    [
        ([10] * 9, EARLY + ["steady"] * 4),
        # One silent month is a holiday, the second is quiet, six are lost.
        ([10] * 7 + [0] * 7, EARLY + ["steady"] * 3 + ["quiet"] * 4 + ["lost"] * 2),
        # Back: revived for three months.
        ([10] * 7 + [0, 0, 0] + [10] * 4, EARLY + ["steady"] * 3 + ["quiet"] * 2 + ["revived"] * 3 + ["growing"]),
        # A stray meeting wakes nobody.
        ([20] * 7 + [0, 0, 1, 0, 0], EARLY + ["steady"] * 3 + ["quiet"] * 4),
        # A line that meets every third month is not quiet in between.
        ([4, 0, 0] * 5, None),
        ([10] * 6 + [4] * 4, EARLY + ["steady"] * 3 + ["weakening"] * 2),
        ([10] * 6 + [25] * 4, EARLY + ["steady"] * 2 + ["growing"] * 3),
        # Little is little: from 2 to 1 is no weakening.
        ([2] * 6 + [1] * 4, EARLY + ["steady"] * 5),
    ],
)  # fmt: skip
def test_states(counts: list[int], states: list[str] | None) -> None:
    found = months(counts)
    if states is None:
        assert not {"quiet", "lost", "revived"} & set(found)
    else:
        assert found == states


def test_new_is_what_begins_after_the_data_do() -> None:
    assert months([0] * 4 + [8] * 5)[:4] == ["new", "new", "new", "early"]


def test_a_unit_without_people_closes_its_lines() -> None:
    found = months([10] * 8 + [0] * 2, closed_from=date(2024, 9, 1))
    assert found[-2:] == ["closed", "closed"]
    assert "closed" not in found[:-2]


def test_in_a_holiday_of_all_less_contact_is_enough() -> None:
    # 2 of 20 would be a stray meeting, but nobody else does more.
    con = months([20] * 7 + [2, 2, 2], rest=20)
    assert con[-1] == "quiet"


def test_between_the_thresholds_a_state_stays() -> None:
    """Down to under half, then back to three quarters: still weakening until it is near what it was."""
    found = months([20] * 7 + [6, 6, 6, 14, 14])
    assert found[9:] == ["weakening"] * 3


@pytest.mark.parametrize(
    ("counts", "last"),
    [
        # Less than half of what it was, but by less than is sure: nothing grows.
        ([2] * 8 + [11, 1, 1, 3, 3], "steady"),
        # Up to 133 % of it, from under half.
        ([10] * 9 + [4] * 4 + [10, 14], "steady"),
    ],
)
def test_who_passes_by_what_was_usual_is_not_still_on_the_way(counts: list[int], last: str) -> None:
    assert months(counts)[-1] == last


def test_what_merely_goes_on_at_a_low_level_does_not_come_back() -> None:
    found = months([20] * 12 + [4] * 12, rest=150)
    assert "quiet" in found
    assert "revived" not in found


@pytest.mark.parametrize(
    ("counts", "states"),
    [
        # Five months of which nothing is known are no silence, and what comes after is no return.
        ([30] * 7 + [0] * 5 + [30] * 3, EARLY + ["steady"] * 10),
        # Two months of less are too few, and the third is not known.
        ([30] * 6 + [13] * 2 + [0] + [13], EARLY + ["steady"] * 4 + ["weakening"]),
    ],
)
def test_a_month_of_which_the_source_is_missing_changes_nothing(
    counts: list[int], states: list[str]
) -> None:
    assert months(counts, has_source=True) == states
