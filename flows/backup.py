"""One file that holds what cannot be made again: warehouse, identities, settings, and the key or its mark.

Exports and releases are not in it: the former are the partners', the latter are published anew.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import tarfile
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from flows.config import SETTINGS
from flows.config_read import read_config
from flows.identity_file import cipher_of
from flows.key import key_in, read_key
from flows.rotation import next_key
from flows.scratch import scratch
from flows.transient import is_full
from warehouse import layout
from warehouse.cipher import PLAIN, Cipher, is_encrypted
from warehouse.connection import WarehouseBusyError, open_readonly, warehouse_lock
from warehouse.schema import LAYOUT
from warehouse.serving.releases import sync
from warehouse.snapshot import snapshot

if TYPE_CHECKING:
    from flows.config import Config

MANIFEST, SEAL = "manifest.json", "manifest.sha256"
KEY, AUDIT = "tieline.key", "audit.jsonl"
WAREHOUSE, IDENTITY = "tieline.duckdb", "identity.duckdb"
_THERE = "{}: is there already; name another file, or remove it"
WHOLE = (SETTINGS, WAREHOUSE, IDENTITY)  # without these it is none


class BackupError(Exception):
    """A backup cannot be made or used; one line with file, cause and cure."""


class Manifest(Struct, frozen=True, forbid_unknown_fields=True):
    """What a backup says of itself."""

    tieline: str
    layout: int
    made_at: datetime
    key_mark: str  # tells whether a key is the one, and nothing about it
    files: dict[str, str]  # name → SHA-256 of its bytes
    counts: dict[str, int]  # table → rows


def back_up(config: Config, target: Path | None, *, with_key: bool) -> Path:
    """Write the backup, for its owner only, also while a run is busy; return its path.

    Raises BackupError where there is nothing yet or the file exists, UnsteadyError.
    """
    if not config.warehouse.is_file():
        raise BackupError(f"{config.warehouse}: nothing to keep yet; run `tieline run`")
    now = datetime.now(UTC)
    path = target or config.home / f"tieline-{now:%Y%m%dT%H%M%SZ}.tar"
    if path.exists():
        raise BackupError(_THERE.format(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    if next_key(config).exists():
        raise BackupError(f"{next_key(config)}: the key is being renewed; run `tieline run` first")
    key = read_key(config)
    cipher = cipher_of(config, key)
    with ExitStack() as stack:
        with suppress(WarehouseBusyError):  # a run goes on: the copy is of a moment within it
            stack.enter_context(warehouse_lock(config.warehouse, 0, "backup"))
        folder = stack.enter_context(scratch(path.parent, "backup"))
        copies = snapshot([config.warehouse, config.identity], folder, cipher)
        counts = {name: rows for copy in copies for name, rows in _counts(copy, cipher).items()}
        shutil.copyfile(config.path, folder / SETTINGS)
        if config.audit.exists():
            shutil.copyfile(config.audit, folder / AUDIT)
        if with_key:
            _write(folder / KEY, key)
        for own in sorted(config.metrics.rglob("*")) if config.metrics.is_dir() else ():
            if own.is_file() and not own.is_symlink():
                inside = folder / "metrics" / own.relative_to(config.metrics)
                inside.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(own, inside)
        names = sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())
        manifest = Manifest(
            tieline=version("tieline"), layout=layout.VERSION, made_at=now, key_mark=key_mark(key),
            files={name: _digest(folder / name) for name in names}, counts=counts,
        )  # fmt: skip
        (folder / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        (folder / SEAL).write_text(_digest(folder / MANIFEST))
        whole = folder / "whole.tar"
        with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as tar:
                for name in (MANIFEST, SEAL, *names):
                    tar.add(folder / name, name, filter=_plain)
            file.flush()
            os.fsync(file.fileno())
        name_whole(whole, path)
        sync(path.parent)
    return path


def name_whole(whole: Path, path: Path) -> None:
    """Give the file its name: whole or not at all, never over another. Raises BackupError."""
    with suppress(OSError):  # a disk without hard links, such as exFAT
        os.link(whole, path)
        return
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        raise BackupError(_THERE.format(path)) from None
    whole.replace(path)


def restore(backup: Path, home: Path, key_file: Path | None = None) -> list[str]:
    """Put a backup back into the folder `home`; say what was put where, and what is still to do.

    Everything is verified before anything is put there; nothing that differs is overwritten, and
    what an interrupted restore has put there already is left. Raises BackupError.
    """
    home.mkdir(parents=True, exist_ok=True)
    with scratch(home, "restoring") as folder:
        manifest = _unpacked(backup, folder)
        key = _key_of(backup, folder, manifest, key_file)
        config = read_config(folder / SETTINGS, home)
        cipher = cipher_of(config, key) if key else PLAIN
        for name in (WAREHOUSE, IDENTITY):
            if key or not is_encrypted(folder / name):  # its digest alone is told without the key
                _verified(backup, folder / name, manifest, cipher)
        places = {
            folder / SETTINGS: home / SETTINGS,
            **{one: config.metrics / one.relative_to(folder / "metrics")
               for one in sorted((folder / "metrics").rglob("*")) if one.is_file()},
            **({folder / KEY: config.key_file} if key else {}),
            **({folder / AUDIT: config.audit} if (folder / AUDIT).is_file() else {}),
            folder / IDENTITY: config.identity,
            folder / WAREHOUSE: config.warehouse,  # last: with it, all is there
        }  # fmt: skip
        for source, place in places.items():
            # A key is the same whatever ends its lines.
            told = key_in if source == folder / KEY else _digest
            if place.exists() and told(place) != told(source):
                raise BackupError(
                    f"{place}: is there already, and differs; restore into an empty folder,"
                    " or move it away"
                )
        with warehouse_lock(config.warehouse, 0, "restore"):
            for source, place in places.items():
                _put(source, place)
    done = [f"{place}: restored" for place in places.values()]
    if not key:
        done.append(
            f"{config.key_file}: put the key there, mode 0600, from your safe copy; the backup"
            f" holds only its mark, {manifest.key_mark}"
        )
    return [*done, f"{manifest.counts['event']:,} events of {manifest.made_at:%Y-%m-%d %H:%M} UTC."]


def key_mark(key: bytes) -> str:
    """Tells one key from another; a key of full strength cannot be found from it."""
    newest = key.split(b"\n")[-1]
    return hashlib.blake2b(b"tieline key mark" + key, key=newest, digest_size=8).hexdigest()


def _unpacked(backup: Path, folder: Path) -> Manifest:
    """The members that the manifest names, with the bytes that it names; nothing else."""
    try:
        with tarfile.open(backup) as tar:
            manifest = _manifest(tar)
            for name in manifest.files:
                tar.extract(name, folder, filter="data")
    except FileNotFoundError:
        raise BackupError(f"{backup}: no such file") from None
    except (tarfile.TarError, KeyError, ValueError, OSError, msgspec.MsgspecError) as error:
        if is_full(error):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.parent)) from error
        raise BackupError(f"{backup}: no whole backup of Tieline ({error}); use another") from error
    for name, digest in manifest.files.items():
        if _digest(folder / name) != digest:
            raise BackupError(f"{backup}: {name} is damaged; use another backup")
    if manifest.layout > layout.VERSION:
        raise BackupError(
            f"{backup}: made by Tieline {manifest.tieline} (layout {manifest.layout}), newer than"
            f" this one ({version('tieline')}); install that version"
        )
    return manifest


def _manifest(tar: tarfile.TarFile) -> Manifest:
    """What the backup says of itself. Raises ValueError if that is damaged or names odd files."""
    told, seal = (file.read() for name in (MANIFEST, SEAL) if (file := tar.extractfile(name)))
    if hashlib.sha256(told).hexdigest().encode() != seal:
        raise ValueError(f"{MANIFEST} is damaged")
    manifest = msgspec.json.decode(told, type=Manifest)
    names = set(manifest.files)
    odd = {name for name in names - {*WHOLE, KEY, AUDIT} if not name.startswith("metrics/")}
    if odd or not names.issuperset(WHOLE):
        raise ValueError(f"{MANIFEST} names {', '.join(sorted(odd)) or 'too little'}")
    return manifest


def _key_of(backup: Path, folder: Path, manifest: Manifest, given: Path | None) -> bytes | None:
    """The key of the backup or `given`, now in `folder`; None if there is neither."""
    source = given or folder / KEY
    if not source.is_file():
        if given:
            raise BackupError(f"{given}: no such key file")
        return None
    key = key_in(source)
    if key_mark(key) != manifest.key_mark:
        raise BackupError(
            f"{source}: another key than that of {backup} (its mark is {manifest.key_mark})"
        )
    (folder / KEY).unlink(missing_ok=True)
    _write(folder / KEY, key + b"\n")
    return key


def _verified(backup: Path, copy: Path, manifest: Manifest, cipher: Cipher) -> None:
    """Open a restored database as a run would, and count."""
    for name, rows in _counts(copy, cipher).items():
        if manifest.counts.get(name) != rows:
            raise BackupError(f"{backup}: {copy.name}: {name} has {rows:,} rows and not"
                              f" {manifest.counts.get(name, 0):,}; use another backup")  # fmt: skip


def _counts(path: Path, cipher: Cipher) -> dict[str, int]:
    with open_readonly(path, cipher) as con:
        layout.layout_of(con)
        names = con.execute(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'"
            " AND database_name = current_database() ORDER BY ALL"
        ).fetchall()
        return {
            str(name): int(con.execute(f'SELECT count(*) FROM "{name}"').fetchall()[0][0])
            for (name,) in names
            if name != LAYOUT.name
        }


def _put(source: Path, place: Path) -> None:
    """Copy beside the place, then rename: whole or not at all."""
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = place.with_name(f".{place.name}.part")
    part.unlink(missing_ok=True)
    with source.open("rb") as old, os.fdopen(
        os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
    ) as new:  # fmt: skip
        shutil.copyfileobj(old, new)
        new.flush()
        os.fsync(new.fileno())
    part.rename(place)
    sync(place.parent)


def _write(path: Path, text: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(text)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Nothing of this machine: no user, no group, for the owner only."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    member.mtime = int(member.mtime)
    return member
