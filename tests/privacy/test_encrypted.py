"""The identity database, encrypted: with OpenSSL where DuckDB's extension is installed, and always with DuckDB's
own code, of which only the random numbers are weaker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from flows.backup import BackupError, back_up, restore
from flows.config import SETTINGS
from flows.config_read import read_config
from flows.erase import forget, look_up
from flows.identities import opened_identity
from flows.identity_file import cipher_of
from flows.key import read_key
from flows.rekey import rotate
from tests.flows.conftest import STAFF, make_home, small_network
from tests.plain_night import night
from tests.real import privacy
from warehouse import cipher as ciphers
from warehouse.cipher import Cipher, EncryptionError, is_encrypted
from warehouse.connection import open_readonly, open_warehouse
from warehouse.identity import addresses
from warehouse.rewrite import rewrite

if TYPE_CHECKING:
    from pathlib import Path

    from flows.config import Config

OPENSSL, OWN = "LOAD httpfs", "SET force_mbedtls_unsafe = true"
NEW, OLD = "1f" * 32, "2e" * 32
SECRET = "jan.de.vries@aqua.example"


def why_not() -> str:
    """What DuckDB says where it cannot write encrypted files with OpenSSL; nothing where it can."""
    try:
        duckdb.connect().execute(OPENSSL)
    except duckdb.Error as error:
        return str(error).partition("\n")[0]
    return ""


WHY_NOT = why_not()
needs_openssl = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture(params=[pytest.param(OPENSSL, marks=needs_openssl), OWN], ids=["openssl", "own"])
def crypto(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ciphers, "CRYPTO", request.param)


def told(path: Path, cipher: Cipher) -> list[tuple[str]]:
    with open_readonly(path, cipher) as con:
        return con.execute("FROM person").fetchall()


def in_bytes(path: Path, text: str = SECRET) -> bool:
    """Whether the file, or any file beside it, holds `text`."""
    return any(text.encode() in one.read_bytes() for one in path.parent.rglob("*") if one.is_file())


def fill(path: Path, cipher: Cipher) -> None:
    with open_warehouse(path, cipher=cipher) as con:
        con.execute("CREATE TABLE person (address VARCHAR)")
        con.execute("INSERT INTO person VALUES (?)", [SECRET])
        assert in_bytes(path) is not cipher.is_wanted  # of the log
        con.execute("CHECKPOINT")
    assert in_bytes(path) is not cipher.is_wanted


def test_only_its_key_opens_it(tmp_path: Path, crypto: None) -> None:
    path = tmp_path / "identity.duckdb"
    fill(path, Cipher((OLD,), is_wanted=True))
    assert is_encrypted(path)
    assert path.stat().st_mode & 0o077 == 0
    for keys in ((OLD,), (NEW, OLD)):  # an earlier one too: a renewal may have been cut short
        assert told(path, Cipher(keys)) == [(SECRET,)]
    for keys in ((), (NEW,)):
        with pytest.raises(EncryptionError, match=r"identity\.duckdb: encrypted with another key"):
            told(path, Cipher(keys))
    with pytest.raises(duckdb.Error, match="without a key"):
        duckdb.connect(path)


def test_written_anew_it_is_as_the_settings_say(tmp_path: Path, crypto: None) -> None:
    path = tmp_path / "identity.duckdb"
    fill(path, ciphers.PLAIN)
    for cipher in (
        Cipher((OLD,), is_wanted=True),
        Cipher((NEW, OLD), is_wanted=True),
        Cipher((NEW, OLD)),
    ):
        rewrite(path, cipher)
        assert is_encrypted(path) is cipher.is_wanted
        assert in_bytes(path) is not cipher.is_wanted
        assert told(path, Cipher((NEW,)) if OLD in cipher.keys[1:] else cipher) == [(SECRET,)]
        assert [one.name for one in tmp_path.iterdir() if one.is_file()] == [path.name]


@pytest.mark.skipif(not WHY_NOT, reason="DuckDB can encrypt here")
def test_without_openssl_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "identity.duckdb"
    with pytest.raises(EncryptionError) as error:
        fill(path, Cipher((NEW,), is_wanted=True))
    assert "\n" not in str(error.value)
    assert f"{path}: DuckDB {duckdb.__version__} cannot encrypt here: {WHY_NOT}" in str(error.value)
    assert str(error.value).endswith("or set people.encrypt = false")
    assert list(tmp_path.iterdir()) == []
    fill(path, ciphers.PLAIN)
    with pytest.raises(EncryptionError, match="cannot encrypt here"):
        rewrite(path, Cipher((NEW,), is_wanted=True))
    assert told(path, ciphers.PLAIN) == [(SECRET,)]  # as it was, and free


# --- a whole network ---------------------------------------------------------------------------

WHO = STAFF["aqua"][0]
EVERYBODY = {address for people in STAFF.values() for address in people}


def config_of(home: Path, *, encrypt: bool) -> Config:
    path = home / SETTINGS
    text = path.read_text().replace("[people]\nencrypt = true\n", "[people]\n")
    path.write_text(text.replace("[people]\n", "[people]\nencrypt = true\n") if encrypt else text)
    return read_config(path, home)


def known(config: Config) -> set[str]:
    with opened_identity(config) as con:
        return set(addresses(con)["address"])


def shown(config: Config) -> set[str]:
    """Addresses that stand in any byte beside the identity database."""
    files = [path for path in config.identity.parent.rglob("*") if path.is_file()]
    return privacy.told(b"".join(path.read_bytes() for path in files), EVERYBODY)


@pytest.mark.slow
def test_nobody_stands_in_the_bytes_whatever_is_done(tmp_path: Path, crypto: None) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=2))
    night(home)
    plain = config_of(home, encrypt=False)
    everybody = known(plain)
    assert everybody >= EVERYBODY
    assert len(shown(plain)) > len(EVERYBODY) / 2  # some are compressed
    # Another key than its own encrypts nothing.
    config = config_of(home, encrypt=True)
    own = config.key_file.read_text()
    config.key_file.write_text("5a" * 32)
    with pytest.raises(Exception, match="another key"):
        night(home)
    assert not is_encrypted(config.identity)
    config.key_file.write_text(own)
    # Turned on, every command works as before.
    night(home)
    assert is_encrypted(config.identity)
    assert shown(config) == set()
    assert known(config) == everybody
    assert look_up(config, WHO).addresses == 1
    first = cipher_of(config, read_key(config)).keys
    rotate(config)
    assert cipher_of(config, read_key(config)).keys[1:] == first
    with pytest.raises(EncryptionError, match="another key"):
        open_readonly(config.identity, Cipher(first))
    assert known(config) == everybody
    forget(config, WHO)
    assert known(config) == everybody - {WHO}
    assert shown(config) == set()
    # A backup holds it as it is; without the key it is put back unread.
    backup = back_up(config, tmp_path / "backup.tar", with_key=False)
    assert privacy.told(backup.read_bytes(), EVERYBODY) == set()
    restore(backup, tmp_path / "without")
    away = tmp_path / "away"
    restore(backup, away, config.key_file)
    assert known(read_config(away / SETTINGS, away)) == everybody - {WHO}
    other = tmp_path / "other.key"
    other.write_text("5a" * 32)
    with pytest.raises(BackupError, match="another key"):
        restore(backup, tmp_path / "third", other)
    # Turned off, it is in clear again.
    config = config_of(home, encrypt=False)
    night(home)
    assert not is_encrypted(config.identity)
    assert known(config) == everybody - {WHO}
