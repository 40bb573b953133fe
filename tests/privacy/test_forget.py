"""A whole network of which people are forgotten, or left out: as if they had never been read."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import fsspec
import polars as pl
import pytest

from flows import audit
from flows.config import SETTINGS, Config, ConfigError
from flows.config_read import read_config
from flows.erase import Known, forget, look_up
from flows.identities import opened_identity
from flows.key import read_key
from flows.lists import hashed
from flows.preview import preview
from flows.quarantined import discard
from flows.rekey import audited, rotate
from flows.status import status
from tests.flows.conftest import (
    STAFF,
    Tables,
    assert_same,
    make_home,
    published,
    small_network,
    tables,
    write_exports,
)
from tests.plain_night import night
from transforms.people import keyed_id
from warehouse.traces import traces

pytestmark = pytest.mark.slow

WHO, OTHER = STAFF["aqua"][0], STAFF["bosk"][1]
SECOND = "aqua.one@elsewhere.example"
# What tells of the erasure itself, or of files as they are.
APART = (
    "main.forgotten",
    "main.unfinished",
    "main.listed",
    "main.audit_end",
    "main.changed",
    "main.source_file",
    "main.directory_file",
)


def config_of(home: Path) -> Config:
    return read_config(home / SETTINGS, home)


def of_people(home: Path) -> Tables:
    found = {
        n: t
        for n, t in tables(home).items()
        if n not in APART and not n.startswith(("stage.", "main.run_"))
    }
    # A file's ledger row counts what stands in the file.
    return {n: t for n, t in found.items() if n != "main.key_mark"}


def settings(home: Path, text: str) -> None:
    path = home / SETTINGS
    path.write_text(path.read_text().replace("[people]\n", f"[people]\n{text}\n", 1))


def private(path: Path, *lines: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines))
    path.chmod(0o600)


def alias(home: Path) -> None:
    """The directory knows a second address of WHO, under which they write too."""
    path = home / "directory" / "people.csv"
    rows = path.read_text().replace("email,organisation", "email,aliases,organisation")
    rows = rows.replace("@aqua.example,", "@aqua.example,,").replace(
        "@bosk.example,", "@bosk.example,,"
    )
    rows = rows.replace("@cura.example,", "@cura.example,,").replace(f"{WHO},,", f"{WHO},{SECOND},")
    path.write_text(rows)
    box = home / "incoming" / "bosk-mail.mbox"
    if box.exists():
        box.write_text(box.read_text().replace(f"From: {WHO}", f"From: {SECOND}", 3))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = make_home(tmp_path_factory.mktemp("whole") / "home", small_network(weeks=3))
    alias(home)
    night(home)
    return home


@pytest.fixture(scope="module")
def never(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same network, in which WHO was left out from the beginning."""
    home = make_home(tmp_path_factory.mktemp("never") / "home", small_network(weeks=3))
    alias(home)
    settings(home, 'excluded = ["lists/*.txt"]')
    private(home / "lists" / "out.txt", "# opted out", WHO.upper())
    night(home)
    return home


@pytest.fixture
def home(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "home", symlinks=True)


def participations(home: Path) -> list[tuple[str, int]]:
    with duckdb.connect(home / "warehouse/tieline.duckdb", read_only=True) as con:
        return con.execute("SELECT path, participations FROM source_file ORDER BY path").fetchall()


def by_chance(rows: pl.DataFrame) -> pl.DataFrame:
    """Without what the numbers of people decide: divisions that are as good, connectors as large."""
    chance = ["communities", "connector_dependence"]
    return rows.filter(pl.col("metric").is_in(chance).not_()) if "metric" in rows.columns else rows


def files(home: Path) -> list[Path]:
    return [
        p
        for p in sorted((home / "warehouse").rglob("*")) + sorted((home / "published").rglob("*"))
        if p.is_file()
    ]


def test_forgotten_is_as_if_never_read_and_stays_so(home: Path, never: Path) -> None:
    config = config_of(home)
    ids = [keyed_id(address, read_key(config)) for address in (WHO, SECOND)]
    others = [p for p in files(home) if "identity" not in p.parts]
    assert traces([config.identity], [WHO, SECOND], [])
    assert traces(others, [], ids)
    assert look_up(config, SECOND).addresses == 2
    done = forget(config, SECOND)
    assert done.addresses == 2
    assert done.events > 10
    assert done.days > 10
    assert "incoming/aqua-mail.mbox" in done.exports
    assert_same(of_people(home), of_people(never))
    assert_same(published(home), published(never))
    assert participations(home) == participations(never)
    # Nothing is left in any byte of any file, but the tombstones.
    others = [p for p in files(home) if "identity" not in p.parts]
    assert traces(others, [WHO, SECOND], ids) == []
    assert traces([config.identity], [WHO, SECOND], []) == []
    with duckdb.connect(config.identity, read_only=True) as con:
        assert set(con.execute("SELECT address_id FROM forgotten").fetchall()) == {
            (n,) for n in ids
        }
    log = config.audit.read_text()
    assert done.erasure in log
    assert not any(word in log.lower() for word in (WHO, SECOND, *map(str, ids)))
    assert [line.split("  ")[1] for line in audited(config)] == [
        "forget begun",
        "erased and proven",
    ]
    # A later export, even a directory read anew, does not bring them back.
    write_exports(home, small_network(weeks=4))
    alias_again = home / "directory" / "people.csv"
    alias_again.write_text(alias_again.read_text() + "new.face@cura.example,,Cura\n")
    night(home)
    others = [p for p in files(home) if "identity" not in p.parts]
    assert traces(others, [WHO, SECOND], ids) == []
    assert traces([config.identity], [WHO, SECOND], []) == []
    assert look_up(config, WHO) == Known(0, 0)


def test_forgetting_does_not_hinge_on_the_directory(home: Path, never: Path) -> None:
    """It can be gone, or name them otherwise: what is loaded tells too."""
    (home / "directory" / "people.csv").rename(home / "people.csv")
    assert forget(config_of(home), WHO).addresses == 2
    (home / "people.csv").rename(home / "directory" / "people.csv")
    night(home)
    assert_same(of_people(home), of_people(never))


def test_copies_of_exports_are_the_partners_as_the_exports_are(home: Path) -> None:
    """An erasure has nothing to do with them, and is not held up by what stands in them."""
    bucket = fsspec.filesystem("memory")
    bucket.put(f"{home}/incoming/", "/forgetting/", recursive=True)
    path = home / SETTINGS
    path.write_text(path.read_text().replace('"incoming/', '"memory://forgetting/'))
    shutil.rmtree(home / "incoming")
    night(home)
    config = config_of(home)
    assert traces([one for one in config.copies.rglob("*") if one.is_file()], [WHO], [])
    done = forget(config, WHO)
    assert "memory://forgetting/aqua-mail.mbox" in done.exports
    night(home)
    assert traces([config.identity, config.warehouse], [WHO, SECOND], []) == []


def test_somebody_unknown_is_kept_out_of_what_comes(home: Path, never: Path) -> None:
    config = config_of(home)
    assert look_up(config, "stranger@far.example") == Known(0, 0)
    done = forget(config, "stranger@far.example")
    assert (done.addresses, done.events, done.days) == (1, 0, 0)
    assert done.release is None
    # Somebody's alias later: the same person or a successor, who stays until somebody says which.
    path = home / "directory" / "people.csv"
    path.write_text(
        path.read_text().replace(f"{WHO},{SECOND},", f"{WHO},{SECOND} stranger@far.example,")
    )
    assert "Would restate nothing; the published release would stay." in preview(config)
    done = night(home)
    assert [words for words in done.look_at if "somebody forgotten" in words]
    assert [one.kind for one in status(config).needs] == ["forgotten"]
    assert look_up(config, WHO).events > 10
    assert traces([config.identity], ["stranger@far.example"], []) == []
    forget(config, WHO)
    night(home)
    assert status(config).needs == []
    assert_same(published(home), published(never))
    assert traces([config.identity], [WHO, SECOND, "stranger@far.example"], []) == []


def test_a_successor_who_is_given_the_address_of_somebody_forgotten_stays(home: Path) -> None:
    config = config_of(home)
    forget(config, WHO)
    path = home / "directory" / "people.csv"
    rows = [row for row in path.read_text().splitlines() if not row.startswith(WHO)]
    rows = [row.replace(f"{OTHER},,", f"{OTHER},{WHO},") for row in rows]
    path.write_text("\n".join([*rows, ""]))
    before = tables(home)["main.participation"]
    done = night(home)
    assert len(done.look_at) == 1
    assert tables(home)["main.participation"].height == before.height
    discard(config, ["directory/people.csv"], 0)
    assert night(home).look_at == []
    write_exports(home, small_network(weeks=4))
    done = night(home)
    assert done.look_at == []
    assert look_up(config, OTHER).events > 10
    with duckdb.connect(config.identity, read_only=True) as con:
        assert len(con.execute("FROM forgotten").fetchall()) == 2
    others = [p for p in files(home) if "identity" not in p.parts]
    assert traces(others, [], [keyed_id(WHO, read_key(config))]) == []


def test_a_list_of_who_opted_out_works_backwards_and_back(
    home: Path, whole: Path, never: Path
) -> None:
    config = config_of(home)
    settings(home, 'excluded = ["lists/out.txt"]')
    with pytest.raises(ConfigError, match="no such list of people"):
        night(home)
    private(
        home / "lists" / "out.txt", *hashed([SECOND.title()], read_key(config)), "# nobody else"
    )
    (home / "lists" / "out.txt").chmod(0o640)
    with pytest.raises(ConfigError, match=r"chmod 600 .*out\.txt"):
        night(home)
    (home / "lists" / "out.txt").chmod(0o600)
    night(home)
    assert_same(of_people(home), of_people(never))
    assert traces([config.identity], [WHO, SECOND], []) == []
    # Whoever comes off the list is read again, from what is still there.
    private(home / "lists" / "out.txt", "# nobody")
    night(home)
    assert_same(of_people(home), of_people(whole))


def test_with_a_list_of_consent_nobody_else_is_counted(home: Path, never: Path) -> None:
    settings(home, 'consent = ["lists/yes.txt"]')
    staff = [address for people in STAFF.values() for address in people if address != WHO]
    private(home / "lists" / "yes.txt", *staff, "new@aqua.example")
    night(home)
    assert_same(published(home), published(never))
    with duckdb.connect(config_of(home).identity, read_only=True) as con:
        known = {row[0] for row in con.execute("SELECT address FROM identity").fetchall()}
    assert known == {*staff, "new@aqua.example"}


def test_a_renewed_key_changes_every_pseudonym_and_no_number(home: Path) -> None:
    config = config_of(home)
    before, shown, old = tables(home), published(home), read_key(config)
    forget(config, "stranger@far.example")
    assert rotate(config) > 50
    new = read_key(config)
    assert new.startswith(old + b"\n")
    assert config.key_file.stat().st_mode & 0o077 == 0
    after = tables(home)
    rename = {old_id: keyed_id(address, new) for old_id, address in before["main.identity"].rows()}
    assert set(after["main.identity"].rows()) == {
        (rename[n], a) for n, a in before["main.identity"].rows()
    }
    assert set(after["main.participation"]["address_id"]) == {
        rename[n] for n in before["main.participation"]["address_id"]
    }
    for name in ("main.metric_value", "main.line", "main.trend", "main.frame"):
        assert_same({name: by_chance(after[name])}, {name: by_chance(before[name])})
    for name, rows in before.items():
        is_apart = name.startswith("stage.") or name in (*APART, "main.published")
        assert is_apart or after[name].height == rows.height, name
    assert traces(files(home), [], [*rename, keyed_id("stranger@far.example", old)]) == []
    # The next night finds nothing new, and publishes the same.
    done = night(home)
    assert done.files == 0
    assert done.days == 0
    assert published(home).keys() == shown.keys()
    # A changed export meets the events that were renewed.
    write_exports(home, small_network(weeks=3))
    night(home)
    assert tables(home)["main.event"].height == before["main.event"].height
    # Tombstones hold under the new key, and so do hashes made with the old one.
    private(home / "lists" / "out.txt", *hashed([WHO], old))
    settings(home, 'excluded = ["lists/out.txt"]')
    path = home / "directory" / "people.csv"
    path.write_text(path.read_text() + "stranger@far.example,,Cura\n")
    night(home)
    assert look_up(config, WHO) == Known(0, 0)
    assert look_up(config, "stranger@far.example") == Known(0, 0)
    assert any("key renewed" in line for line in audited(config))


def test_another_key_is_refused(home: Path) -> None:
    config = config_of(home)
    config.key_file.write_text("9" * 64)
    for act in (lambda: night(home), lambda: forget(config, WHO), lambda: rotate(config)):
        with pytest.raises(ConfigError, match="another key than that of"):
            act()
    config.key_file.unlink()
    with pytest.raises(ConfigError, match="put it back from your safe copy"):
        night(home)
    for ask in (lambda: audited(config), lambda: opened_identity(config).__enter__()):
        with pytest.raises(ConfigError, match="no key here"):
            ask()
    assert not config.key_file.exists()


def test_a_changed_log_is_told(home: Path) -> None:
    config = config_of(home)
    forget(config, "stranger@far.example")
    config.audit.write_text(config.audit.read_text().splitlines()[0] + "\n")
    with pytest.raises(audit.TamperedError, match="its last lines are gone"):
        audited(config)
    assert isinstance(of_people(home)["main.event"], pl.DataFrame)
