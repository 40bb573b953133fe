"""Files in archives: what their names may be, and how much may come out of them.

Nothing is unpacked to disk, so no name in an archive can lead anywhere; a name that tries to is
refused all the same, because it shows that the archive is not what a tool exported.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from transforms.sources import limits

STRANGE = "a name that no export has (it leads out of the archive, or cannot be shown)"
LINK = "a link to another file, which is not followed"
LATER = "a later one has its name"
CHUNK = 1 << 20


class Member(NamedTuple):
    """A file in an archive. `refusal`: why it is not read, in one line; empty where it can be."""

    path: Path
    refusal: str
    size: int  # in the archive


def is_strange(name: str) -> bool:
    """Whether a name leads out of its archive, names nothing or cannot be shown."""
    name = name.replace("\\", "/")
    is_drive = name[1:2] == ":"
    leads_out = name.startswith("/") or is_drive or ".." in name.split("/")
    return leads_out or not name.strip("./") or not name.isprintable()


def is_hidden(name: str) -> bool:
    """Whether a computer put the file there for itself."""
    *folders, last = name.split("/")
    return folders[:1] == ["__MACOSX"] or (last[:1] == "." and last[:2] != "..")


def shown(name: str) -> str:
    """The name as messages show it: on one line, and within the archive."""
    name = "".join(sign if sign.isprintable() else "?" for sign in name)
    return "/".join("(..)" if part == ".." else part for part in name.lstrip("/").split("/"))


def is_bomb(unpacked: int, size: int) -> bool:
    """Whether so many bytes are too many to come from `size` packed ones."""
    return unpacked > limits.UNPACKED or unpacked > max(limits.FREE, limits.RATIO * size)


def bomb(unpacked: int) -> str:
    """What is said of a bomb that holds so many bytes, or more."""
    return (
        f"unpacks to more than {max(unpacked >> 20, 1):,} MB, far more than an export would; "
        "look where it comes from, or unpack it yourself"
    )


def too_many(count: int) -> str:
    """What is said of an archive of so many files."""
    return f"holds {count:,} files, more than {limits.MEMBERS:,}; split it"


def damaged(kind: str, error: Exception) -> str:
    """What is said of an archive that cannot be read to its end."""
    return f"the {kind} is damaged or cut off ({error}); copy it again, or export it anew"
