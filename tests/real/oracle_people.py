"""Who is who, worked out again from the settings alone: spelling, nobody, organisations by domain."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from transforms.people import NOBODY  # a rule of the input, like the settings

if TYPE_CHECKING:
    from collections.abc import Mapping

UNKNOWN = "(unknown)"


def canonical(address: str) -> str:
    """Lower case, without plus tag."""
    local, _, domain = address.strip().lower().rpartition("@")
    domain = "gmail.com" if domain == "googlemail.com" else domain
    return f"{local.partition('+')[0]}@{domain}" if local else domain


class Society:
    """What the settings say of addresses."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        people = settings["people"]
        globs = [*NOBODY, *people.get("nobody", [])]
        self.nobody = re.compile("|".join(map(translate, globs)))
        self.domains = people["domains"] | dict.fromkeys(people["neutral_domains"], UNKNOWN)

    def is_nobody(self, address: str) -> bool:
        return self.nobody.match(address) is not None

    def organisation(self, address: str) -> str:
        """Of the longest listed domain that the address's domain is, or lies in."""
        domain = address.rpartition("@")[2]
        listed = [d for d in self.domains if domain == d or domain.endswith(f".{d}")]
        return self.domains[max(listed, key=len)] if listed else UNKNOWN
