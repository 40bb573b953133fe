"""Lists of people, in files of their own: who opted out, who gave consent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from flows.config import ConfigError
from transforms.people import canonical, keyed_id, renewed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from flows.config import Config

HASHED = re.compile(r"key(\d+):([0-9a-f]{16})")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+|[a-z_-]+:\S.*")


def hashed(addresses: Iterable[str], key: bytes) -> list[str]:
    """Each address as a list may hold it without saying whose it is: key1:0123456789abcdef."""
    spelled = pl.Series(addresses, dtype=pl.String).to_frame("a").select(canonical(pl.col("a")))
    return [
        f"key{len(key.splitlines())}:{keyed_id(one, key):016x}" for one in spelled["a"].to_list()
    ]


def listed(config: Config, patterns: Sequence[str], key: bytes) -> pl.Series:
    """Everybody (address_id) in the files that `patterns` name.

    Raises ConfigError for a file that is missing, that others can read, or that holds something
    else: a list that cannot be read must not let anybody in.
    """
    found: list[int] = []
    for pattern in patterns:
        paths = config.files(pattern)
        if not paths:
            raise ConfigError(
                f"{config.place(pattern)}: no such list of people; put it back, or take it out of {config.path}"
            )
        for path in paths:
            found += _in_file(path, key)
    return pl.Series("address_id", found, pl.Int64).unique().sort()


def _in_file(path: Path, key: bytes) -> list[int]:
    try:
        if path.stat().st_mode & 0o077:
            raise ConfigError(f"{path}: others can read this list of people; run: chmod 600 {path}")
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); check the file") from error
    written = [(n, line.strip()) for n, line in enumerate(lines, 1)]
    entries = [(n, text) for n, text in written if text and not text.startswith("#")]
    wrong = [n for n, text in entries if not HASHED.fullmatch(text) and not ADDRESS.fullmatch(text)]
    if wrong:
        raise ConfigError(
            f"{path}: line {wrong[0]}: neither an address nor a hash; write one a line, and # before remarks"
        )
    try:
        return [numbered(text, key) for _, text in entries]
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def numbered(text: str, key: bytes) -> int:
    """The address_id of an address, or of its hash. Raises ConfigError for a hash of another key."""
    told = HASHED.fullmatch(text)
    if not told:
        return keyed_id(pl.select(canonical(pl.lit(text))).item(), key)
    lines = key.split(b"\n")
    if not 1 <= int(told[1]) <= len(lines):
        raise ConfigError(f"{text}: made with a key that is not this one; make the hash anew")
    return renewed(int(told[2], 16), lines[int(told[1]) :])


def as_written(person: str) -> set[str]:
    """How an address, or the name of `name:...`, may stand in a file; nothing of a hash."""
    if HASHED.fullmatch(person):
        return set()
    spelled: str = pl.select(canonical(pl.lit(person))).item()
    return {spelled, spelled.removeprefix("name:"), person.strip().lower().removeprefix("name:")}
