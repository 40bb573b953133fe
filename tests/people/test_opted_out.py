"""Who opted out has no membership and no event, though the identity database knows them until all is proven."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from flows import ingest
from flows.config import ConfigError
from flows.counting import who_counts
from flows.directories import told_by
from flows.erase import vanish
from flows.key import read_key
from flows.lists import as_written, hashed, listed
from tests.people.test_nights import Home
from transforms.people import keyed_id
from warehouse import identity, load
from warehouse.connection import open_warehouse

OUT = ("bas@twee.example", "anna@twee.example")  # the domain alone places them


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def write_list(home: Home, *lines: str) -> Path:
    path = home.folder / "out.txt"
    path.write_text("".join(f"{line}\n" for line in lines))
    path.chmod(0o600)
    return path


def test_nobody_on_the_list_belongs_anywhere(home: Home) -> None:
    home.night()
    home.settings('excluded = ["out.txt"]')
    write_list(home, "# opted out", OUT[0].upper(), "", *hashed(OUT[1:], read_key(home.config)))
    config = home.config
    key = read_key(config)
    ids = [keyed_id(address, key) for address in OUT]
    with open_warehouse(config.warehouse) as con, open_warehouse(config.identity) as people:
        load.create(con)
        identity.create(people)
        counting = who_counts(config, people, key)
        assert set(counting.counted.excluded) == set(ids)
        assert not counting.lets_in
        gone = vanish(con, people, counting)
        assert set(gone.people) == set(ids)
        assert set(gone.texts) >= set(OUT)
        assert gone.exports == ("mails.csv",)
        assert set(identity.addresses(people)["address"]) >= set(OUT)
        told = ingest.read_directories(con, people, config, key, counting.counted)
        found = ingest.stage_people(con, people, config, told, key, counting.counted)
        for rows, column in ((found.membership, "person_id"), (found.alias, "address_id")):
            assert rows.filter(pl.col(column).is_in(ids)).is_empty()
        seats = con.execute(
            "SELECT count(*) FROM participation WHERE list_contains(?, address_id)", [ids]
        )
        assert seats.fetchall() == [(0,)]
        # The next night, which finds the erasure unfinished, has them on its mind again.
        assert set(vanish(con, people, who_counts(config, people, key)).people) == set(ids)
        write_list(home)
        assert who_counts(config, people, key).lets_in


def test_whoever_consents_after_nobody_did_is_let_in(home: Home) -> None:
    plain = (home.folder / "tieline.toml").read_text()
    home.settings('consent = ["out.txt"]')
    key = read_key(home.config)
    with open_warehouse(home.config.identity) as people:
        identity.create(people)

        def lets_in() -> bool:
            counting = who_counts(home.config, people, key)
            identity.keep_lists(people, counting.lists)
            return counting.lets_in

        write_list(home, "# nobody yet")
        assert [lets_in(), lets_in()] == [False, False]
        write_list(home, *OUT)
        assert [lets_in(), lets_in()] == [True, False]
        write_list(home, "# withdrawn")
        assert not lets_in()
        write_list(home, OUT[0])
        assert [lets_in(), lets_in()] == [True, False]
        write_list(home)
        assert not lets_in()
        (home.folder / "tieline.toml").write_text(plain)
        assert [lets_in(), lets_in()] == [True, False]


def test_an_address_that_is_passed_on_takes_no_consent_along(home: Home) -> None:
    """The successor has not been asked; the row that gives the address away is told."""
    home.settings('consent = ["out.txt"]')
    write_list(home, "bas@twee.example")
    (home.folder / "first.csv").write_text(
        "email,aliases,organisation\nanna@een.example,bas@twee.example,Een\n"
    )
    key = read_key(home.config)
    with open_warehouse(home.config.identity) as people:
        identity.create(people)
        counted = who_counts(home.config, people, key).counted
        assert counted.only is not None
        assert counted.only.is_empty()
        (told,) = told_by(home.config, people, key, counted).directories
        assert told.members.is_empty()
        assert told.rejects["position"].to_list() == [2]
        write_list(home, "bas@twee.example", "anna@een.example")
        counted = who_counts(home.config, people, key).counted
        assert set(counted.only) == {
            keyed_id(a, key) for a in ("bas@twee.example", "anna@een.example")
        }


def test_second_addresses_stay_out_while_the_directory_is_away(home: Home) -> None:
    """Who opted out keeps out under every address that the directory told, also when it tells nothing."""
    first = home.folder / "directory" / "first.csv"
    (home.folder / "first.csv").rename(first)
    first.write_text("email,aliases,organisation\nanna@een.example,anna@twee.example,Een\n")
    home.settings('excluded = ["out.txt"]')
    write_list(home, "anna@een.example")
    config = home.config
    key = read_key(config)
    with open_warehouse(config.identity) as people:
        identity.create(people)
        for _ in range(2):
            counting = who_counts(config, people, key)
            assert keyed_id("anna@twee.example", key) in counting.counted.excluded
            identity.keep_lists(people, counting.lists)
            told_by(config, people, key, counting.counted)
            first.unlink(missing_ok=True)
        assert not counting.lets_in


def test_a_list_that_cannot_be_used_stops_the_run(home: Home) -> None:
    home.settings('excluded = ["out.txt"]')
    key = read_key(home.config)
    with pytest.raises(ConfigError, match=r"out\.txt: no such list of people"):
        listed(home.config, ["out.txt"], key)
    path = write_list(home, "jan@een.example", "Jan de Vries")
    with pytest.raises(ConfigError, match=r"out\.txt: line 2: neither an address nor a hash"):
        listed(home.config, ["out.txt"], key)
    write_list(home, "key2:0123456789abcdef")
    with pytest.raises(ConfigError, match=r"out\.txt: key2:.*made with a key that is not this one"):
        listed(home.config, ["out.txt"], key)
    write_list(home, "jan@een.example", "name:Jan de Vries", "github:jan")
    assert len(listed(home.config, ["*.txt"], key)) == 3
    path.chmod(0o644)
    with pytest.raises(ConfigError, match=r"others can read this list of people; run: chmod 600"):
        listed(home.config, ["out.txt"], key)


def test_how_a_person_may_stand_in_a_file() -> None:
    assert as_written("Jan+x@Een.example") == {"jan@een.example", "jan+x@een.example"}
    assert as_written("name:Jan Bakker") == {"name:jan bakker", "jan bakker"}
    assert as_written("key1:0123456789abcdef") == set()
