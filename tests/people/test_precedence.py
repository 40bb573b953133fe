"""Several directories, domains and spellings, held to what each day says, worked out one by one."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.config import Dated
from tests.people.told import KEY, day, person, seen, told
from transforms.people import ALWAYS, OPEN, memberships

DAYS = range(30)
WHO = ("p@x.example", "q@x.example")

span = st.tuples(st.none() | st.integers(0, 20), st.none() | st.integers(0, 25)).filter(
    lambda s: s[0] is None or s[1] is None or s[0] <= s[1]
)
row = st.tuples(
    st.sampled_from(WHO), st.sampled_from(["organisation", "team"]), st.sampled_from("ABC"), span,
    st.sampled_from([None, 0.25, 0.5, 1.0]),
)  # fmt: skip
files = st.lists(st.lists(row, max_size=4), max_size=3)


def directories(given_files: list) -> list:
    return [
        told(
            [
                (a, b, u, *(None if n is None else day(n) for n in s), share)
                for a, b, u, s, share in rows
            ],
            label=f"{number}.csv",
        )
        for number, rows in enumerate(given_files)
    ]


def holds(s: tuple, at: int) -> bool:
    return (s[0] is None or s[0] <= at) and (s[1] is None or at <= s[1])


def expected(given_files: list, who: str, boundary: str, at: int) -> tuple[dict[str, float], set]:
    """Unit → share on a day, and (file, row) of whoever tells something else."""
    told_now = [
        [(n, u, share) for n, (a, b, u, s, share) in enumerate(rows, 2) if (a, b) == (who, boundary) and holds(s, at)]
        for rows in given_files
    ]  # fmt: skip
    kept, refused, total = [], set(), 0.0
    for number, rows in enumerate(told_now):
        if not rows:
            continue
        parts: dict[str, float | None] = {}
        for _, u, share in rows:
            parts[u] = max(filter(None, (share, parts.get(u))), default=None)
        shares = [*parts.values()]
        # A part that nobody told counts as more than whole.
        total += 2 if None in shares else sum(shares)
        if not kept or total <= 1 + 1e-9:
            kept += rows
        else:
            units = {u for _, u, _ in kept}
            refused |= {(f"{number}.csv", n) for n, u, _ in rows if u not in units}
    weights: dict[str, float] = {}
    for _, unit, share in kept:
        known = weights.get(unit)
        weights[unit] = (share or 0) if known is None else max(known, share or 0)
    weights = {u: w or 1.0 for u, w in weights.items()}
    whole = sum(weights.values())
    return {u: w / whole for u, w in weights.items()}, refused


@settings(max_examples=150)
@given(files)
def test_every_day_is_what_the_first_listed_directory_says(given_files: list) -> None:
    found = memberships(directories(given_files), seen(), {}, key=KEY)
    rows = found.membership.rows()
    refused = set()
    for who in WHO:
        for boundary in ("organisation", "team"):
            for at in DAYS:
                told_here = {
                    unit: share
                    for p, b, unit, first, last, share, _ in rows
                    if (p, b) == (person(who), boundary) and first <= day(at) <= last
                }
                wanted, others = expected(given_files, who, boundary, at)
                assert told_here == pytest.approx(wanted)
                refused |= others
    # Conflicts may also lie before or after the days that are looked at.
    assert refused <= set(found.conflicts.select("label", "position").rows())


@settings(max_examples=60)
@given(files, st.randoms())
def test_the_same_days_give_the_same_rows_however_they_are_written(
    given_files: list, random
) -> None:
    """Rows cut in two, repeated and shuffled change nothing: only real changes are restated."""
    cut = []
    for rows in given_files:
        written = []
        for a, b, u, (first, last), share in rows:
            if first is not None and last is not None and first < last and random.random() < 0.7:
                middle = random.randint(first, last - 1)
                written += [(a, b, u, (first, middle), share), (a, b, u, (middle + 1, last), share)]
            else:
                written += [(a, b, u, (first, last), share)] * random.randint(1, 2)
        random.shuffle(written)
        cut.append(written)
    one, other = (
        memberships(directories(f), seen(), {}, key=KEY).membership for f in (given_files, cut)
    )
    assert one.equals(other)


def test_monthly_snapshots_that_say_the_same_are_one_membership() -> None:
    months = [(WHO[0], "team", "A", date(2026, m, 1), date(2026, m + 1, 1)) for m in range(1, 9)]
    found = memberships([told(months)], seen(), {}, key=KEY).membership
    assert found.select("valid_from", "valid_to", "share").rows() == [
        (date(2026, 1, 1), date(2026, 9, 1), 1.0)
    ]


def test_a_person_who_works_here_and_there_stands_in_both_directories() -> None:
    here = told([(WHO[0], "organisation", "A", None, None, 0.5)], label="a.csv")
    there = told([(WHO[0], "organisation", "B", None, None, 0.5)], label="b.csv")
    found = memberships([here, there], seen(), {}, key=KEY)
    assert found.membership.select("unit", "share").rows() == [("A", 0.5), ("B", 0.5)]
    assert found.conflicts.is_empty()


def test_a_conflict_names_file_row_and_what_counts_without_a_unit_or_an_address() -> None:
    found = memberships(
        [told([(WHO[0], "team", "Alpha")], label="a.csv"), told([(WHO[1], "team", "Beta"), (WHO[0], "team", "Beta")], label="b.csv")],
        seen(), {}, key=KEY,
    )  # fmt: skip
    assert found.conflicts.rows() == [
        (
            "b.csv",
            3,
            "row",
            "a person's team is another one than in a.csv for the same days; that one counts",
        )
    ]


# --- domains ----------------------------------------------------------------------------------


def test_a_domain_changes_hands_on_a_day() -> None:
    domains = {
        "x.example": [
            Dated("Old", date(2025, 12, 31)),
            Dated("New"),
            Dated("water", boundary="sector"),
        ],
        "left.example": [Dated("Gone", date(2025, 6, 30))],
    }
    found = memberships([], seen("a@sub.x.example", "b@left.example"), domains, key=KEY).membership
    rows = (
        found.sort("boundary", "unit", descending=[False, True])
        .select("person_id", "boundary", "unit", "valid_from", "valid_to")
        .rows()
    )
    assert rows == [
        (person("a@sub.x.example"), "organisation", "Old", ALWAYS, date(2025, 12, 31)),
        (person("a@sub.x.example"), "organisation", "New", date(2026, 1, 1), OPEN),
        (person("b@left.example"), "organisation", "Gone", ALWAYS, date(2025, 6, 30)),
        (person("a@sub.x.example"), "sector", "water", ALWAYS, OPEN),
    ]


def test_a_list_of_domains_counts_after_the_settings_and_neutral_ones_say_nothing() -> None:
    listed = told(
        domains=[("x.example", "organisation", "List"), ("y.example", "organisation", "List"), ("free.y.example", "organisation", "")],
        label="domains.csv",
    )  # fmt: skip
    found = memberships(
        [listed],
        seen("a@x.example", "b@y.example", "c@free.y.example"),
        {"x.example": "Own"},
        key=KEY,
    )
    assert dict(found.membership.select("person_id", "unit").rows()) == {
        person("a@x.example"): "Own", person("b@y.example"): "List",
    }  # fmt: skip
    assert found.conflicts.select("label", "position").rows() == [("domains.csv", 2)]


def test_the_directory_silences_the_domain_for_its_own_boundary_alone() -> None:
    domains = {"x.example": [Dated("Org"), Dated("water", boundary="sector")]}
    found = memberships(
        [told([("a@x.example", "organisation", "Elsewhere")])],
        seen("a@x.example"),
        domains,
        key=KEY,
    ).membership
    assert found.select("boundary", "unit", "origin").rows() == [
        ("organisation", "Elsewhere", "directory"), ("sector", "water", "domain"),
    ]  # fmt: skip


def test_of_several_addresses_the_main_ones_domain_counts() -> None:
    mailmap = told(aliases=[("jan@aaa.example", "jan@zzz.example")])
    found = memberships(
        [mailmap],
        seen("jan@aaa.example", "jan@zzz.example"),
        {"aaa.example": "A", "zzz.example": "Z"},
        key=KEY,
    ).membership
    assert found.select("person_id", "unit").rows() == [(person("jan@zzz.example"), "Z")]


# --- spellings --------------------------------------------------------------------------------


def test_a_spelling_counts_in_every_boundary_directory_and_domain() -> None:
    found = memberships(
        [
            told(
                [
                    ("a@x.example", "organisation", "google  llc"),
                    ("a@x.example", "team", "Google LLC"),
                ]
            )
        ],
        seen("b@y.example"),
        {"y.example": "Google LLC"},
        key=KEY,
        units={"Google LLC": "Google"},
    ).membership
    assert set(found["unit"]) == {"Google"}
    assert found.height == 3


def test_two_spellings_are_no_conflict() -> None:
    found = memberships(
        [told([(WHO[0], "team", "A Ltd")]), told([(WHO[0], "team", "A")])],
        seen(), {}, key=KEY, units={"A Ltd": "A"},
    )  # fmt: skip
    assert found.conflicts.is_empty()
    assert found.membership["unit"].to_list() == ["A"]


def test_organisations_merge_on_a_day_and_one_boundary_can_keep_its_name() -> None:
    units = {
        "North": [
            Dated("North", date(2025, 12, 31)),
            Dated("North and South"),
            Dated("North", boundary="team"),
        ],
        "South": [Dated("South", date(2025, 12, 31)), Dated("North and South")],
    }
    found = memberships(
        [told([(WHO[0], "organisation", "North", date(2025, 1, 1)), (WHO[1], "organisation", "South"), (WHO[0], "team", "North")])],
        seen(), {}, key=KEY, units=units,
    ).membership  # fmt: skip
    assert sorted(found.select("unit", "valid_from", "valid_to").filter(found["boundary"] == "organisation").rows()) == [
        ("North", date(2025, 1, 1), date(2025, 12, 31)), ("North and South", date(2026, 1, 1), OPEN),
        ("North and South", date(2026, 1, 1), OPEN), ("South", ALWAYS, date(2025, 12, 31)),
    ]  # fmt: skip
    assert found.filter(boundary="team").select("unit", "valid_from", "valid_to").rows() == [
        ("North", ALWAYS, OPEN)
    ]


def test_nothing_comes_of_nothing() -> None:
    found = memberships([], seen(), {}, key=KEY, units={"A": "B"})
    assert found.membership.is_empty()
    assert found.conflicts.is_empty()
