"""Exports in a bucket: the copies follow it, hostile names stay out, one place that is away stops no other."""

from __future__ import annotations

import os
import stat
import time
import tomllib
from itertools import count
from pathlib import Path

import duckdb
import fsspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from flows import cli
from flows.check import check_files
from flows.config import SETTINGS, Config, ConfigError, Settings
from flows.config_read import read_config
from flows.fetch import PART, fetch
from flows.plan import found_files
from flows.quarantined import listed
from flows.remote import RemoteError, is_remote, parted, reaching, scrubbed, within
from flows.status import status
from flows.transient import is_transient
from tests.flows.conftest import ics, small_network
from tests.flows.test_incoming import HEAD, mails
from tests.plain_night import ingest

BUCKETS = count()
SOURCE = """[[source]]
name = "{name}"
format = "csv"
files = "{files}"
mapping = {{ time = "time", sender = "from", recipient = "to" }}
"""


class Bucket:
    """A place elsewhere: fsspec's own, in memory."""

    def __init__(self) -> None:
        self.files = fsspec.filesystem("memory")
        self.name = f"bucket{next(BUCKETS)}"
        self.files.mkdir(f"/{self.name}")
        self.url = f"memory://{self.name}"

    def put(self, name: str, text: str) -> None:
        self.files.pipe_file(f"/{self.name}/{name}", text.encode())

    def remove(self, name: str) -> None:
        self.files.rm_file(f"/{self.name}/{name}")


@pytest.fixture
def bucket() -> Bucket:
    return Bucket()


def home_of(folder: Path, *sources: tuple[str, str], more: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    text = "".join(SOURCE.format(name=name, files=files) for name, files in sources)
    (folder / SETTINGS).write_text(more + text)
    return folder


def ask(home: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(home / "warehouse/tieline.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


# --- copies --------------------------------------------------------------------------------------

NAMES = st.sampled_from(["a.csv", "b.csv", "in/a.csv", "in/deep/a.csv", "in", "c.txt", ".part.csv"])
STEPS = st.lists(st.tuples(NAMES, st.one_of(st.none(), st.text("xy", max_size=3))), max_size=8)


@given(
    nights=st.lists(STEPS, min_size=1, max_size=4),
    rest=st.sampled_from(["", "/*.csv", "/**/*.csv"]),
)
@settings(max_examples=60)
def test_copies_are_what_the_bucket_holds(
    nights: list[list[tuple[str, str | None]]], rest: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is written, overwritten and deleted between nights, folders in the place of files too."""
    bucket = Bucket()
    config = read_config(
        home_of(tmp_path_factory.mktemp("home"), ("a", bucket.url + rest)) / SETTINGS
    )
    there: dict[str, str] = {}
    for steps in nights:
        for name, text in steps:
            if text is None and name in there:
                bucket.remove(name)
                del there[name]
            elif text is not None and not any(
                one.startswith(f"{name}/") or name.startswith(f"{one}/") for one in there
            ):
                bucket.put(name, text)
                there[name] = text
        fetched = fetch(config, bucket.url + rest)
        wanted = {
            name: text for name, text in there.items()
            if not name.startswith(".")
            and (not rest or name.endswith(".csv"))
            and (rest != "/*.csv" or "/" not in name)
        }  # fmt: skip
        copies = config.place(bucket.url)
        found = {
            str(path.relative_to(copies)): path.read_text()
            for path in copies.rglob("*") if path.is_file()
        }  # fmt: skip
        assert found == wanted
        assert (fetched.files, fetched.refused) == (len(wanted), ())
        assert fetch(config, bucket.url + rest).new == 0


def test_only_what_changed_is_fetched(bucket: Bucket, tmp_path: Path) -> None:
    config = read_config(home_of(tmp_path / "home", ("a", f"{bucket.url}/*.csv")) / SETTINGS)
    bucket.put("a.csv", "one")
    bucket.put("b.csv", "two")
    assert fetch(config, f"{bucket.url}/*.csv")[:3] == (2, 2, 6)
    bucket.put("b.csv", "too")
    assert fetch(config, f"{bucket.url}/*.csv")[:3] == (2, 1, 3)


def test_copies_are_their_owners_and_what_a_killed_run_left_goes(
    bucket: Bucket, tmp_path: Path
) -> None:
    config = read_config(home_of(tmp_path / "home", ("a", f"{bucket.url}/in")) / SETTINGS)
    bucket.put("in/a.csv", "one")
    fetch(config, f"{bucket.url}/in")
    copy = config.place(f"{bucket.url}/in/a.csv")
    half = copy.with_name(f".b.csv{PART}")
    half.write_text("ha")
    fetch(config, f"{bucket.url}/in")
    assert not half.exists()
    assert stat.S_IMODE(config.copies.stat().st_mode) == 0o700
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600


def test_names_that_lead_elsewhere_become_no_file(bucket: Bucket, tmp_path: Path) -> None:
    config = read_config(home_of(tmp_path / "home", ("a", bucket.url)) / SETTINGS)
    for name in ("../evil.csv", "in/../../evil.csv", "x" * 250 + ".csv"):
        bucket.files.store[f"/{bucket.name}/{name}"] = bucket.files.store.get("x") or _object(name)
    bucket.put("good.csv", "x")
    fetched = fetch(config, bucket.url)
    assert fetched.files == 1
    assert len(fetched.refused) == 3
    made = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.name for path in made} == {SETTINGS, "good.csv", ".lock"}


def _object(name: str) -> object:
    from fsspec.implementations.memory import MemoryFile

    return MemoryFile(fsspec.filesystem("memory"), name, b"x")


# --- nights --------------------------------------------------------------------------------------


def test_a_bucket_is_read_as_a_folder_is(bucket: Bucket, tmp_path: Path) -> None:
    home = home_of(tmp_path / "home", ("mail", f"{bucket.url}/out/*.csv"))
    bucket.put("out/a.csv", mails(0, 30))
    assert ingest(home).files == 1
    assert ask(home, "SELECT path, events FROM source_file") == [(f"{bucket.url}/out/a.csv", 30)]
    assert ingest(home).files == 0
    bucket.put("out/a.csv", mails(0, 40))
    assert ingest(home).files == 1
    bucket.remove("out/a.csv")
    bucket.put("out/renamed.csv", mails(0, 40))
    assert ingest(home).files == 0
    assert ask(home, "SELECT path, events FROM source_file") == [
        (f"{bucket.url}/out/renamed.csv", 40)
    ]
    assert ask(home, "SELECT count(*) FROM event") == [(40,)]


def test_a_place_that_is_away_is_told_and_stops_no_other(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("out/a.csv", mails(0, 30))
    away = f"memory://nowhere{bucket.name}/*.csv"
    home = home_of(tmp_path / "home", ("away", away), ("mail", f"{bucket.url}/out"))
    done = ingest(home)
    assert done.files == 1
    assert done.refused == [f"{away}: no such bucket or folder; mend the address, or have it made"]
    found = status(read_config(home / SETTINGS))
    assert [one.words for one in found.needs if one.kind == "refused"] == done.refused
    assert listed(read_config(home / SETTINGS))["file"].to_list() == [away]
    assert ingest(home).refused == done.refused, "every night"
    bucket.files.mkdir(f"/nowhere{bucket.name}")
    assert ingest(home).refused == []
    assert ask(home, "FROM quarantine") == []
    told = "SELECT refused FROM run_source WHERE source = 'away' ORDER BY run_id"
    assert ask(home, told) == [(1,), (1,), (0,)]


def test_a_directory_elsewhere_tells_who_belongs_where(bucket: Bucket, tmp_path: Path) -> None:
    rows = (
        f"{who}{n}@{unit}.example,{unit}"
        for who, unit in (("p", "een"), ("q", "twee"))
        for n in range(2)
    )
    bucket.put("people.csv", "\n".join(["email,organisation", *rows]))
    bucket.put("a.csv", mails(0, 3))
    home = home_of(
        tmp_path / "home", ("mail", f"{bucket.url}/a.csv"),
        more=f'[people]\ndirectories = ["{bucket.url}/people.csv"]\n',
    )  # fmt: skip
    assert ingest(home).refused == []
    assert ask(home, "SELECT DISTINCT unit FROM membership ORDER BY 1") == [("een",), ("twee",)]


def test_copies_go_after_the_night_where_they_are_not_kept(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("a.csv", mails(0, 30))
    bucket.put("bad.csv", f"{HEAD}\nnever,a@x.example,b@y.example\n")
    home = home_of(
        tmp_path / "home", ("mail", f"{bucket.url}/*.csv"), more="[remote]\nkeep = false\n"
    )
    config = read_config(home / SETTINGS)
    done = ingest(home)
    assert (done.files, len(done.refused)) == (2, 1)
    left = [path.name for path in config.copies.rglob("*.csv")]
    assert left == ["bad.csv"], "what was refused can be looked at"
    assert ingest(home).events == 0, "fetched anew, and not read again"
    bucket.put("a.csv", mails(0, 31))
    assert ingest(home).events == 31
    assert check_files(config).files["events"].to_list() == [31, 0]
    assert not list(config.copies.rglob("*.csv"))


def test_check_tells_what_cannot_be_fetched(tmp_path: Path) -> None:
    config = read_config(home_of(tmp_path / "home", ("a", "memory://nobody/*.csv")) / SETTINGS)
    assert "no such bucket" in check_files(config).problems[0]
    assert found_files(config).files == []


def test_check_of_a_folder_elsewhere_says_what_to_write(bucket: Bucket, tmp_path: Path) -> None:
    bucket.put("in/gemeente/a.ics", ics(small_network(weeks=2).meetings))
    bucket.put("in/people.csv", "email,organisation\np0@een.example,Een\nq0@twee.example,Twee\n")
    address = f"{bucket.url}/in"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        ran = CliRunner().invoke(cli.tieline, ["check", address])
    assert ran.exit_code == 0, ran.output
    written = tomllib.loads(ran.output.partition("tieline.toml:")[2])
    assert [one["format"] for one in written["source"]] == ["icalendar"]
    assert written["source"][0]["files"].startswith(f"{address}/gemeente/")
    assert written["people"]["directories"][0].startswith(f"{address}/")
    assert list(tmp_path.iterdir()) == [], "nothing stays"


# --- addresses and secrets -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("s3://AKIA:hunter2hunter2@bucket/*.csv", "a password or token in the address"),
        ("az://box/a?sig=hunter2hunter2", "a password or token in the address"),
        ("s3://bucket/../x", ".. in it"),
        ("s3://buck*/x", "name one"),
        ("file:///etc/passwd", "without file://"),
        ("zip://a.csv::s3://bucket/a.zip", "chained"),
    ],
)  # fmt: skip
def test_an_address_with_a_secret_or_a_trick_is_refused(
    tmp_path: Path, address: str, words: str
) -> None:
    for text in (
        SOURCE.format(name="a", files=address),
        f'[people]\ndirectories = ["{address}"]\n',
    ):
        (tmp_path / SETTINGS).write_text(text)
        with pytest.raises(ConfigError, match=words) as told:
            read_config(tmp_path / SETTINGS)
        assert "hunter2" not in str(told.value)


def test_options_name_secrets_and_hold_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = '[remote.options."sftp://host"]\npassword = "WORD"\n' + SOURCE.format(
        name="a", files="sftp://host/x"
    )
    (tmp_path / SETTINGS).write_text(text.replace("WORD", "hunter2hunter2"))
    with pytest.raises(ConfigError, match='password = "\\$VARIABLE"') as told:
        read_config(tmp_path / SETTINGS)
    assert "hunter2" not in str(told.value)
    (tmp_path / SETTINGS).write_text(text.replace("WORD", "$HIDDEN_WORD"))
    monkeypatch.delenv("HIDDEN_WORD", raising=False)
    with pytest.raises(RemoteError, match="the environment has no HIDDEN_WORD"):
        fetch(read_config(tmp_path / SETTINGS), "sftp://host/x")
    for table in ("excluded", "consent"):
        (tmp_path / SETTINGS).write_text(f'[people]\n{table} = ["s3://bucket/list.txt"]\n')
        with pytest.raises(ConfigError, match="must be on this machine"):
            read_config(tmp_path / SETTINGS)


def test_messages_hold_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2hunter2")
    words = scrubbed("no https://me:pw@x/y?sig=abc for hunter2hunter2 or letmein99", ["letmein99"])
    assert words == "no https://***@x/y for *** or ***"


def test_a_place_that_does_not_answer_is_given_up() -> None:
    assert within(5, lambda: 3) == 3
    with pytest.raises(RemoteError, match="no answer within") as told, reaching("s3://x/y", {}):
        within(0.01, lambda: time.sleep(0.5))
    assert is_transient(told.value)


def test_a_package_that_is_not_there_is_named_and_not_waited_for(tmp_path: Path) -> None:
    config = read_config(home_of(tmp_path / "home", ("a", "nosuch://x/y")) / SETTINGS)
    with pytest.raises(RemoteError, match="nothing is known of nosuch://") as told:
        fetch(config, "nosuch://x/y")
    assert not is_transient(told.value)


paths = st.text(
    st.characters(exclude_characters="/\0:$%~", exclude_categories=["Cs"]), min_size=1, max_size=8
)


def test_an_address_parts_before_the_first_star() -> None:
    assert parted("s3://bucket/a/b*/c.csv") == ("s3://bucket/a", "b*/c.csv")
    assert parted("sftp://me@host:2222/srv/out") == ("sftp://me@host:2222/srv/out", "")
    assert parted("s3://bucket/2026-0?.csv") == ("s3://bucket", "2026-0?.csv")


@given(st.lists(paths.filter(lambda one: one not in {".", ".."}), min_size=1, max_size=4))
@settings(max_examples=200)
def test_a_copy_tells_its_address(parts: list[str]) -> None:
    config = Config(path=Path("/home/tieline.toml"), home=Path("/home"), settings=Settings())
    address = "s3://" + "/".join(parts)
    assert is_remote(address)
    assert config.relative(config.place(address)) == address
    assert config.place(address).is_relative_to(config.copies)
    assert not os.path.relpath(config.place(address), config.copies).startswith("..")
