"""Directories from night to night: what cannot be read stays as it was, and who may ask about people."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from flows import ingest
from flows.check import check_files
from flows.cli import tieline
from flows.config import Config, ConfigError
from flows.config_read import read_config
from flows.identities import by_domain, suggestions, unresolved
from flows.key import read_key
from flows.plan import export_files, to_read
from flows.status import report
from warehouse import identity, load, state
from warehouse.connection import open_warehouse

SETTINGS = """
[disclosure]
merge_singles = false
[people]
directories = ["first.csv", "directory/*"]
boundaries = ["organisation", "team"]
nobody = ["list@een.example"]
neutral_domains = ["gratis.example"]
{more}
[people.domains]
"twee.example" = "Twee"
[[source]]
name = "mails"
format = "csv"
files = "mails.csv"
mapping = {{ time = "time", sender = "sender", recipient = "recipient", channel = "=message" }}
"""
MAILS = """time,sender,recipient
2026-03-02T09:00:00Z,anna@een.example,bas@twee.example
2026-03-02T10:00:00Z,anna@een.example,name:Cor Bakker
2026-03-03T09:00:00Z,anna@twee.example,cor.bakker@gratis.example
2026-03-03T10:00:00Z,list@een.example,bas@twee.example
2026-03-04T10:00:00Z,github:corbakker,cor.bakker@gratis.example
2026-03-04T11:00:00Z,dirk@ver.example,anna@een.example
"""
PEOPLE = """email,name,organisation,team
anna@een.example,Anna de Vries,Een,Dijken
cor@een.example,Cor Bakker,Een,Wegen
"""


class Home:
    """A network of one mailbox, without Prefect: each night in the same databases."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "directory").mkdir()
        (folder / "mails.csv").write_text(MAILS)
        (folder / "first.csv").write_text(PEOPLE)
        self.settings("")

    def settings(self, more: str) -> None:
        (self.folder / "tieline.toml").write_text(SETTINGS.format(more=more))

    @property
    def config(self) -> Config:
        return read_config(self.folder / "tieline.toml", self.folder)

    def night(self) -> ingest.Checked | None:
        """What it came to; None where nothing was new."""
        config = self.config
        key = read_key(config)
        with open_warehouse(config.warehouse) as con, open_warehouse(config.identity) as people:
            load.create(con)
            identity.create(people)
            load.clear_stage(con)
            state.begin_run(con, "run", datetime.now(UTC))
            ingest.forget_refusals(con, [])
            files = to_read(con, list(export_files(config)))
            for file in files:
                ingest.stage_file(con, people, config, file, key, "run")
            if not files and not ingest.people_changed(con, people, config, key):
                return None
            told = ingest.read_directories(con, people, config)
            found = ingest.stage_people(con, people, config, told, key)
            return ingest.check_and_load(
                con, config, found, run_id="run", batch=1, unread=told.refused
            )

    def ask(self, query: str) -> list[tuple]:
        with duckdb.connect(self.config.warehouse, read_only=True) as con:
            return con.execute(query).fetchall()

    def units(self) -> list[tuple]:
        return self.ask(
            "SELECT boundary, unit, origin, count(*) FROM membership GROUP BY ALL ORDER BY ALL"
        )


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("home"))
    home.night()
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_directory_that_cannot_be_read_stays_as_it_was_and_is_named(home: Home) -> None:
    assert home.night() is not None
    before = home.units()
    assert ("organisation", "Een", "directory", 2) in before
    first = home.folder / "first.csv"
    first.write_text("naam;straat\nAnna;Dorpsweg\n")
    checked = home.night()
    assert checked is not None
    assert home.units() == before
    (refused,) = checked.refused
    assert refused.startswith("first.csv: row 1: no column of mail addresses")
    assert refused.endswith("what it told last still counts")
    assert checked.stale_days == 0
    lines, code = report(home.config)
    assert any(line.startswith("Refused     first.csv: row 1") for line in lines)
    assert code != 0  # something needs somebody
    first.unlink()  # a share that is away for a night is no empty directory
    gone = home.night()
    assert gone is not None
    assert "No such file" in gone.refused[0]
    assert home.units() == before
    first.write_text(PEOPLE.replace("Dijken", "Sluizen"))
    assert home.night() is not None
    assert ("team", "Sluizen", "directory", 1) in home.units()
    assert home.ask("SELECT count(*) FROM quarantine WHERE stage = 'batch'") == [(0,)]
    assert home.night() is None


def test_a_new_directory_that_cannot_be_read_does_not_stop_the_others(home: Home) -> None:
    (home.folder / "directory" / "users.json").write_text('{"value": [')
    checked = home.night()
    assert checked is not None
    assert "nothing is known of it yet" in checked.refused[0]
    assert ("organisation", "Een", "directory", 2) in home.units()


def test_a_file_taken_out_of_the_folder_is_forgotten(home: Home) -> None:
    extra = home.folder / "directory" / "more.csv"
    extra.write_text("email,organisation\ndirk@ver.example,Ver\n")
    (extra.parent / "other.csv").write_text("domain,organisation\nacht.example,Acht\n")
    home.night()
    assert ("organisation", "Ver", "directory", 1) in home.units()
    extra.unlink()
    assert home.night() is not None
    assert not [row for row in home.units() if row[1] == "Ver"]
    with duckdb.connect(home.config.identity, read_only=True) as con:
        assert con.execute("SELECT DISTINCT label FROM directory_row ORDER BY 1").fetchall() == [
            ("directory/other.csv",),
            ("first.csv",),
        ]


def test_a_folder_without_any_file_is_a_share_that_is_away(home: Home) -> None:
    folder, aside = home.folder / "directory", home.folder / "aside"
    for name in ("a", "b"):
        (folder / f"{name}.csv").write_text(f"email,organisation\ndirk{name}@ver.example,Ver\n")
    home.night()
    before = home.units()
    folder.rename(aside)
    folder.mkdir()
    for _ in range(2):
        checked = home.night()
        assert checked is not None
        (refused,) = checked.refused
        assert refused.startswith("directory/*: cannot be read (No such file")
        assert refused.endswith("what it told last still counts")
        assert checked.stale_days == 0
        assert home.units() == before
    lines, code = report(home.config)
    assert any(line.startswith("Refused     directory/*: cannot") for line in lines)
    assert code != 0
    folder.rmdir()
    aside.rename(folder)
    assert home.night() is None
    assert home.units() == before
    assert home.ask("SELECT count(*) FROM quarantine") == [(0,)]
    folder.rename(aside)  # a pattern that is taken out of the settings is no share
    settings = home.folder / "tieline.toml"
    settings.write_text(settings.read_text().replace(', "directory/*"', ""))
    assert home.night() is not None
    assert home.units() != before


def test_contradictions_are_counted_and_shown_with_file_and_row(home: Home) -> None:
    (home.folder / "directory" / "partner.csv").write_text(
        "email,organisation\nanna@een.example,Twee\ncor@een.example,Een\n"
    )
    checked = home.night()
    assert checked is not None
    assert checked.quarantined == 1
    assert home.ask("SELECT position, reason FROM quarantine") == [
        (
            2,
            "a person's organisation is another one than in first.csv for the same days; that one counts",
        )
    ]
    words = "directory/partner.csv: row 2: a person's organisation is another one than in first.csv"
    assert any(note.startswith(words) for note in check_files(home.config).notes)


def test_who_becomes_nobody_leaves_its_unit(home: Home) -> None:
    home.night()
    assert ("organisation", "Twee", "domain", 2) in home.units()
    settings = home.folder / "tieline.toml"
    settings.write_text(
        settings.read_text().replace('["list@een.example"]', '["list@een.example", "bas@*"]')
    )
    assert home.night() is not None
    assert ("organisation", "Twee", "domain", 1) in home.units()


def test_names_of_people_stay_out_of_both_databases_unless_an_export_told_them(
    loaded: Home,
) -> None:
    with duckdb.connect(loaded.config.identity, read_only=True) as con:
        texts = {
            t
            for (t,) in con.execute(
                "SELECT address FROM identity UNION SELECT address FROM directory_row"
            ).fetchall()
        }
    assert not {t for t in texts if "vries" in t}
    for path in (loaded.config.warehouse,):
        raw = path.read_bytes().lower()
        assert b"bakker" not in raw
        assert b"vries" not in raw


# --- tieline people ---------------------------------------------------------------------------


def test_a_subdomain_of_its_own_is_not_as_neutral_as_its_parent(home: Home) -> None:
    settings = home.folder / "tieline.toml"
    text = settings.read_text().replace('"twee.example" = "Twee"', '"ja.gratis.example" = "Ja"')
    settings.write_text(text)
    mails = home.folder / "mails.csv"
    mails.write_text(mails.read_text().replace("dirk@ver.example", "dirk@ja.gratis.example"))
    home.night()
    rows = by_domain(unresolved(home.config, "team"))
    neutral = dict(rows.select("domain", "neutral").rows())
    assert neutral["ja.gratis.example"] is None
    assert neutral["gratis.example"] == "yes"


def test_likely_pairs_with_their_evidence(loaded: Home) -> None:
    rows = suggestions(loaded.config)
    pairs = {(a, s): e for a, s, e, _ in rows.iter_rows()}
    # The name of an export was the directory's: that is no question any more.
    assert not [pair for pair in pairs if "name:" in pair[0] + pair[1]]
    assert pairs["anna@twee.example", "anna@een.example"] == "same local part"
    assert pairs["cor.bakker@gratis.example", "cor@een.example"] == "local part spells the name"
    assert pairs["github:corbakker", "cor@een.example"] == "login spells the name"
    assert ("github:corbakker", "cor.bakker@gratis.example") in pairs
    assert rows.filter(pl.col("address") == pl.col("same_as")).is_empty()


def test_reviewed_pairs_are_one_person_the_next_night(home: Home) -> None:
    home.night()
    merges = home.folder / "directory" / "merges.csv"
    arguments = ["-s", str(home.folder / "tieline.toml")]
    done = CliRunner().invoke(tieline, ["people", "suggest", *arguments, "-o", str(merges)])
    assert done.exit_code == 0, done.output
    assert stat.S_IMODE(merges.stat().st_mode) == 0o600
    again = CliRunner().invoke(tieline, ["people", "suggest", *arguments, "-o", str(merges)])
    assert isinstance(again.exception, ConfigError)
    assert "is there already" in str(again.exception)
    assert home.night() is not None
    assert home.ask("SELECT count(DISTINCT person_id) FROM address_alias") == [(2,)]
    assert suggestions(home.config).is_empty()


def test_whom_nobody_knows(loaded: Home) -> None:
    rows = unresolved(loaded.config, "organisation")
    assert rows.rows() == [
        ("gratis.example", "cor.bakker@gratis.example", 2, True),
        ("github:", "github:corbakker", 1, False),
        ("ver.example", "dirk@ver.example", 1, False),
    ]
    lines = by_domain(rows)
    assert lines["addresses"].to_list() == [1, 1, 1]
    assert lines["neutral"].to_list() == ["yes", None, None]
    done = CliRunner().invoke(
        tieline, ["people", "unknown", "-s", str(loaded.folder / "tieline.toml")]
    )
    assert "dirk@ver.example" in done.output
    with pytest.raises(
        ConfigError, match="'sector' is not measured; there are: organisation, team"
    ):
        unresolved(loaded.config, "sector")


def test_only_who_holds_the_key_may_ask(home: Home) -> None:
    with pytest.raises(ConfigError, match="no key here"):
        suggestions(home.config)
    home.night()
    key = home.config.key_file
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(ConfigError, match="no key here; addresses are for who holds it"):
        unresolved(home.config, "organisation")
    key.write_bytes(b"0" * 64)
    key.chmod(0o600)
    with pytest.raises(ConfigError, match="another key than that of"):
        suggestions(home.config)
    key.write_bytes(kept)
    key.chmod(0o644)
    with pytest.raises(ConfigError, match="others can read the key"):
        suggestions(home.config)


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('valid_to = "sometimes"', "people.valid_to"),
        ('[people.units]\n"A" = "B"\n"B" = "C"', "'A' = 'B', and 'B' = 'C'; write 'A' = 'C'"),
        ('[people.units]\n"A" = [{unit = "A"}, {unit = "B"}]', "'B' does not end after the row before it"),
        ('[people.units]\n"A" = [{unit = "B", boundary = "region"}]', "boundary 'region' is not among"),
        ('[people.units]\n"A" = [{unit = "B", till = 2026-01-01}]', "unknown field `till`"),
    ],
)  # fmt: skip
def test_settings_that_contradict_themselves_are_told(home: Home, more: str, words: str) -> None:
    home.settings(more)
    with pytest.raises(ConfigError) as error:
        home.config  # noqa: B018
    assert words in str(error.value)


def test_units_of_one_person_lose_their_name_and_find_it_back_with_a_second(home: Home) -> None:
    settings = home.folder / "tieline.toml"
    settings.write_text(settings.read_text().replace("merge_singles = false", ""))
    home.night()
    assert home.units() == [
        ("organisation", "Een", "directory", 2), ("organisation", "Twee", "domain", 2),
        ("team", "(other)", "directory", 2),
    ]  # fmt: skip
    (home.folder / "first.csv").write_text(PEOPLE + "eva@een.example,Eva Smit,Een,Dijken\n")
    home.night()
    assert ("team", "Dijken", "directory", 2) in home.units()
    assert home.ask("SELECT count(*) FROM stale_day")[0][0] > 0


def test_settings_of_people_work_together(home: Home) -> None:
    home.settings(
        'valid_to = "excluded"\n[people.units]\n"Een" = [{unit = "Een", until = 2026-03-02}, {unit = "Een en Drie"}]'
    )
    (home.folder / "first.csv").write_text(
        "email,organisation,valid_to\nanna@een.example,Een,2026-04-01\nanna@een.example,Vier,\n"
    )
    home.night()
    rows = home.ask(
        "SELECT unit, valid_to::VARCHAR, share FROM membership WHERE origin = 'directory' ORDER BY valid_to, unit"
    )
    assert rows == [
        ("Een", "2026-03-02", 0.5), ("Vier", "2026-03-02", 0.5),
        ("Een en Drie", "2026-03-31", 0.5), ("Vier", "2026-03-31", 0.5), ("Vier", "9999-12-31", 1.0),
    ]  # fmt: skip
