"""Text files of any size in blocks of whole lines, for parsers that take many lines at once."""

from __future__ import annotations

import codecs
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from transforms.sources import limits
from transforms.sources.opening import chunks, decoded, whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BLOCK = (
    1 << 18
)  # what a processor keeps at hand; larger ones are asked of the system anew each time
_CR, _LF = b"\r\n"


def blocks(path: Path, size: int | None = None, longest: int | None = None) -> Iterator[bytes]:
    """UTF-8 of the file at `path`, unpacked, in blocks of about `size` (BLOCK) bytes; each ends in a line end.

    A line ends in LF, or in CR in a file without LF; the last one gets an LF if it has none. Of one
    that is longer than `longest` (limits.LINE) bytes only the first block remains.
    """
    size, longest = size or BLOCK, longest or limits.LINE
    left = chunks(path, size, longest)
    start = next(left, b"").removeprefix(codecs.BOM_UTF8)
    end = b"\n" if b"\n" in start or b"\r" not in start[:-1] else b"\r"
    waiting: list[bytes] = []
    for chunk in chain([start], left):
        cut = chunk.rfind(end) + 1
        if cut:
            yield _in_utf8(b"".join((*waiting, memoryview(chunk)[:cut])))
            waiting.clear()
        waiting.append(chunk[cut:])
        if sum(map(len, waiting)) > longest:
            del waiting[1:]
    if rest := b"".join(waiting):
        yield _in_utf8(rest + b"\n")


def lines(path: Path, longest: int | None = None) -> Iterator[bytes]:
    """The same, line by line, without their ends."""
    held = blocks(path, longest=longest)
    return chain.from_iterable(map(split, held))


def split(block: bytes) -> list[bytes]:
    """The lines of a block, without their ends. A line that is a large block by itself is not copied."""
    end = b"\n" if b"\n" in block else b"\r"
    if len(block) > 2 * BLOCK and block.find(end, 0, len(block) - 1) < 0:
        return [block]
    return block.removesuffix(end).split(end)


def line_count(block: bytes) -> int:
    """Line ends in a block; bytes.count looks at one byte at a time, and takes three times as long."""
    data = np.frombuffer(block, dtype=np.uint8)
    return int(np.count_nonzero(data == _LF) or np.count_nonzero(data == _CR))


def all_of(path: Path) -> bytes:
    """The same in one piece. Raises UnreadableFileError when that is too large to hold."""
    return _in_utf8(whole(path).removeprefix(codecs.BOM_UTF8))


def _in_utf8(block: bytes) -> bytes:
    """`block`, with what is no UTF-8 taken for cp1252."""
    if block.isascii():
        return block
    check = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(block), BLOCK):  # as text all of it could be four times as large
            check.decode(block[start : start + BLOCK], final=start + BLOCK >= len(block))
    except UnicodeDecodeError:
        return decoded(block).encode()
    return block
