"""Text files of any size in blocks of whole lines, for parsers that take many lines at once."""

from __future__ import annotations

import codecs
from itertools import chain
from typing import TYPE_CHECKING

from transforms.sources.opening import decoded, opened_lines, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = 1 << 22


def blocks(path: Path, size: int | None = None, longest: int | None = None) -> Iterator[bytes]:
    """UTF-8 of the file at `path`, unpacked, in blocks of about `size` (BLOCK) bytes; each ends in a line end.

    A line ends in LF, or in CR in a file without LF; the last one gets an LF if it has none. Of one
    that is longer than `longest` (limits.LINE) bytes the rest is passed over.
    """
    size = size or BLOCK
    with opened_lines(path, longest) as stream:
        start = stream.read(size).removeprefix(codecs.BOM_UTF8)
        end = b"\n" if b"\n" in start or b"\r" not in start[:-1] else b"\r"
        waiting: list[bytes] = []
        for chunk in chain([start], iter(lambda: stream.read(size), b"")):
            cut = chunk.rfind(end) + 1
            if cut:
                yield _in_utf8(b"".join((*waiting, chunk[:cut])))
                waiting.clear()
            waiting.append(chunk[cut:])
        if rest := b"".join(waiting):
            yield _in_utf8(rest + b"\n")


def lines(path: Path, longest: int | None = None) -> Iterator[bytes]:
    """The same, line by line, with their ends."""
    held = blocks(path, longest=longest)
    return chain.from_iterable(block.splitlines(keepends=True) for block in held)


def all_of(path: Path) -> bytes:
    """The same in one piece. Raises UnreadableFileError when that is too large to hold."""
    return _in_utf8(whole(path).removeprefix(codecs.BOM_UTF8))


def _in_utf8(block: bytes) -> bytes:
    """`block`, with what is no UTF-8 taken for cp1252."""
    if block.isascii():
        return block
    try:
        block.decode()
    except UnicodeDecodeError:
        return decoded(block).encode()
    return block
