"""Sets of files as the globs that `tieline.toml` names them by. Labels are paths with "/"."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

Parts = TypeVar("Parts", str, tuple[str, ...])


def literal(path: str) -> str:
    """`path` as a glob that means itself, whatever signs are in it."""
    return re.sub(r"([*?\[$])", r"[\1]", path)


def trunk(labels: Sequence[str]) -> str:
    """The folder, with its "/", in which the files part ways: sub-folders or files of their own."""
    parents = {PurePosixPath(label).parent.parts for label in labels}
    shared = _shared(parents) if parents else ()
    # All in one folder: that is the partner's own.
    kept = shared[:-1] if len(parents) == 1 else shared
    return "".join(f"{part}/" for part in kept)


def branch(label: str, top: str) -> str:
    """The sub-folder of the trunk that the file is in; the trunk itself, without "/", if none."""
    inside = PurePosixPath(label.removeprefix(top)).parts
    return top + inside[0] if len(inside) > 1 else top.rstrip("/")


def patterns(labels: set[str], every: set[str]) -> list[str]:
    """Globs that match `labels` and nothing else of `every`; as few as can be told simply."""
    if not labels:
        return []
    for pattern in _candidates(labels):
        if {label for label in every if matches(label, pattern)} == labels:
            return [pattern]
    if len(labels) == 1:
        return [literal(*labels)]
    for part in (_parent, _ending, _stem):
        parts: dict[str, set[str]] = defaultdict(set)
        for label in labels:
            parts[part(label)].add(label)
        if len(parts) > 1:
            return [p for _, some in sorted(parts.items()) for p in patterns(some, every)]
    return [literal(label) for label in sorted(labels)]


def _candidates(labels: set[str]) -> Iterator[str]:
    """The simplest first: all of a kind in the folder, those that begin alike, everything."""
    folders = sorted({_parent(label) for label in labels})
    if len(labels) == 1 and _ending(*labels) == "":
        return
    top = os.path.commonpath([f or "." for f in folders]) if len(folders) > 1 else folders[0]
    place = literal(top) + "/" if top and top != "." else ""
    deep = f"{place}**/" if len(folders) > 1 else place
    names = [PurePosixPath(label).name for label in labels]
    endings = {_ending(label) for label in labels}
    begin = _shared(names)
    begin = begin[: len(begin) - len(re.sub(r"^.*[-_. ]", "", begin))]  # up to a whole word
    shared_ending = _shared([ending[::-1] for ending in endings])[::-1]
    for ending in dict.fromkeys((shared_ending, *sorted(endings))):
        if ending.startswith("."):
            yield f"{deep}*{literal(ending)}"
            if begin:
                yield f"{deep}{literal(begin)}*{literal(ending)}"
    if len(endings) > 1:
        shared = _shared(endings)
        if len(shared) > 1:
            yield f"{deep}*{literal(shared)}*"
        yield f"{deep}*"


def matches(label: str, pattern: str) -> bool:
    """Whether the glob takes the file, as `Config.files` does."""
    folder, _, name = pattern.rpartition("/")
    if not fnmatchcase(PurePosixPath(label).name, name):
        return False
    above, deep, _ = folder.partition("**")
    here = _parent(label)
    if deep:
        top = above.rstrip("/")
        return not top or fnmatchcase(here, top) or fnmatchcase(here, f"{top}/*")
    return (
        here == ""
        if not folder
        else here.count("/") == folder.count("/") and fnmatchcase(here, folder)
    )


def _parent(label: str) -> str:
    folder = str(PurePosixPath(label).parent)
    return "" if folder == "." else folder


def _ending(label: str) -> str:
    """`.json`, `.mbox.gz`: at most two suffixes, of letters mostly."""
    found = re.search(
        r"(?<=[^/.])((?:\.[A-Za-z]\w{0,9})?\.[A-Za-z]\w{0,9})$", PurePosixPath(label).name
    )
    return found[1] if found else ""


def _stem(label: str) -> str:
    """The name up to its last word."""
    return re.sub(r"[-_. ][^-_. ]*$", "", PurePosixPath(label).name.removesuffix(_ending(label)))


def _shared(texts: Collection[Parts]) -> Parts:
    """What all of them begin with: of sorted ones, what the first and the last do."""
    first, last = min(texts), max(texts)
    pairs = enumerate(zip(first, last, strict=False))
    return first[: next((n for n, (a, b) in pairs if a != b), min(len(first), len(last)))]
