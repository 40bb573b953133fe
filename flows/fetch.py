"""Private copies of files elsewhere, brought up to date before a run reads: readers want files of this machine.

A copy appears whole or not at all, has the time of what it is a copy of, and goes when that goes. So the
folder of copies is its own memory, and a run sees it as any other folder that partners deliver into.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from filelock import FileLock

from flows.incoming import files_below, is_on_its_way
from flows.progress import steps
from flows.remote import RemoteError, opened, options_of, parted, reaching, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from flows.config import Config

AT_ONCE = 8
NAMED = 5  # files that a message names
LONGEST = 240  # bytes of a name, with room for what it is called meanwhile
FIRST = 20  # seconds for a first answer, whatever it is
PATIENCE = 600  # seconds for saying what is there
PART = ".part"  # ending of a copy that is being made
ON_ITS_WAY = "was written to while it was fetched; the next run fetches it"
EPOCH = datetime.fromtimestamp(0, UTC)
# What file systems call the time of the last change, and what tells one content from another.
TIMES = ("LastModified", "last_modified", "mtime", "updated", "modified", "created")
MARKS = ("ETag", "etag", "md5Hash")


class Facts(NamedTuple):
    """Size, and time of the last change in nanoseconds; 0 where it is not told."""

    size: int
    modified_ns: int


class Fetched(NamedTuple):
    """How many files there are, how many of them were fetched, their bytes, and what could not be had."""

    files: int
    new: int
    size: int
    refused: tuple[tuple[str, str], ...]  # name below the address, why

    @property
    def missing(self) -> str:
        """What could not be had, in words; empty if all of it could."""
        named = "; ".join(f"{name}: {why}" if name else why for name, why in self.refused[:NAMED])
        more = len(self.refused) - NAMED
        return named + (f"; and {more:,} more" if more > 0 else "")


def fetch(config: Config, address: str) -> Fetched:
    """Bring the copies of what `address`, perhaps with *, names up to date. Raises RemoteError."""
    root, rest = parted(os.path.expandvars(address))
    options = options_of(root, config.settings.remote.options)
    with reaching(address, options):
        files, base = within(FIRST, lambda: _answering(root, options))
        there, odd = within(PATIENCE, lambda: _listed(files, base, rest))
    copies, place = config.copies, config.place(root)
    copies.mkdir(mode=0o700, parents=True, exist_ok=True)
    with FileLock(copies / ".lock", mode=0o600):
        _remove(config, address, {place / name if name else place for name in there})
        wanted = {
            name: facts for name, facts in there.items()
            if not _is_current(place / name if name else place, facts)
        }  # fmt: skip
        results: dict[str, str] = {}

        def copied(name: str) -> str:
            source = f"{base}/{name}" if name else base
            with reaching(f"{root}/{name}" if name else root, options):
                return _copied(files, source, place / name if name else place, wanted[name])

        with steps("fetch", len(wanted)) as show:
            for name, told in zip(wanted, _at_once(files, copied, wanted), strict=True):
                show(name or root)
                results[name] = told
    refused = {name: why for name, why in results.items() if why} | odd
    new = [name for name, why in results.items() if not why]
    return Fetched(
        len(there), len(new), sum(wanted[one].size for one in new), tuple(refused.items())
    )


def _at_once(files: Any, copied: Any, names: Iterable[str]) -> Iterator[str]:  # noqa: ANN401
    """Several at a time where the file system is made for it."""
    if not files.async_impl:
        yield from map(copied, names)
        return
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        yield from pool.map(copied, names)
    finally:
        pool.shutdown(cancel_futures=True)


def _answering(root: str, options: Mapping[str, Any]) -> tuple[Any, str]:
    """The file system of `root` and the path in it, once it has answered anything at all.

    Left alone, packages try a place that is dead for five minutes and more. What it answers does not matter
    here: the listing is told the same.
    """
    files, base = opened(root, options)
    base = base.rstrip("/")
    with suppress(Exception):
        files.exists(base)
    return files, base


def _listed(files: Any, base: str, rest: str) -> tuple[dict[str, Facts], dict[str, str]]:  # noqa: ANN401
    """What there is below `base`, and why some of it cannot be had.

    What there is: path below the base → facts; "" is the base itself, where it is a file.
    """
    if rest:
        found = files.glob(f"{base}/{rest}", detail=True)
    elif files.isfile(base):
        return {"": facts_of(files.info(base))}, {}
    else:
        found = files.find(base, detail=True)
    if not found:  # an empty folder of a bucket is none at all, and no reason to worry
        top = base if base.startswith("/") else base.partition("/")[0]
        if not files.exists(top):
            raise FileNotFoundError(top)
    files.invalidate_cache()  # what is asked of a file once it is fetched, is asked there
    there, odd = {}, {}
    for path, info in found.items():
        name = path[len(base) :].removeprefix("/")
        if info["type"] != "file" or is_on_its_way(PurePosixPath(name).name):
            continue
        if _is_safe(name):
            there[name] = facts_of(info)
        else:
            odd[name] = "no name for a file; have it renamed"
    return there, odd


def _is_safe(name: str) -> bool:
    """Whether a name stays below the folder that it is put in; an object's may be anything."""
    parts = name.split("/")
    return not {"", ".", ".."} & set(parts) and not any(
        "\0" in part or len(part.encode()) > LONGEST for part in parts
    )


def facts_of(info: Mapping[str, Any]) -> Facts:
    """Size and time. The etag, if there is one, makes the fraction of the second: it tells two writes in one."""
    when = next((info[name] for name in TIMES if info.get(name)), None)
    mark = next((info[name] for name in MARKS if info.get(name)), None)
    if isinstance(when, str):
        when = datetime.fromisoformat(when)
    if isinstance(when, int | float):
        when = datetime.fromtimestamp(when, UTC)
    micros = (when.astimezone(UTC) - EPOCH) // timedelta(microseconds=1) if when else 0
    if mark:
        digest = blake2b(str(mark).encode(), digest_size=8).digest()
        micros = micros // 10**6 * 10**6 + int.from_bytes(digest) % 10**6
    return Facts(int(info["size"] or 0), micros * 1000)


def _is_current(copy: Path, facts: Facts) -> bool:
    try:
        here = copy.stat()
    except OSError:
        return False
    return facts.modified_ns > 0 and (here.st_size, here.st_mtime_ns) == facts


def _copied(files: Any, source: str, copy: Path, facts: Facts) -> str:  # noqa: ANN401
    """Copy one file beside its place, then rename; why that cannot be, or nothing."""
    part = copy.with_name(f".{copy.name}{PART}")
    try:
        copy.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        files.get_file(source, str(part))
        if facts_of(files.info(source)) != facts or part.stat().st_size != facts.size:
            return ON_ITS_WAY
        os.utime(part, ns=(facts.modified_ns, facts.modified_ns))
        part.replace(copy)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return "a file and a folder of one name; have one of them renamed"
    except FileNotFoundError:
        return ON_ITS_WAY
    except PermissionError:
        return "may not be read; have its rights mended"
    finally:
        with suppress(OSError):  # as before
            part.unlink(missing_ok=True)
    return ""


def _remove(config: Config, address: str, there: set[Path]) -> None:
    """Remove copies of what is no longer there, what a killed run left, and folders that are empty then."""
    for copy in copies_of(config, address):
        if copy not in there:
            copy.unlink(missing_ok=True)
    place = config.root(address)
    for folder, _, names in os.walk(place, topdown=False):
        for name in names:
            if name.startswith(".") and name.endswith(PART):
                Path(folder, name).unlink(missing_ok=True)
        with suppress(OSError):  # not empty
            Path(folder).rmdir()


def copies_of(config: Config, address: str) -> list[Path]:
    """The copies that there are of what an address names."""
    place = config.place(address)
    return files_below(place) if place.is_dir() else config.files(address)


def let_go(config: Config, but: Iterable[Path] = ()) -> None:
    """Remove the copies of sources, where the settings do not keep them; not `but` these."""
    if config.settings.remote.keep:
        return
    kept = set(but)
    for source in config.settings.source:
        for copy in copies_of(config, source.files) if source.files in config.remote else ():
            if copy not in kept:
                copy.unlink(missing_ok=True)


@contextmanager
def up_to_date(config: Config) -> Iterator[list[str]]:
    """For looking at the exports outside a run: every copy brought up to date; what could not be, in lines."""
    told = []
    for address in config.remote:
        try:
            if missing := fetch(config, address).missing:
                told.append(f"{address}: {missing}")
        except RemoteError as error:
            told.append(str(error))
    yield told
    let_go(config)
