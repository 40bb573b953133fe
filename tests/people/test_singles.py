"""Units that never had two people at a time are told as one."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from tests.people.told import KEY, day, person, seen, told
from transforms.people import OPEN, memberships
from transforms.people.singles import merged
from warehouse.schema import MEMBERSHIP, polars_schema

spans = st.lists(
    st.tuples(st.integers(1, 5), st.sampled_from("ABC"), st.integers(0, 12), st.integers(0, 6)),
    max_size=8,
)


@given(spans)
def test_a_unit_keeps_its_name_where_two_people_ever_met_in_it(rows: list) -> None:
    # A person is in a unit once at a time, as memberships are split.
    placed = {(who, unit): (since, since + length) for who, unit, since, length in rows}
    schema = polars_schema(MEMBERSHIP)
    told_rows = pl.DataFrame(
        [
            (who, "team", unit, day(a), day(b), 1.0, "directory")
            for (who, unit), (a, b) in placed.items()
        ],
        schema=schema,
        orient="row",
    )
    together = {
        unit
        for (who, unit), (a, b) in placed.items()
        for (whom, where), (c, d) in placed.items()
        if where == unit and whom != who and a <= d and c <= b
    }
    found = merged(told_rows)
    for n in range(20):
        today = (pl.col("valid_from") <= day(n)) & (pl.col("valid_to") >= day(n))
        wanted = {
            (who, unit if unit in together else "(other)")
            for (who, unit), (a, b) in placed.items() if a <= n <= b
        }  # fmt: skip
        assert set(found.filter(today).select("person_id", "unit").iter_rows()) == wanted
    assert found["share"].sum() == told_rows["share"].sum() or found.is_empty()


def test_who_works_for_two_of_them_is_there_once_and_whole() -> None:
    rows = [
        ("p@x.example", "organisation", "A", None, None, 0.25),
        ("p@x.example", "organisation", "B", None, None, 0.75),
        ("q@x.example", "organisation", "C", None, None, None),
        ("r@x.example", "organisation", "C", None, None, None),
    ]
    listed = [told(rows)]
    found = memberships(listed, seen(), {}, key=KEY, merge_singles=True).membership
    assert found.filter(person_id=person("p@x.example")).select(
        "unit", "valid_to", "share"
    ).rows() == [("(other)", OPEN, 1.0)]
    assert set(found["unit"]) == {"(other)", "C"}
    assert set(memberships(listed, seen(), {}, key=KEY).membership["unit"]) == {"A", "B", "C"}


def test_a_successor_does_not_make_two_people_of_one() -> None:
    rows = [
        ("p@x.example", "team", "A", None, day(4), None),
        ("q@x.example", "team", "A", day(5), None, None),
        ("p@x.example", "team", "B", day(5), None, None),
        ("r@x.example", "team", "B", None, day(5), None),
    ]
    found = memberships([told(rows)], seen(), {}, key=KEY, merge_singles=True).membership
    assert set(found["unit"]) == {"(other)", "B"}
