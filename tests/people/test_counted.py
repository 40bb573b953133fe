"""Who opted out, was forgotten or gave no consent is not there, under none of their addresses."""

from __future__ import annotations

import polars as pl

from tests.people.told import KEY, person, told
from transforms.people import (
    EVERYBODY,
    FORGOTTEN,
    Counted,
    consenting,
    naming,
    nobody_pattern,
    still_gone,
    whole_people,
    without,
)
from transforms.people.counted import CONSENTED

NOBODY = nobody_pattern(["x@z"])


def ids(*addresses: str) -> pl.Series:
    return pl.Series("address_id", [person(a) for a in addresses], pl.Int64)


def whole(some: pl.Series, *directories: object) -> set[int]:
    return set(whole_people(some, directories, key=KEY, nobody=NOBODY))


DIRECTORY = told(
    [("Anna@een.example", "organisation", "Een"), ("bas@een.example", "organisation", "Een")],
    [("anna@thuis.example", "anna@een.example"), ("desk@een.example", "anna@een.example"),
     ("desk@een.example", "bas@een.example")],
    names=[("Anna de Vries", "anna@een.example"), ("B. Bakker", "bas@een.example"),
           ("Jan Jansen", "anna@een.example"), ("Jan Jansen", "bas@een.example")],
    merges=[("github:annadv", "anna@thuis.example")],
)  # fmt: skip
ANNA = {
    person(a)
    for a in ("anna@een.example", "anna@thuis.example", "github:annadv", "name:anna de vries")
}


def test_every_address_login_and_name_of_a_person_goes_with_any_of_them() -> None:
    for one in ("anna@een.example", "anna@thuis.example", "github:annadv", "name:anna de vries"):
        assert whole(ids(one), DIRECTORY) == ANNA, one
    # What two people share is neither's.
    assert whole(ids("desk@een.example"), DIRECTORY) == {person("desk@een.example")}
    assert whole(ids("elsewhere@x.example"), DIRECTORY) == {person("elsewhere@x.example")}
    assert whole(ids(), DIRECTORY) == set()


def test_forgetting_goes_to_later_addresses_of_the_same_person_and_never_to_a_successor() -> None:
    gone = ids("left@een.example", "name:jan jansen")
    later = told(
        [("left@een.example", "organisation", "Een"), ("new@een.example", "organisation", "Een")],
        [("left@thuis.example", "left@een.example")],
    )
    assert set(still_gone(gone, [later], key=KEY, nobody=NOBODY)) == {
        person(a) for a in ("left@een.example", "left@thuis.example", "name:jan jansen")
    }
    successor = told(
        [("new@een.example", "organisation", "Een"), ("jan@een.example", "organisation", "Een")],
        [("left@een.example", "new@een.example")],
        names=[("An Al", "new@een.example"), ("Jan Jansen", "jan@een.example")],
    )
    assert set(still_gone(gone, [successor], key=KEY, nobody=NOBODY)) == set(gone)
    left = without(successor, Counted(gone, forgotten=gone), KEY)
    assert left.members.height == 2
    assert left.aliases.is_empty()
    assert left.rejects.rows() == [(2, "row", FORGOTTEN), (3, "row", FORGOTTEN)]
    # Of who opted out, or was forgotten too, nothing is told.
    assert without(successor, Counted(gone), KEY).rejects.is_empty()
    both = pl.concat([gone, ids("new@een.example", "jan@een.example")])
    assert without(successor, Counted(both, forgotten=both), KEY).rejects.is_empty()


def test_a_directory_without_somebody_does_not_name_them() -> None:
    left = without(DIRECTORY, Counted(pl.Series("address_id", sorted(ANNA))), KEY)
    assert left.members["address"].to_list() == ["bas@een.example"]
    assert left.aliases.select("alias", "address").rows() == [
        ("desk@een.example", "bas@een.example")
    ]
    assert left.names["name"].to_list() == ["B. Bakker", "Jan Jansen"]
    assert left.merges.is_empty()
    assert without(DIRECTORY, EVERYBODY, KEY) is DIRECTORY


def test_with_a_list_of_consent_nobody_else_is_there_and_opting_out_beats_it() -> None:
    only = ids("bas@een.example", "anna@een.example")
    left = without(DIRECTORY, Counted(only=only), KEY)
    assert left.members.height == 2
    assert left.aliases.is_empty()
    left = without(DIRECTORY, Counted(ids("bas@een.example"), only), KEY)
    assert left.members["address"].to_list() == ["Anna@een.example"]


def test_consent_goes_to_other_addresses_of_the_same_person_and_never_to_a_successor() -> None:
    listed = ids("left@een.example", "bas@een.example", "out@een.example")
    before = told(aliases=[("left@thuis.example", "left@een.example")])
    assert set(consenting(listed, [before], key=KEY, nobody=NOBODY)) == {
        *listed, person("left@thuis.example")
    }  # fmt: skip
    successor = told(
        [("new@een.example", "organisation", "Een"), ("bas@een.example", "organisation", "Een")],
        [("left@een.example", "new@een.example"), ("new@thuis.example", "new@een.example")],
    )
    only = consenting(listed, [successor], key=KEY, nobody=NOBODY)
    assert set(only) == {person("bas@een.example"), person("out@een.example")}
    left = without(successor, Counted(only=only, consented=listed), KEY)
    assert left.members["address"].to_list() == ["bas@een.example"]
    assert left.aliases.is_empty()
    assert left.rejects.rows() == [(2, "row", CONSENTED)]
    # Of who opted out nothing is told.
    out = Counted(ids("new@een.example"), only, consented=listed)
    assert without(successor, out, KEY).rejects.is_empty()
    both = pl.concat([listed, ids("new@een.example")])
    only = consenting(both, [successor], key=KEY, nobody=NOBODY)
    assert set(only) == {person("new@thuis.example"), *ids("left@een.example"), *both}
    assert without(successor, Counted(only=only, consented=both), KEY).rejects.is_empty()


def test_holds() -> None:
    frame = pl.DataFrame({"n": [1, 2, 3, None]}, schema={"n": pl.Int64})

    def kept(counted: Counted) -> list:
        return frame.select(counted.holds(pl.col("n")))["n"].to_list()

    one = pl.Series("address_id", [1], pl.Int64)
    assert kept(Counted(one)) == [False, True, True, None]
    assert kept(Counted(only=one)) == [True, False, False, None]
    assert kept(Counted(one, one)) == [False, False, False, None]
    assert kept(Counted(only=one.clear())) == [False, False, False, None]
    assert not Counted(only=one.clear()).is_everybody


def test_kept_rows_that_name_somebody() -> None:
    rows = pl.DataFrame(
        [("a.csv", "members", "Anna@Een.example", None, 1), ("a.csv", "aliases", "a@thuis.example", "anna@een.example", 2),
         ("a.csv", "names", "Anna de Vries", "anna@een.example", 3), ("a.csv", "names", "Cor", "cor@een.example", 4),
         ("b.csv", "domains", "een.example", None, 1)],
        schema=["label", "kind", "address", "other", "position"], orient="row",
    )  # fmt: skip
    found = naming(rows, pl.Series(["anna@een.example", "name:cor"]))
    assert found["position"].to_list() == [1, 2, 3, 4]
