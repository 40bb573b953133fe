"""Write a database anew: what was deleted stays readable in free blocks until the file itself is another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from warehouse.cipher import PLAIN, Cipher
from warehouse.connection import (
    FRESH,
    STORAGE_VERSION,
    encrypted_with,
    open_warehouse,
)
from warehouse.schema import quoted
from warehouse.serving.releases import sync

if TYPE_CHECKING:
    from pathlib import Path


def rewrite(path: Path, cipher: Cipher = PLAIN) -> None:
    """Copy what the database at `path` holds into a new file, and put that in its place.

    The new one is encrypted as `cipher` wants it, whatever the old one was. A process that is killed
    leaves the old file or the new one. Nobody may have it open; hold the warehouse lock.
    """
    path = path.resolve()
    fresh = path.with_name(f"{path.name}{FRESH}")
    options = f"(STORAGE_VERSION '{STORAGE_VERSION}')"
    with open_warehouse(path, reach=[path.parent], cipher=cipher) as con:
        con.execute("CHECKPOINT")
        if cipher.is_wanted:
            options = encrypted_with(cipher.keys[0])
        con.execute(f"ATTACH {quoted(str(fresh))} AS fresh {options}")
        con.execute(f'COPY FROM DATABASE "{path.stem}" TO fresh').fetchall()
        con.execute("CHECKPOINT fresh")
        con.execute("DETACH fresh")
    if path.with_name(f"{path.name}.wal").exists():
        raise RuntimeError(f"{path}: still has a write-ahead log beside it; close what has it open")
    fresh.chmod(0o600)
    sync(fresh)
    fresh.replace(path)
    sync(path.parent)
