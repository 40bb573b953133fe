"""Directories written as tuples, for tests of what is made of them."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import polars as pl

from transforms.people import IDENTITY, keyed_id
from transforms.sources.base import RAW_REJECT
from transforms.sources.directory import ALIASES, DOMAINS, MEMBERS, NAMES, Directory

if TYPE_CHECKING:
    from collections.abc import Iterable

KEY = b"0123456789abcdef0123456789abcdef"


def told(
    members: Iterable[tuple] = (),
    aliases: Iterable[tuple] = (),
    *,
    names: Iterable[tuple] = (),
    merges: Iterable[tuple] = (),
    domains: Iterable[tuple] = (),
    label: str = "people.csv",
) -> Directory:
    """Members are (address, boundary, unit[, valid_from, valid_to, share]); rows count from 2."""

    def rows(given: Iterable[tuple], schema: dict) -> pl.DataFrame:
        width = len(schema) - 1
        filled = [(*(one + (None,) * width)[:width], n) for n, one in enumerate(given, 2)]
        return pl.DataFrame(filled, schema=schema, orient="row")

    return Directory(
        members=rows(members, MEMBERS),
        aliases=rows(aliases, ALIASES),
        rejects=pl.DataFrame(schema=RAW_REJECT),
        records=0,
        names=rows(names, NAMES),
        merges=rows(merges, ALIASES),
        domains=rows(domains, DOMAINS),
        label=label,
    )


def seen(*addresses: str) -> pl.DataFrame:
    rows = {"address_id": [keyed_id(a, KEY) for a in addresses], "address": list(addresses)}
    return pl.DataFrame(rows, schema=IDENTITY)


def person(address: str) -> int:
    return keyed_id(address, KEY)


def day(number: int) -> date:
    return date.fromordinal(date(2026, 1, 1).toordinal() + number)
