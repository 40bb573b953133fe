"""Addresses become pseudonymous people, and people belong to units from day to day.

An address is replaced by a keyed hash the moment it leaves its reader. Which addresses are one person
is told by directories alone, never guessed; which unit a person belongs to is told by directories, or,
where those are silent, by the domain of the address.
"""

from __future__ import annotations

from transforms.people.addresses import (
    IDENTITY,
    NOBODY,
    canonical,
    keyed_id,
    nobody_pattern,
    renewed,
)
from transforms.people.counted import (
    EVERYBODY,
    FORGOTTEN,
    GIVEN,
    Counted,
    consenting,
    naming,
    still_gone,
    whole_people,
    without,
)  # fmt: skip
from transforms.people.dates import ALWAYS, OPEN
from transforms.people.domains import organisation_of
from transforms.people.members import People, memberships
from transforms.people.shares import split
from transforms.people.staging import Staged, pseudonymise

__all__ = [
    "ALWAYS", "EVERYBODY", "FORGOTTEN", "GIVEN", "IDENTITY", "NOBODY", "OPEN", "Counted", "People", "Staged",
    "canonical", "consenting", "keyed_id", "memberships", "naming", "nobody_pattern", "organisation_of", "pseudonymise",
    "renewed", "split", "still_gone", "whole_people", "without",
]  # fmt: skip
