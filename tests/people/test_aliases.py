"""Which addresses are one person: what is told counts, and what contradicts is reported."""

from __future__ import annotations

import pytest

from tests.people.told import KEY, person, seen, told
from transforms.people import memberships
from transforms.sources.directory import Directory

ANNA = ("anna@een.example", "organisation", "Een")
BAS = ("bas@twee.example", "organisation", "Twee")


def of(*directories: Directory, known: tuple[str, ...] = ()) -> tuple[dict[int, int], list[tuple]]:
    """Alias → person, and (label, position, first words) of what was left out."""
    found = memberships(directories, seen(*known), {}, key=KEY)
    left_out = found.conflicts.select("label", "position", "reason").rows()
    return dict(found.alias.rows()), left_out


@pytest.mark.parametrize(
    "alias", ["Anna+lijst@prive.example", "github:Anna", "jira:5B10", "name:Anna de Vries"]
)
def test_an_alias_of_any_kind(alias: str) -> None:
    written = "anna@prive.example" if "@" in alias else alias.lower()
    aliases, left_out = of(told([ANNA], [(alias, "ANNA@een.example")]))
    assert aliases == {person(written): person("anna@een.example")}
    assert not left_out


def test_aliases_of_aliases_lead_to_the_person() -> None:
    aliases, left_out = of(
        told([ANNA], [("a@prive.example", "anna@een.example")]),
        told(aliases=[("laptop.local@anna", "a@prive.example"), ("x@y", "laptop.local@anna")]),
    )
    assert set(aliases.values()) == {person("anna@een.example")}
    assert len(aliases) == 3
    assert not left_out


def test_two_files_that_go_round_in_a_circle_are_told_and_left_out() -> None:
    aliases, left_out = of(
        told(aliases=[("a@x.example", "b@x.example")], label="one"),
        told(aliases=[("b@x.example", "a@x.example")], label="two"),
    )
    assert aliases == {}
    assert [(label, at) for label, at, _ in left_out] == [("one", 2), ("two", 2)]
    assert all("circle" in reason for *_, reason in left_out)


def test_a_person_of_its_own_is_not_swallowed() -> None:
    aliases, left_out = of(
        told([ANNA]), told([BAS], [("anna@een.example", "bas@twee.example")], label="two")
    )
    assert aliases == {}
    assert [(label, at) for label, at, _ in left_out] == [("two", 2)]


def test_a_written_merge_joins_two_people_of_directories() -> None:
    found = memberships(
        [told([ANNA]), told([BAS]), told(merges=[("anna@een.example", "bas@twee.example")])],
        seen(), {}, key=KEY,
    )  # fmt: skip
    assert dict(found.alias.rows()) == {person("anna@een.example"): person("bas@twee.example")}
    assert set(found.membership["person_id"]) == {person("bas@twee.example")}
    assert found.membership["unit"].to_list() == ["Een"]  # the directory listed first
    assert found.conflicts.select("label", "position").rows() == [("people.csv", 2)]


def test_merges_that_contradict_or_go_round_are_told_and_the_first_counts() -> None:
    merges = told(
        merges=[
            ("a@x.example", "b@x.example"), ("b@x.example", "c@x.example"),
            ("c@x.example", "a@x.example"), ("a@x.example", "d@x.example"),
            ("a@x.example", "c@x.example"),
        ],
        label="merges.csv",
    )  # fmt: skip
    aliases, left_out = of(merges)
    assert aliases == {
        person("a@x.example"): person("c@x.example"),
        person("b@x.example"): person("c@x.example"),
    }
    assert [at for _, at, _ in left_out] == [4, 5]
    assert "circle" in left_out[0][2]
    assert "first one counts" in left_out[1][2]


def test_a_merge_settles_what_two_people_claim() -> None:
    one = told([ANNA], [("info@een.example", "anna@een.example")])
    two = told([BAS], [("info@een.example", "bas@twee.example")])
    assert of(one, two)[0] == {}
    settled, left_out = of(one, two, told(merges=[("info@een.example", "bas@twee.example")]))
    assert settled == {person("info@een.example"): person("bas@twee.example")}
    assert not left_out


def test_names_count_where_an_export_knows_somebody_by_name_alone() -> None:
    names = [("anna de vries", "anna@een.example"), ("bas", "bas@twee.example")]
    directory = told([ANNA, BAS], names=names)
    assert of(directory)[0] == {}
    aliases, _ = of(directory, known=("name:anna de vries",))
    assert aliases == {person("name:anna de vries"): person("anna@een.example")}


def test_a_name_that_two_people_have_is_nobodys_until_an_alias_says_whose() -> None:
    namesakes = [("jan", "anna@een.example"), ("jan", "bas@twee.example")]
    aliases, left_out = of(told([ANNA, BAS], names=namesakes), known=("name:jan",))
    assert aliases == {}
    assert [at for _, at, _ in left_out] == [2, 3]
    decided = told([ANNA, BAS], [("name:Jan", "bas@twee.example")], names=namesakes)
    assert of(decided, known=("name:jan",))[0] == {person("name:jan"): person("bas@twee.example")}


def test_nobody_is_in_no_unit_and_nobodys_alias() -> None:
    found = memberships(
        [told([ANNA, ("post@een.example", "organisation", "Een")], [("list@een.example", "anna@een.example")])],
        seen("bus@twee.example", "bas@twee.example"),
        {"twee.example": "Twee"},
        key=KEY,
        nobody="^(?:post@.*|list@.*|bus@.*)$",
    )  # fmt: skip
    assert set(found.membership["person_id"]) == {
        person("anna@een.example"),
        person("bas@twee.example"),
    }
    assert found.alias.is_empty()
