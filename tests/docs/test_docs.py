"""Pages that are generated are what the code says; pages that are written promise nothing untrue."""

from __future__ import annotations

import re
import runpy
import shlex
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import click
import msgspec
import polars as pl
import pytest

from flows import config
from flows.config_read import read_config
from flows.cli import tieline
from flows.options import BUSY, FAILED, OK, REFUSED, USAGE
from tests.network import INPUTS, build, empty_warehouse, fill, rows
from tests.sources.golden import whole
from transforms.model import FOLDERS, read_models
from transforms.people import organisation_of
from transforms.sources import SOURCES, generic
from transforms.sources.base import Options
from transforms.sources.directory import read_directory
from warehouse import schema
from warehouse.serving import mart

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
WRITTEN = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])
ENTRY = re.compile(r"^(?:#+ |\| )`([^`]+)`", re.MULTILINE)


def test_long_tests_are_there() -> None:
    _, *names = (ROOT / "tests" / "long.txt").read_text(encoding="utf-8").splitlines()
    for name in names:
        path, _, test = name.partition("::")
        assert (f"def {test}(" if test else "def test_") in (ROOT / path).read_text(encoding="utf-8"), name


@cache
def generated() -> dict[str, str]:
    pages: dict[str, str] = runpy.run_path(str(DOCS / "generate.py"))["pages"]()
    return pages


def entries(page: str) -> set[str]:
    """What has a heading or a table row of its own."""
    return set(ENTRY.findall((DOCS / page).read_text(encoding="utf-8")))


def fences(path: Path, language: str) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


# --- generated pages ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["commands.md", "data-dictionary.md", "formats.md", "metrics.md", "metrics.nl.md", "settings.md"],
)
def test_page_is_what_the_code_says(name: str) -> None:
    committed = (DOCS / name).read_text(encoding="utf-8")
    if committed != generated()[name]:
        pytest.fail(f"docs/{name} is not what the code says; run: make docs")


def test_every_generated_page_is_held_to_the_code() -> None:
    made = "<!-- Made by docs/generate.py"
    assert {path.name for path in WRITTEN if made in path.read_text(encoding="utf-8")} == {
        *generated()
    }


def test_every_command_has_its_entry() -> None:
    assert {f"tieline {name}" for name in tieline.commands} <= entries("commands.md")


def test_every_exit_code_is_explained() -> None:
    page = (DOCS / "commands.md").read_text(encoding="utf-8")
    codes = {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}
    assert {OK, FAILED, USAGE, REFUSED, BUSY} <= codes


def test_every_format_has_its_entry_and_an_example() -> None:
    assert set(SOURCES) <= entries("formats.md")
    blocks = "\n".join(fences(DOCS / "formats.md", "toml"))
    assert set(re.findall(r'^format = "(.+)"$', blocks, re.MULTILINE)) == set(SOURCES)


def test_every_metric_has_its_entry_in_both_languages() -> None:
    for language, name in (("en", "metrics.md"), ("nl", "metrics.nl.md")):
        page = (DOCS / name).read_text(encoding="utf-8")
        for model in read_models():
            if model.header is not None:
                for measure in model.header["measures"]:
                    assert f"| `{model.name}.{measure}` |" in page, (model.name, measure)
                for part in ("title", "definition", "example", "reading"):
                    words = model.header[f"{part}_{language}"].replace("*", "\\*").replace("<", "\\<")
                    assert words in page, (model.name, part)


def test_every_setting_has_its_entry() -> None:
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    sections = dict(
        re.findall(r"^## `\[+(\w+)\]+`\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    )
    defaults = msgspec.structs.asdict(config.Settings()) | {"source": config.SourceFiles}
    assert set(sections) == set(defaults)
    for name, struct in defaults.items():
        assert set(ENTRY.findall(sections[name])) == {
            f.name for f in msgspec.structs.fields(struct)
        }


def test_every_table_and_column_has_its_entry() -> None:
    found = entries("data-dictionary.md")
    published = (*mart.TABLES, *mart.VIEWS)
    assert {f"mart.{item.name}" for item in published} <= found
    assert {table.name for table in schema.WAREHOUSE} <= found
    models = [model for model in read_models() if model.header is None]
    assert {model.name for model in models} <= found
    columns = {column.name for item in (*published, *schema.WAREHOUSE) for column in item.columns}
    assert columns | {name for model in models for name in model.comments if name} <= found


# --- what the pages promise --------------------------------------------------------------------


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    text = re.sub(
        r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"\w+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        assert target.exists(), f"{path.name}: {link}: no such file"
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), f"{path.name}: {link}: no such heading"


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def quoted_commands(text: str) -> list[str]:
    """What stands behind `tieline` in blocks, to two spaces or the next command, and in `code`."""
    fence = re.compile(r"^```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    blocks = re.sub(r"\s*\\\n\s*", " ", "\n".join(fence.findall(text)))
    behind = (
        r"(?<!Usage: )(?<![\w.`-])tieline ((?:[a-z]|--help|--version).*?)(?=\s{2,}|&& tieline|$)"
    )
    spans = re.findall(r"`tieline ([a-z-][^`\n]*)`", fence.sub("", text))
    return re.findall(behind, blocks, re.MULTILINE) + spans


def parse(line: str) -> None:
    """Parse a command line as the shell and click do, without doing anything.

    A command alone may be just its name in a sentence, so what it needs is not asked for.
    """
    if line in tieline.commands:
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
    lexer.whitespace_split = True
    words = []
    for word in lexer:
        if set(word) <= set("();<>|&"):
            break
        words.append(word)
    try:
        with tieline.make_context("tieline", list(words)) as whole_line:
            name, command, rest = tieline.resolve_command(
                whole_line, [*whole_line._protected_args, *whole_line.args]
            )
            assert command is not None
            command.make_context(name, rest, parent=whole_line)
    except click.exceptions.Exit:  # --help and --version have printed
        pass


COMMAND_LINES = [
    (path.name, line)
    for path in WRITTEN
    for line in quoted_commands(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("page", "line"), COMMAND_LINES, ids=lambda value: value)
def test_quoted_command_line_is_one_that_tieline_takes(
    page: str, line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIELINE_WEBHOOK", "https://hooks.example/x")  # pages leave the secret out
    try:
        parse(line)
    except click.ClickException as error:
        pytest.fail(f"{page}: tieline {line}: {error.format_message()}")


def test_command_lines_are_found_and_wrong_ones_refused() -> None:
    text = "`tieline runs`\n```console\n$ cd x && .venv/bin/tieline run \\\n  --weit 3 > log\n```\n"
    assert quoted_commands(text) == ["run --weit 3 > log", "runs"]
    for line in (
        "runs",
        "run --weit 3",
        "trends --grain year",
        "trends --since yesterday",
        "init a b",
    ):
        with pytest.raises(click.ClickException):
            parse(line)


def test_quoted_options_behind_trends_are_taken() -> None:
    """docs/demo.md tells what to put behind `tieline trends`."""
    told = re.findall(r"`(--metric [^`]+)`", (DOCS / "demo.md").read_text(encoding="utf-8"))
    assert told
    measures = {
        f"{m.name}.{measure}" for m in read_models() if m.header for measure in m.header["measures"]
    }
    for options in told:
        parse(f"trends {options}")
        assert shlex.split(options)[1] in measures


def test_quoted_make_targets_exist() -> None:
    targets = set(
        re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    )
    for path in WRITTEN:
        told = set(re.findall(r"[`$] ?make ([a-z][\w-]*)", path.read_text(encoding="utf-8")))
        assert told <= targets, path.name


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_quoted_settings_are_accepted(path: Path, tmp_path: Path) -> None:
    for block in fences(path, "toml"):
        settings = tmp_path / "tieline.toml"
        settings.write_text(block, encoding="utf-8")
        read_config(settings, tmp_path)


# --- examples do what the page says ------------------------------------------------------------


def test_mapped_table_gives_the_tie_that_the_page_tells(tmp_path: Path) -> None:
    table = next(t for t in fences(DOCS / "formats.md", "csv") if t.startswith("timestamp"))
    settings = next(t for t in fences(DOCS / "formats.md", "toml") if 'format = "csv"' in t)
    (tmp_path / "events.csv").write_text(table, encoding="utf-8")
    (tmp_path / "tieline.toml").write_text(settings, encoding="utf-8")
    source = read_config(tmp_path / "tieline.toml", tmp_path).settings.source[0]
    batch = whole(generic.SOURCE_CSV, tmp_path / "events.csv", Options(mapping=source.mapping))
    assert batch.rejects.is_empty()
    assert batch.events["container_key"].n_unique() == 1
    assert batch.events["started_at"].dt.date().n_unique() == 1
    assert batch.participations["address"].to_list() == [
        "anna@gemeente.example",
        "bram@welzijn.example",
    ]


def test_directory_gives_the_units_that_the_page_tells(tmp_path: Path) -> None:
    table = next(t for t in fences(DOCS / "formats.md", "csv") if t.startswith("email"))
    settings = next(t for t in fences(DOCS / "formats.md", "toml") if "directories" in t)
    (tmp_path / "people.csv").write_text(table, encoding="utf-8")
    (tmp_path / "tieline.toml").write_text(settings, encoding="utf-8")
    read = read_config(tmp_path / "tieline.toml", tmp_path)
    found = read_directory(tmp_path / "people.csv", read.settings.people.boundaries)
    assert found.rejects.is_empty()
    bram = found.members.filter(address="bram@welzijn.example", boundary="organisation")
    assert sorted(bram["unit"]) == ["Gemeente", "Welzijn", "Welzijn"]
    assert bram.filter(pl.col("share") == 0.5).height == 2
    assert found.aliases["alias"].to_list() == ["a.jansen@gemeente.example"]
    assert organisation_of("wijk.politie.example", read.domains) == "Politie"


def test_reader_of_the_page_reads(tmp_path: Path) -> None:
    path = tmp_path / "calls.py"
    path.write_text(fences(DOCS / "adding.md", "python")[0], encoding="utf-8")
    spec = spec_from_file_location("calls", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    calls = tmp_path / "calls.tsv"
    calls.write_text(
        "2026-03-02 09:15\tanna@a.example\tbram@b.example\nrubbish\n2026-03-02 09:15\tanna@a.example\t\n"
        "1980-01-01 10:00\tanna@a.example\tbram@b.example\n",
        encoding="utf-8",
    )
    batch = whole(module.SOURCE, calls)
    assert (batch.records, batch.skipped) == (4, 1)
    assert batch.rejects["position"].to_list() == [2, 3]
    assert (
        batch.events.select("started_at", "initiator").rows()[0][0].isoformat()
        == "2026-03-02T08:15:00+00:00"
    )
    assert set(batch.participations.select("address", "role").rows()) == {
        ("anna@a.example", "from"), ("bram@b.example", "to"),
    }  # fmt: skip


def test_metric_of_the_page_gives_its_numbers(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics"
    metrics.mkdir()
    (metrics / "tie_strength.sql").write_text(
        fences(DOCS / "adding.md", "sql")[0], encoding="utf-8"
    )
    (tmp_path / "expect.csv").write_text(fences(DOCS / "adding.md", "csv")[0], encoding="utf-8")
    needed = ("calendar", "line", "tie_strength")
    models = [m for m in read_models([FOLDERS[0], metrics]) if m.header is None or m.name in needed]
    with empty_warehouse() as con:
        fill(con, INPUTS / "t1")
        build(con, models)
        for row in rows(tmp_path / "expect.csv"):
            numbers = con.execute(
                "SELECT value, numerator, denominator FROM metric_value WHERE metric = 'tie_strength'"
                " AND (measure, grain, period, channel, unit, other_unit) = (?, ?, ?::DATE, ?, ?, ?)",
                [
                    row[key]
                    for key in ("measure", "grain", "period", "channel", "unit", "other_unit")
                ],
            ).fetchall()
            expected = tuple(float(row[key]) for key in ("value", "numerator", "denominator"))
            assert numbers == [pytest.approx(expected)]
