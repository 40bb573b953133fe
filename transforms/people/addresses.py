"""Addresses: one spelling per mailbox, a keyed hash of it, and which of them are no person."""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

IDENTITY = {"address_id": pl.Int64, "address": pl.String}
# Addresses that machines and lists use; a list's own address is left out by its reader.
NOBODY = (
    "noreply@*", "no-reply@*", "no_reply@*", "donotreply@*", "do-not-reply@*", "mailer-daemon@*",
    "postmaster@*", "bounce*@*", "*[[]bot]@*", "*@lists.*", "*@*.lists.*", "*@vger.kernel.org",
    "*@googlegroups.com", "*@resource.calendar.google.com",
)  # fmt: skip


def keyed_id(text: str, key: bytes) -> int:
    """63 bits of BLAKE2b under `key`: the same on every machine that holds the key.

    A key that was renewed has a line per time: each hashes what the lines before it gave. So what
    is stored can be renewed too, without knowing what it stands for.
    """
    first, *later = key.split(b"\n")
    return renewed(_number(text, first), later)


def renewed(number: int, keys: Iterable[bytes]) -> int:
    """What a keyed hash becomes under further lines of the key."""
    for key in keys:
        number = _number(str(number), key)
    return number


def _number(text: str, key: bytes) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8, key=key).digest()) >> 1


def canonical(address: pl.Expr) -> pl.Expr:
    """One spelling per mailbox: lower case, no plus tag, gmail for googlemail."""
    return (
        address.str.strip_chars()
        .str.to_lowercase()
        # GitHub writes the number of an account before the plus, where others write a tag behind it.
        .str.replace(r"^\d+\+([^@]+@users\.noreply\.github\.com)$", "$1")
        .str.replace(r"^([^+@]+)\+[^@]*@", "$1@")
        .str.replace("@googlemail.com$", "@gmail.com")
    )


def nobody_pattern(globs: Iterable[str]) -> str:
    """Regular expression (Rust syntax) of addresses that are no person."""
    return "^(?:" + "|".join(_glob(pattern.lower()) for pattern in globs) + ")$"


def _glob(pattern: str) -> str:
    # fnmatch.translate writes look-aheads that polars' engine does not know.
    parts = re.split(r"(\*|\?|\[\[\])", pattern)
    return "".join({"*": ".*", "?": ".", "[[]": r"\["}.get(p, re.escape(p)) for p in parts)


def ids_of(texts: pl.Series, name: str, key: bytes) -> pl.DataFrame:
    """Distinct texts → (text, name)."""
    first, *later = key.split(b"\n")
    numbers = [_number(text, first) for text in texts.to_list()]
    if later:
        numbers = [renewed(number, later) for number in numbers]
    return pl.DataFrame({"text": texts, name: numbers}, schema={"text": pl.String, name: pl.Int64})


def looked_up(column: str, ids: pl.DataFrame) -> pl.Expr:
    """The number of each text of `column`; null where it is not among `ids`."""
    text, number = ids.columns
    return pl.col(column).replace_strict(
        ids[text], ids[number], default=None, return_dtype=pl.Int64
    )
