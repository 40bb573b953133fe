"""Export files as readable streams: unpacked, bounded, and as text whatever their character set."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
from contextlib import ExitStack, contextmanager
from difflib import get_close_matches
from hashlib import blake2b
from itertools import chain, count, islice
from typing import IO, TYPE_CHECKING, cast

from transforms.sources import archives, entries, limits, tars, zips
from transforms.sources.base import UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

HEAD = 1 << 16
SEPARATORS = ",;\t|"
PREFACE = ("#TYPE", "sep=")  # Export-Csv and Excel write these above the header
OPEN_QUOTE = "a quote is opened and not closed"
SHORTENED_ID = (
    r"^\d(?:[.,]\d+)?E\+\d+$"  # a long number, saved as a spreadsheet shows it: 1,20123E+15
)
SHORTENED = "a spreadsheet has shortened the number; use the file as it was exported"
WORKBOOK = ".xlsx"  # a zip to look at, and a file to whoever has it
GZIP, ZIP = tars.GZIP, zips.SIGNATURE
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# Of an address, a number, a time or a sentence. "start@odata.type" is a name.
_DATA = re.compile(r"@(?!odata\.)|^[\W_]*\d|\d:\d\d|.{61}", re.DOTALL)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes: unpacked if it is gzip or an archive of one file, in UTF-8 if it is UTF-16.

    `path` may go through an archive, as `archives.members` tells its files. Raises UnreadableFileError
    when the packing is damaged or a bomb, also while the stream is read.
    """
    with ExitStack() as stack:
        try:
            stream = _unpacked(path, stack)
            start = stream.read(HEAD)
            stream.seek(0)
            name = encoding(start)
            yield _buffered(_Recoded(stream, name)) if name.startswith("utf-16") else stream
        except (gzip.BadGzipFile, *zips.DAMAGE) as error:
            message = f"{path}: the packed file is damaged or cut off ({error}); copy the file again, or export it anew"
            raise UnreadableFileError(message) from error


def chunks(path: Path, size: int, line: int | None = None) -> Iterator[bytes]:
    """The same in chunks of `size` bytes at most.

    When more than `line` (limits.LINE) bytes of a line have come, the rest of it is passed over.
    """
    with opened(path) as stream:
        clipped = _Clipped(stream, line or limits.LINE)
        while chunk := clipped.take(size):
            yield chunk


@contextmanager
def opened_text(path: Path, line: int | None = None) -> Iterator[IO[str]]:
    """Its lines as text, their ends untouched; see `encoding` and `decoded` for the character set."""
    with opened(path) as stream:
        clipped = _buffered(_Clipped(stream, line or limits.LINE))
        is_marked = clipped.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
        clipped.seek(0)
        name = "utf-8-sig" if is_marked else "utf-8"
        with io.TextIOWrapper(clipped, name, _OR_CP1252, newline="") as text:
            yield text


def whole(path: Path) -> bytes:
    """All bytes of a file that has to be held whole, its absurd lines clipped.

    Raises UnreadableFileError when it is larger than limits.HELD.
    """
    held = io.BytesIO()
    for chunk in chunks(path, entries.CHUNK):
        if held.tell() + len(chunk) > limits.HELD:
            raise UnreadableFileError(f"{path}: {_too_large()}")
        held.write(chunk)
    return held.getvalue()


def rest_of(path: Path, text: IO[str], start: list[str]) -> str:
    """All of the text at `path`, whose first lines have been read.

    Raises UnreadableFileError when it is larger than limits.HELD.
    """
    first = "".join(start)
    data = first + text.read(max(0, limits.HELD - len(first)) + 1)
    if len(data) > limits.HELD:
        raise UnreadableFileError(f"{path}: {_too_large()}")
    return data


def _too_large() -> str:
    return f"larger than {limits.HELD >> 20:,} MB in one piece; export it in parts"


def head(path: Path, size: int = HEAD) -> bytes:
    """First `size` bytes, unpacked; as they stand where the packing cannot be undone."""
    try:
        with opened(path) as stream:
            return stream.read(size)
    except UnreadableFileError:
        if archives.split(path):
            return b""
        with path.open("rb") as stream:
            return stream.read(size)


def salvaged(path: Path) -> bytes:
    """What comes first out of a gzip that is cut off or damaged; nothing of another file."""
    if archives.split(path):
        return b""
    with path.open("rb") as file:
        start = _start(file)
    return tars.unpacked(start) if start.startswith(GZIP) else b""


def fingerprint(path: Path) -> str:
    """Hash of a file as it is stored; of a file in an archive, of its own packed bytes only."""
    hashed = blake2b(digest_size=16)
    within = archives.split(path)
    for chunk in archives.packed(*within) if within else _chunks(path):
        hashed.update(chunk)
    return hashed.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(entries.CHUNK):
            yield chunk


def encoding(start: bytes) -> str:
    """Python's name of the encoding that the file's first bytes tell; UTF-8 if they tell none."""
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    # Text in a Western language has a zero in every second byte of UTF-16, and nowhere else.
    pairs = len(start) // 2
    first, second = start[::2].count(0), start[1::2].count(0)
    if pairs and second > pairs * 0.7 and first < pairs * 0.1:
        return "utf-16-le"
    if pairs and first > pairs * 0.7 and second < pairs * 0.1:
        return "utf-16-be"
    return "utf-8"


def decoded(data: bytes) -> str:
    """`data` as text. Bytes that are no UTF-8 are read as cp1252: old and mixed files survive."""
    return data.decode(encoding(data), _OR_CP1252)


# --- delimited text ---------------------------------------------------------------------------


def separator_of(text: IO[str]) -> str:
    """The sign that parts the cells of the first line with text; goes back to the start."""
    line = next((line for line in islice(text, 100) if is_told(line)), "")
    text.seek(0)
    bare = "".join(line.split('"')[::2])  # what stands in quotes is text
    return max(SEPARATORS, key=bare.count)


def is_told(line: str) -> bool:
    """Whether a line above the rows may be their header: it holds text, and is no preface."""
    return bool(line.strip()) and not line.startswith(PREFACE)


def rows_of(text: IO[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each row that holds anything, from 1.

    A row whose quote stays open for longer than a cell may be has a line end within every cell. It
    lasts until a line that closes the quote, or that has as many cells as a row.
    """
    lines = iter(text)
    reader = csv.reader(lines, delimiter=separator, skipinitialspace=True)
    width = 1
    for number in count(1):
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield number, ["…\n…"] * width if number > 1 else ["…"]
            rest = _behind_open(lines, separator, width)
            reader = csv.reader(chain(rest, lines), delimiter=separator, skipinitialspace=True)
            continue
        width = max(width, len(row))
        if any(map(str.strip, row)):
            yield number, row


def _behind_open(lines: Iterator[str], separator: str, width: int) -> list[str]:
    """Pass over the lines of a cell whose quote stays open; the line behind it, if it was read."""
    for line in lines:
        if line.count('"') % 2:
            return []
        if line.count(separator) >= width - 1:
            return [line]
    return []


def plain(header: str) -> str:
    """A header without case, spaces, signs and byte order mark."""
    return "".join(filter(str.isalnum, header.casefold()))


def may_be_data(name: str) -> bool:
    """Whether what stands where a column's name should may be of a record: then nobody is shown it."""
    return _DATA.search(name.strip()) is not None


def columns_told(names: Sequence[str]) -> str:
    """What the columns are, for a message; only how many, where the first line may be one of data."""
    if any(map(may_be_data, names)):
        return (
            f"what should name its {len(names):,} columns looks like data; "
            "put the line with their names above it"
        )
    there = dict.fromkeys(filter(None, (name.strip("\ufeff ") for name in names)))
    return f"columns are: {', '.join(there) or 'none'}"


def likely(name: str, names: Sequence[str]) -> str:
    """A question after the name that was probably meant, or nothing."""
    if any(map(may_be_data, names)):
        return ""
    by_plain = {plain(other): other.strip() for other in names}
    found = get_close_matches(plain(name), by_plain, 1, 0.5)
    return f"; did you mean {by_plain[found[0]]!r}?" if found else ""


# --- layers of a stream -----------------------------------------------------------------------


def _unpacked(path: Path, stack: ExitStack) -> IO[bytes]:
    within = archives.split(path)
    file = stack.enter_context(archives.opened_member(*within) if within else path.open("rb"))
    start = _start(file)
    if zips.is_zip(start) and not (within and path.suffix.lower() == WORKBOOK):
        return _unpacked(_only_file(path, "zip", within), stack)
    if start.startswith(GZIP):
        gz = stack.enter_context(gzip.GzipFile(fileobj=file))
        file = _buffered(_Bounded(cast("IO[bytes]", gz), file, path))
        start = _start(file)
    if tars.is_tar(start):
        return _unpacked(_only_file(path, "tar", within), stack)
    return file


def _only_file(path: Path, kind: str, within: tuple[Path, str] | None) -> Path:
    """The one file that the archive at `path` holds; raises UnreadableFileError where it is none."""
    if within:
        message = (
            f"{path}: a {kind} within an archive, which is not read; unpack the outer one first"
        )
        raise UnreadableFileError(message)
    held = archives.members(path)
    if len(held) != 1:
        message = (
            f"{path}: the {kind} holds {len(held):,} files, and no single one that is meant; "
            "see which formats they are in with `tieline check`"
        )
        raise UnreadableFileError(message)
    if held[0].refusal:
        raise UnreadableFileError(f"{held[0].path}: {held[0].refusal}")
    return held[0].path


def _start(file: IO[bytes]) -> bytes:
    start = file.read(tars.START)
    file.seek(0)
    return start


def _buffered(layer: io.RawIOBase) -> IO[bytes]:
    return io.BufferedReader(layer, HEAD)


class _Layer(io.RawIOBase):
    """A stream that is made of another one, from its start on."""

    def __init__(self, below: IO[bytes]) -> None:
        self.below = below
        self.at = 0

    def take(self, size: int) -> bytes:
        """Up to `size` bytes; none at the end."""
        raise NotImplementedError

    def restart(self) -> None:
        self.below.seek(0)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self.take(len(buffer))
        buffer[: len(data)] = data
        self.at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Forward by reading, back from the start again: slow, but for the start itself."""
        if whence == io.SEEK_END:
            while data := self.take(HEAD):
                self.at += len(data)
        target = offset + (0 if whence == io.SEEK_SET else self.at)
        if target < self.at:
            self.restart()
            self.at = 0
        while self.at < target and (data := self.take(min(HEAD, target - self.at))):
            self.at += len(data)
        return self.at


class _Bounded(_Layer):
    """Unpacked bytes; raises UnreadableFileError when they are too many for the packed ones."""

    def __init__(self, below: IO[bytes], file: IO[bytes], path: Path) -> None:
        super().__init__(below)
        self.file = file
        self.path = path

    def take(self, size: int) -> bytes:
        data = self.below.read(size)
        unpacked = self.at + len(data)
        if unpacked > limits.FREE and entries.is_bomb(unpacked, self.file.tell()):
            raise UnreadableFileError(f"{self.path}: {entries.bomb(unpacked)}")
        return data


class _Recoded(_Layer):
    """UTF-16 as UTF-8."""

    def __init__(self, below: IO[bytes], name: str) -> None:
        super().__init__(below)
        self.name = name
        self.restart()

    def restart(self) -> None:
        super().restart()
        self.decoder = codecs.getincrementaldecoder(self.name)(_OR_CP1252)
        self.rest = b""

    def take(self, size: int) -> bytes:
        while not self.rest and (data := self.below.read(HEAD)):
            self.rest = self.decoder.decode(data).encode()
        self.rest = self.rest or self.decoder.decode(b"", final=True).encode()
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


class _Clipped(_Layer):
    """Lines of about `longest` bytes at most: the rest of a longer one is passed over."""

    def __init__(self, below: IO[bytes], longest: int) -> None:
        super().__init__(below)
        self.longest = longest
        self.run = 0  # bytes since the last line end

    def restart(self) -> None:
        super().restart()
        self.run = 0

    def take(self, size: int) -> bytes:
        while data := self.below.read(size):
            last = data.rfind(b"\n")
            last = data.rfind(b"\r") if last < 0 else last
            is_long = self.run > self.longest
            self.run = self.run + len(data) if last < 0 else len(data) - last - 1
            if not is_long:
                return data
            if last >= 0:
                ends = [at for at in (data.find(b"\n"), data.find(b"\r")) if at >= 0]
                return data[min(ends) :]
        return b""


def _as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_OR_CP1252 = "tieline-or-cp1252"
codecs.register_error(_OR_CP1252, _as_cp1252)
