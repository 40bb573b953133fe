"""What partners and settings call things is data: no SQL, no markup, no secret, and nobody else's to read."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.config import SETTINGS
from flows.tables import harmless, show
from tests.flows.conftest import KEY
from tests.plain_night import night
from tests.quality.test_data_docs import Page
from warehouse.schema import one_of, quoted

HOSTILE = (
    "O'Brien'; DROP TABLE event; --",
    '"; DELETE FROM membership; --',
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '=HYPERLINK("http://x.example")',
    "$k ? :name {x} %s \\",
    "[red]x[/green]",
    "\x1b[2Jgone",
)
UNITS = HOSTILE[:4]
PEOPLE = [f"p{n}@{part}.example" for part in ("een", "twee") for n in range(6)]


def toml(text: str) -> str:
    """A basic string of TOML is that of JSON."""
    return json.dumps(text)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which everything that can have a name has a bad one, after a night."""
    home = tmp_path_factory.mktemp("hostile") / "ho'me; --"
    for folder in ("secret", "in'comi;ng", "people"):
        (home / folder).mkdir(parents=True)
    (home / "secret/tieline.key").write_text(KEY)
    (home / "secret/tieline.key").chmod(0o600)
    boundary, column = "team' OR 1=1 --", "t'o"
    rows = [f'email,organisation,"{boundary}"'] + [
        '"{}","{}","{}"'.format(
            address, *(UNITS[n // 6 * 2 + k].replace('"', '""') for k in (0, 1))
        )
        for n, address in enumerate(PEOPLE)
    ]
    (home / "people/a'b.csv").write_text("\n".join([*rows, ""]))
    lines = [f"time,from,{column}"] + [
        f"2026-03-{1 + n:02}T1{k}:00:00Z,{PEOPLE[k]},{PEOPLE[6 + (k + n) % 6]}"
        for n in range(20) for k in range(6)
    ]  # fmt: skip
    bad = [f"<script>alert(2)</script>,{PEOPLE[0]},{PEOPLE[7]}"]
    (home / "in'comi;ng/<b>o'k;.csv").write_text("\n".join([*lines, *bad, ""]))
    (home / "in'comi;ng/<script>alert(3).csv").write_text("\n".join([lines[0], *bad * 30]))
    sources = "".join(
        f'[[source]]\nname = {toml(name)}\npartner = {toml(HOSTILE[2])}\nformat = "csv"\n'
        f"files = {toml(files)}\n"
        f'mapping = {{ time = "time", sender = "from", recipient = {toml(column)} }}\n'
        for name, files in ((HOSTILE[0], "in'comi;ng/<b>*"), (HOSTILE[2], "in'comi;ng/<s*"))
    )
    (home / SETTINGS).write_text(
        f"[network]\nname = {toml(HOSTILE[3])}\n"
        f'[people]\ndirectories = ["people/*.csv"]\nboundaries = ["organisation", {toml(boundary)}]\n'
        + sources
    )
    night(home)
    return home


def ask(home: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(home / "warehouse/tieline.duckdb"), read_only=True) as con:
        return con.execute(query).fetchall()


@pytest.mark.slow
def test_names_arrive_as_they_are_and_do_nothing(hostile: Path) -> None:
    assert ask(hostile, "SELECT count(*) FROM event") == [(120,)]
    assert {unit for (unit,) in ask(hostile, "SELECT DISTINCT unit FROM membership")} >= set(UNITS)
    assert ask(hostile, "SELECT DISTINCT source FROM observation") == [(HOSTILE[0],)]
    with duckdb.connect(str(hostile / "published/current/bi.duckdb"), read_only=True) as con:
        units = con.execute("SELECT DISTINCT unit FROM mart.metric_value").fetchall()
    assert {unit for (unit,) in units} >= set(UNITS[::2])


@pytest.mark.slow
def test_pages_hold_no_markup_of_partners(hostile: Path) -> None:
    pages = list((hostile / "data-docs").rglob("*.html"))
    assert len(pages) >= 5
    text = ""
    for path in pages:
        page = Page(path.read_text(encoding="utf-8"))
        assert not {"script", "img"} & set(page.tags), path
        text += page.text
    assert "alert(3)" in text, "the refused file is told by its name"


@pytest.mark.slow
def test_every_file_is_its_owners_but_the_published_ones(hostile: Path) -> None:
    made = [
        path for path in hostile.rglob("*")
        if path.relative_to(hostile).parts[0] in {"warehouse", "published", "data-docs"}
    ]  # fmt: skip
    assert len(made) > 10
    for path in made:
        mode = stat.S_IMODE(path.lstat().st_mode)
        if path.is_symlink():
            continue
        if path.relative_to(hostile).parts[0] == "published":
            assert mode & 0o022 == 0, (path, oct(mode))
        else:
            assert mode & 0o077 == 0, (path, oct(mode))


@pytest.mark.slow
def test_no_key_and_no_address_in_what_a_night_writes(
    hostile: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    night(hostile)
    out = "".join(capfd.readouterr())
    secrets = re.compile("|".join(map(re.escape, [KEY, *PEOPLE])))
    assert not secrets.search(out)
    for path in hostile.rglob("*"):
        top = path.relative_to(hostile).parts[0]
        if (
            not path.is_file()
            or top in {"secret", "in'comi;ng", "people"}
            or "identity" in path.parts
        ):
            continue
        assert not secrets.search(path.read_bytes().decode("latin-1")), path
    for (found,) in ask(hostile, "SELECT coalesce(record, '') || reason FROM quarantine"):
        assert not secrets.search(found)


names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=40)


@settings(max_examples=300)
@given(st.lists(names, min_size=1, max_size=3))
def test_a_quoted_text_is_that_text(texts: list[str]) -> None:
    with duckdb.connect() as con:
        for text in texts:
            assert con.execute(f"SELECT {quoted(text)}").fetchall() == [(text,)]
        found = con.execute(f"SELECT {quoted(texts[-1])} IN {one_of(tuple(texts))}").fetchall()
    assert found == [(True,)]


def test_a_terminal_obeys_no_name(capsys: pytest.CaptureFixture[str]) -> None:
    import polars as pl

    show(pl.DataFrame({"unit": list(HOSTILE)}), HOSTILE[6] + HOSTILE[7])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert out.count("[red]x[/green]") == 2
    assert harmless("a\x1b]0;x\x07\u202eb") == "a�]0;x��b"
