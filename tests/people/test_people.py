"""Addresses become people; people belong to units by directory, else by domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.people import (
    ALWAYS,
    IDENTITY,
    NOBODY,
    OPEN,
    canonical,
    keyed_id,
    memberships,
    nobody_pattern,
    organisation_of,
    split,
)
from transforms.sources.directory import ALIASES, MEMBERS, Directory

KEY = b"0123456789abcdef0123456789abcdef"
REJECTS = pl.DataFrame(schema={"position": pl.Int64, "place": pl.String, "reason": pl.String})


def directory(members: list[tuple], aliases: list[tuple[str, str]] = ()) -> Directory:  # type: ignore[assignment]
    rows = [(*member, None, 1) for member in members]
    return Directory(
        members=pl.DataFrame(rows, schema=MEMBERS, orient="row"),
        aliases=pl.DataFrame([(*alias, 1) for alias in aliases], schema=ALIASES, orient="row"),
        rejects=REJECTS,
        records=len(members),
    )


def seen(*addresses: str) -> pl.DataFrame:
    rows = {"address_id": [keyed_id(a, KEY) for a in addresses], "address": list(addresses)}
    return pl.DataFrame(rows, schema=IDENTITY)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        (" Anna@Een.Example ", "anna@een.example"),
        ("anna+lijst@een.example", "anna@een.example"),
        ("anna@googlemail.com", "anna@gmail.com"),
        ("jira:5b10", "jira:5b10"),
        ("77+fay@users.noreply.github.com", "fay@users.noreply.github.com"),
        ("+31@een.example", "+31@een.example"),
    ],
)
def test_one_spelling_per_mailbox(written: str, kept: str) -> None:
    assert pl.DataFrame({"a": [written]}).select(canonical(pl.col("a")))["a"].to_list() == [kept]


@pytest.mark.parametrize(
    "address",
    ["no-reply@x.example", "bot[bot]@users.example", "a@lists.x.example", "Team@Eigen.example"],
)
def test_nobody_is_no_person(address: str) -> None:
    pattern = nobody_pattern([*NOBODY, "Team@Eigen.example"])
    assert pl.Series([address.lower()]).str.contains(pattern).all()
    assert not pl.Series(["anna@een.example", "listsa@x.example"]).str.contains(pattern).any()


def test_ids_depend_on_the_key_and_fit_a_bigint() -> None:
    assert keyed_id("a", KEY) == keyed_id("a", KEY)
    assert keyed_id("a", KEY) != keyed_id("a", KEY[::-1])
    assert 0 <= keyed_id("a", KEY) < 2**63


def test_a_domain_speaks_only_where_the_directory_is_silent() -> None:
    found = memberships(
        [directory([("anna@een.example", "organisation", "Een", None, None)])],
        seen("anna@een.example", "bas@twee.example", "cor@sub.twee.example", "dirk@gratis.example"),
        {"een.example": "Anders", "twee.example": "Twee", "gratis.example": ""},
        key=KEY,
    ).membership
    units = dict(found.select("person_id", "unit").iter_rows())
    assert units == {
        keyed_id("anna@een.example", KEY): "Een",
        keyed_id("bas@twee.example", KEY): "Twee",
        keyed_id("cor@sub.twee.example", KEY): "Twee",
    }


def test_aliases_make_one_person_and_a_claim_by_two_makes_none() -> None:
    found = memberships(
        [
            directory([("anna@een.example", "organisation", "Een", None, None)], [("a@prive.example", "anna@een.example"), ("x@prive.example", "anna@een.example")]),
            directory([("bas@een.example", "organisation", "Een", None, None)], [("x@prive.example", "bas@een.example")]),
        ],
        seen("a@prive.example"),
        {},
        key=KEY,
    )  # fmt: skip
    assert found.alias.rows() == [
        (keyed_id("a@prive.example", KEY), keyed_id("anna@een.example", KEY))
    ]
    assert found.conflicts.height == 2


def test_the_nearest_listed_parent_of_a_domain_counts() -> None:
    domains = {"big.example": "Big", "lab.big.example": "Lab", "free.big.example": ""}
    assert organisation_of("x.LAB.big.example", domains) == "Lab"
    assert organisation_of("x.big.example", domains) == "Big"
    assert organisation_of("free.big.example", domains) is None
    assert organisation_of("example", domains) is None


@dataclass
class Row:
    unit: str
    boundary: str = ""
    until: date | None = None


def test_a_domain_that_tells_of_a_team_leaves_the_organisation_to_its_parent() -> None:
    domains = {
        "big.example": [Row("Big"), Row("Head office", "team")],
        "lab.big.example": [Row("Lab", "team")],
        "free.big.example": "",
    }
    assert organisation_of("lab.big.example", domains) == "Big"
    who = ("a@big.example", "b@x.lab.big.example", "c@free.big.example")
    found = memberships([], seen(*who), domains, key=KEY).membership
    names = {keyed_id(one, KEY): one[0] for one in who}
    assert {(names[p], b, u) for p, b, u in found.select("person_id", "boundary", "unit").rows()} == {
        ("a", "organisation", "Big"), ("a", "team", "Head office"),
        ("b", "organisation", "Big"), ("b", "team", "Lab"),
    }  # fmt: skip


def test_a_return_to_an_earlier_employer_is_kept() -> None:
    spans = [
        ("Een", ALWAYS, date(2024, 12, 31)),
        ("Twee", date(2025, 1, 1), date(2025, 6, 30)),
        ("Een", date(2025, 7, 1), OPEN),
    ]
    found = memberships(
        [directory([("anna@een.example", "organisation", *span) for span in spans])],
        seen(),
        {},
        key=KEY,
    ).membership
    assert found.select("unit", "valid_from", "valid_to").sort("valid_from").rows() == spans
    assert found["share"].to_list() == [1, 1, 1]


spans = st.lists(
    st.tuples(
        st.integers(1, 2),
        st.sampled_from("ABC"),
        st.integers(0, 20),
        st.integers(0, 20),
        st.sampled_from([None, 0.1, 0.5, 1.0]),
    )
)


@given(spans)
def test_shares_of_every_day_add_up_to_one(rows: list[tuple]) -> None:
    start = date(2026, 1, 1)
    members = [
        (
            p,
            "o",
            unit,
            start + timedelta(days=first),
            start + timedelta(days=first + length),
            share,
            "directory",
        )
        for p, unit, first, length, share in rows
    ]
    kinds = {
        "person_id": pl.Int64,
        "boundary": pl.String,
        "unit": pl.String,
        "valid_from": pl.Date,
        "valid_to": pl.Date,
        "share": pl.Float64,
        "origin": pl.String,
    }
    found = split(pl.DataFrame(members, schema=kinds, orient="row")).rows()
    for person in (1, 2):
        for day in (start + timedelta(days=n) for n in range(45)):
            wanted = {m[2] for m in members if m[0] == person and m[3] <= day <= m[4]}
            there = [(m[2], m[5]) for m in found if m[0] == person and m[3] <= day <= m[4]]
            assert {unit for unit, _ in there} == wanted
            assert len(there) == len(wanted)
            assert sum(share for _, share in there) == pytest.approx(1 if wanted else 0)
