"""git's .mailmap: which addresses of commits are one person.

A line is "Name <proper>", "<proper> <other>" or "Name <proper> Other Name <other>". What git tells
apart by the name within a commit is not told apart here: such an address two people claim.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from transforms.sources.base import RAW_REJECT, frame
from transforms.sources.directory_frames import ALIASES, MEMBERS, NAMES, Directory
from transforms.sources.opening import decoded, opened_text

if TYPE_CHECKING:
    from pathlib import Path

_LINE = re.compile(r"^(?P<name>[^<>]*)<(?P<proper>[^<>]+)>(?:[^<>]*<(?P<other>[^<>]+)>)?[^<>]*$")
MOSTLY = 0.8  # of the lines, so that one that is broken does not make another format of it


def is_mailmap(path: Path, start: bytes) -> bool:
    """Whether it is called so, or nearly every line is a name and an address in angle brackets."""
    lines = [line for line in map(_bare, decoded(start).splitlines()) if line][:200]
    if not lines:
        return path.name.endswith("mailmap")
    fitting = sum(
        (match := _LINE.match(line)) is not None and "@" in match["proper"] for line in lines
    )
    return fitting >= (1 if path.name.endswith("mailmap") else MOSTLY * len(lines))


def read_mailmap(path: Path) -> Directory:
    """Aliases and names; positions are lines."""
    aliases: dict[str, list[object]] = {name: [] for name in ALIASES}
    names: dict[str, list[object]] = {name: [] for name in NAMES}
    rejects: dict[str, list[object]] = {name: [] for name in RAW_REJECT}
    records = 0
    with opened_text(path) as text:
        for number, written in enumerate(text, 1):
            line = _bare(written)
            if not line:
                continue
            records += 1
            match = _LINE.match(line)
            if match is None:
                _add(rejects, (number, "line", "no name and address as .mailmap writes them"))
                continue
            proper, other = (_address(match[key] or "") for key in ("proper", "other"))
            name = " ".join(match["name"].lower().split())
            if name and proper:
                _add(names, (name, proper, number))
            if other and other != proper:
                _add(aliases, (other, proper, number))
    return Directory(
        members=pl.DataFrame(schema=MEMBERS),
        aliases=frame(aliases, ALIASES).unique(
            ["alias", "address"], keep="first", maintain_order=True
        ),
        names=frame(names, NAMES).unique(["name", "address"], keep="first", maintain_order=True),
        rejects=frame(rejects, RAW_REJECT),
        records=records,
        place="line",
    )


def _bare(line: str) -> str:
    return line.strip("\ufeff \t\r\n") if not line.lstrip("\ufeff \t").startswith("#") else ""


def _address(text: str) -> str:
    return "".join(text.lower().split())


def _add(columns: dict[str, list[object]], row: tuple[object, ...]) -> None:
    for column, value in zip(columns.values(), row, strict=True):
        column.append(value)
