"""Export files as readable streams: unpacked, and as text whatever their character set."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import zipfile
import zlib
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from itertools import count, islice
from typing import IO, TYPE_CHECKING, cast

from transforms.sources.base import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

HEAD = 1 << 16
SEPARATORS = ",;\t|"
OPEN_QUOTE = "a quote is opened and not closed"
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
_DAMAGE = (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error)
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes, unpacked if it is gzip or a zip of one file.

    Raises UnreadableFileError when the packing is damaged, also while the stream is read.
    """
    with ExitStack() as stack:
        try:
            yield _unpacked(path, stack)
        except _DAMAGE as error:
            message = f"{path}: the packed file is damaged or cut off ({error}); copy it again"
            raise UnreadableFileError(message) from error


@contextmanager
def opened_text(path: Path) -> Iterator[IO[str]]:
    """The same as text, line ends untouched; see `encoding` and `decoded` for the character set."""
    with opened(path) as stream:
        start = stream.read(HEAD)
        stream.seek(0)
        with io.TextIOWrapper(stream, encoding(start), _OR_CP1252, newline="") as text:
            yield text


def head(path: Path, size: int = HEAD) -> bytes:
    """First `size` bytes, unpacked; as they stand where the packing cannot be undone."""
    try:
        with opened(path) as stream:
            return stream.read(size)
    except UnreadableFileError:
        with path.open("rb") as stream:
            return stream.read(size)


def encoding(start: bytes) -> str:
    """Python's name of the encoding that the file's first bytes tell; UTF-8 if they tell none."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    # Text in a Western language has a zero in every second byte of UTF-16, and nowhere else.
    pairs = len(start) // 2
    if pairs and start[1::2].count(0) > pairs * 0.7:
        return "utf-16-le"
    return "utf-8"


def decoded(data: bytes) -> str:
    """`data` as text. Bytes that are no UTF-8 are read as cp1252: old and mixed files survive."""
    return data.decode(encoding(data), _OR_CP1252)


# --- delimited text ---------------------------------------------------------------------------


def separator_of(text: IO[str]) -> str:
    """The sign that parts the cells of the first line with text; goes back to the start."""
    line = next((line for line in islice(text, 100) if line.strip()), "")
    text.seek(0)
    bare = "".join(line.split('"')[::2])  # what stands in quotes is text
    return max(SEPARATORS, key=bare.count)


def rows_of(text: IO[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each row that holds anything, from 1.

    A row whose quote stays open for longer than a cell may be has a line end within every cell.
    """
    reader = csv.reader(text, delimiter=separator, skipinitialspace=True)
    width = 1
    for number in count(1):
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, ["…\n…"] * width
            continue
        width = max(width, len(row))
        if any(map(str.strip, row)):
            yield number, row


def plain(header: str) -> str:
    """A header without case, spaces, signs and byte order mark."""
    return "".join(filter(str.isalnum, header.casefold()))


def likely(name: str, names: Iterable[str]) -> str:
    """A question after the name that was probably meant, or nothing."""
    by_plain = {plain(other): other.strip() for other in names}
    found = get_close_matches(plain(name), by_plain, 1, 0.5)
    return f"; did you mean {by_plain[found[0]]!r}?" if found else ""


def _unpacked(path: Path, stack: ExitStack) -> IO[bytes]:
    file = stack.enter_context(path.open("rb"))
    start = file.read(4)
    file.seek(0)
    if start.startswith(GZIP):
        unpacked = gzip.GzipFile(fileobj=file)
        stack.callback(unpacked.close)
        return cast("IO[bytes]", unpacked)
    if start != ZIP:
        return file
    archive = stack.enter_context(zipfile.ZipFile(file))
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        message = f"{path}: the zip holds {len(members)} files, not one; unpack it first"
        raise UnreadableFileError(message)
    return stack.enter_context(archive.open(members[0]))


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_OR_CP1252 = "tieline-or-cp1252"
codecs.register_error(_OR_CP1252, _as_cp1252)
