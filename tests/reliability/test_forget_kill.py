"""`tieline forget` and `tieline key rotate` killed at any moment: what comes next ends them, or undoes them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import duckdb
import pytest

from flows.config import SETTINGS
from flows.config_read import read_config
from flows.identity_file import cipher_of
from flows.key import key_in
from flows.rekey import audited
from tests.flows.conftest import (
    STAFF,
    Tables,
    assert_same,
    is_same,
    make_home,
    published,
    small_network,
    tables,
)
from transforms.people import keyed_id
from warehouse.cipher import is_encrypted
from warehouse.connection import open_readonly
from warehouse.identity import addresses
from warehouse.traces import traces

if TYPE_CHECKING:
    from tests.reliability.nights import Nights

pytestmark = pytest.mark.slow

WHO = STAFF["aqua"][0]
KILLS = 20
IN_A_ROW = (4, 3, 5, 3, 5)  # kills of one home, before it is left to end
APART = (
    "main.forgotten", "main.audit_end", "main.changed", "main.directory_file", "main.key_mark",
)  # fmt: skip
WRITES = 60  # steps that change files; a command has about as many
OF_RUNS = (
    "main.changed", "main.run_origin", "main.run_stage", "main.run_source", "main.published",
)  # fmt: skip
# DuckDB's own code in place of OpenSSL, which tests may do without.
ENCRYPTED = {"crypto": "SET force_mbedtls_unsafe = true"}
FORGET, ROTATE = {"command": "forget", "person": WHO}, {"command": "rotate"}


def seconds_of(nights: Nights, home: Path, command: dict[str, str]) -> float:
    begun = time.monotonic()
    ran = nights.run(home, **command)
    assert ran.code == 0, ran.words
    return time.monotonic() - begun


def kill(nights: Nights, home: Path, command: dict[str, str], seconds: float, dice: Random) -> bool:
    """Kill the command at any moment, or at any step that changes files; False if it had ended before."""
    if dice.random() < 0.5:
        ran = nights.run(home, kill=("begin", dice.uniform(0, seconds)), **command)
    else:
        ran = nights.run(home, write=dice.randint(1, WRITES), **command)
    assert ran.code in {0, -9}, ran.words
    return ran.code == -9


@pytest.fixture(scope="module")
def evening(nights: Nights, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_home(tmp_path_factory.mktemp("evening") / "home", small_network(weeks=2))
    assert nights.run(home).code == 0
    return home


def of_people(home: Path) -> Tables:
    return {
        n: t
        for n, t in tables(home).items()
        if n not in APART and not n.startswith(("stage.", "main.run_"))
    }


def files(home: Path) -> list[Path]:
    folders = (home / "warehouse", home / "published", home / "secret")
    return [p for folder in folders for p in sorted(folder.rglob("*")) if p.is_file()]


def readers_see(home: Path, *wanted: Tables) -> None:
    seen = published(home)
    assert any(is_same(seen, one) for one in wanted)


def test_a_killed_forget_is_brought_to_its_end(
    nights: Nights, evening: Path, tmp_path: Path
) -> None:
    whole = shutil.copytree(evening, tmp_path / "whole", symlinks=True)
    seconds = seconds_of(nights, whole, FORGET)
    before, after = published(evening), published(whole)
    expected = of_people(whole)
    ids = [keyed_id(WHO, key_in(whole / "secret/tieline.key"))]
    dice, kills = Random(20261127), 0
    for number, row in enumerate(IN_A_ROW):
        home = shutil.copytree(evening, tmp_path / f"home{number}", symlinks=True)
        begun = 0
        while begun < row:
            begun += kill(nights, home, FORGET, seconds, dice)
            readers_see(home, before, after)
        kills += begun
        config = read_config(home / SETTINGS)
        if number % 2 or not entombed(
            home
        ):  # a kill before the tombstone is one before the command
            assert nights.run(home, **FORGET).code == 0
        else:
            assert nights.run(home).code == 0
        assert_same(of_people(home), expected)
        assert_same(published(home), after)
        others = [p for p in files(home) if "identity" not in p.parts]
        assert traces(others, [WHO], ids) == []
        assert traces([config.identity], [WHO], []) == []
        assert audited(config)[-1].split("  ")[1] == "erased and proven"
        shutil.rmtree(home)
    print(f"killed {kills} times")
    assert kills >= KILLS


def entombed(home: Path) -> bool:
    with duckdb.connect(home / "warehouse/identity/identity.duckdb", read_only=True) as con:
        return con.execute("SELECT count(*) FROM forgotten").fetchall() != [(0,)]


def test_a_killed_renewal_is_ended_or_undone(nights: Nights, evening: Path, tmp_path: Path) -> None:
    whole = shutil.copytree(evening, tmp_path / "whole", symlinks=True)
    seconds = seconds_of(nights, whole, ROTATE)
    shown, before = published(evening), tables(evening)
    dice, kills, renewed, undone = Random(20261128), 0, 0, 0
    for number, row in enumerate(IN_A_ROW):
        home = shutil.copytree(evening, tmp_path / f"home{number}", symlinks=True)
        key_file = home / "secret/tieline.key"
        used = {key_in(key_file)}
        begun = 0
        while begun < row:
            begun += kill(nights, home, ROTATE, seconds, dice)
            used.add(key_in(key_file))
            readers_see(home, shown)
        kills += begun
        if number % 2:
            assert nights.run(home, **ROTATE).code == 0
        else:
            assert nights.run(home).code == 0
        key = key_in(key_file)
        used.add(key)
        renewed, undone = renewed + len(used) - 1, undone + begun - (len(key.split(b"\n")) - 1)
        assert sorted(p.name for p in key_file.parent.iterdir()) == ["tieline.key"]
        assert all(key.startswith(old) for old in used)
        found = tables(home)
        assert {keyed_id(a, key) for a in found["main.identity"]["address"]} == {
            *found["main.identity"]["address_id"]
        }
        assert {*found["main.participation"]["address_id"]} <= {
            *found["main.identity"]["address_id"]
        }
        for name, rows in before.items():
            is_apart = name.startswith("stage.") or name in (*APART, "main.published")
            assert is_apart or found[name].height == rows.height, name
        for name in (
            "main.metric_value",
            "main.trend",
            "main.line",
            "main.line_state",
            "main.frame",
        ):
            assert_same({name: found[name]}, {name: before[name]})
        # Numbers of keys that are no more stand nowhere, whenever that was.
        old_ids = [
            keyed_id(a, old) for old in used - {key} for a in found["main.identity"]["address"]
        ]
        assert traces(files(home), [], old_ids) == []
        assert nights.run(home).code == 0
        again = tables(home)
        assert all(
            again[name].equals(rows)
            for name, rows in found.items()
            if name not in OF_RUNS and not name.startswith("stage.")
        )
        assert_same(published(home), shown)
        if len(key.split(b"\n")) > 1:
            assert (
                sum("key renewed" in line for line in audited(read_config(home / SETTINGS)))
                == len(key.split(b"\n")) - 1
            )
        shutil.rmtree(home)
    print(f"killed {kills} times; {renewed} keys seen, {undone} kills without a renewal")
    assert kills >= KILLS


def test_an_encrypted_identity_database_is_whole_after_each(
    nights: Nights, evening: Path, tmp_path: Path
) -> None:
    """Killed while it is encrypted, while somebody is forgotten, and while its secret is renewed."""
    everybody = set(tables(evening)["main.identity"]["address"])
    dice, kills = Random(20261129), 0
    for number, command in enumerate((FORGET, ROTATE, FORGET, ROTATE)):
        home = shutil.copytree(evening, tmp_path / f"home{number}", symlinks=True)
        path = home / SETTINGS
        path.write_text(path.read_text().replace("[people]\n", "[people]\nencrypt = true\n", 1))
        kills += nights.run(home, write=dice.randint(1, 20), **ENCRYPTED).code == -9
        begun = 0
        while begun < 3:
            begun += kill(nights, home, command | ENCRYPTED, 3.0, dice)
        kills += begun
        last = command if number < 2 or command is FORGET else {}
        ran = nights.run(home, **last, **ENCRYPTED)
        assert ran.code == 0, ran.words
        config = read_config(path)
        cipher = cipher_of(config, key_in(config.key_file))
        assert is_encrypted(config.identity)
        with open_readonly(config.identity, cipher) as con:
            known = set(addresses(con)["address"])
        assert known == everybody - ({WHO} if command is FORGET else set())
        raw = b"".join(p.read_bytes() for p in config.identity.parent.rglob("*") if p.is_file())
        assert not [address for address in everybody if address.encode() in raw]
        assert nights.run(home, **ENCRYPTED).code == 0
        shutil.rmtree(home)
    print(f"killed {kills} times")
    assert kills >= 12
