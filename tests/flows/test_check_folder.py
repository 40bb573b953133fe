"""`tieline check FOLDER`: what every file is, and what to write in tieline.toml."""

from __future__ import annotations

import json
import os
import re
import shutil
import tomllib
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

from flows import cli
from flows.config import Config, Settings
from flows.config_read import read_config
from flows.globs import patterns
from flows.mapping import first_records, proposed
from flows.plan import export_files
from flows.recognise import recognise
from flows.survey import Survey, settings_near, survey
from tests.flows.conftest import Ran

SOURCES = Path(__file__).resolve().parents[1] / "sources"
PEOPLE = """\
email,aliases,organisation,team,city,valid_from,valid_to
anna@gemeente.example,a.jansen@gemeente.example,Gemeente,Jeugd,Rijnoever,,
ben@gemeente.example,,Gemeente,Zorg,Rijnoever,,2026-03-31
cor@welzijn.example,,Welzijn,Wijk,Meer,2026-01-01,
dirk@welzijn.example,,Welzijn,Wijk,Meer,,
"""


def mail(number: int, sender: str, *to: str) -> str:
    return (
        f"From x Mon Mar  2 09:00:00 2026\nFrom: {sender}\nTo: {', '.join(to)}\n"
        f"Date: Mon, {number} Mar 2026 09:00:00 +0100\nMessage-ID: <{number}@x.example>\n\ntext\n\n"
    )


def meeting(number: int, *people: str) -> str:
    attendees = "".join(f"ATTENDEE:mailto:{person}\r\n" for person in people)
    return (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n"
        f"UID:{number}@x.example\r\nDTSTART:202603{number:02}T090000Z\r\nDTEND:202603{number:02}T100000Z\r\n"
        f"ORGANIZER:mailto:{people[0]}\r\n{attendees}END:VEVENT\r\n"
        "BEGIN:VEVENT\r\nUID:broken@x.example\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )


@pytest.fixture
def exports(tmp_path: Path) -> Path:
    """Two partners, a directory, a table with columns of its own, and what nobody knows."""
    folder = tmp_path / "exports"
    for name in ("directory", "gemeente", "welzijn", ".hidden"):
        (folder / name).mkdir(parents=True)
    (folder / "directory/people.csv").write_text(PEOPLE)
    anna, ben, cor = "anna@gemeente.example", "ben@gemeente.example", "cor@welzijn.example"
    (folder / "gemeente/post.mbox").write_text(
        mail(2, anna, cor) + mail(3, "A.Jansen@gemeente.example", ben, "eva@politie.example")
        + mail(4, "no-reply@gemeente.example", "eva@politie.example", "fred@gmail.com")
    )  # fmt: skip
    (folder / "gemeente/agenda-1.ics").write_text(meeting(5, anna, cor), newline="")
    (folder / "gemeente/agenda-2.ics").write_text(meeting(9, anna, ben), newline="")
    rows = [
        f"0{n}-03-2026 10:00;Z-{n % 2};{who};note" for n, who in enumerate([cor, anna, ben, cor], 1)
    ]
    (folder / "welzijn/zaken.csv").write_text("\n".join(["Datum;Zaak;Medewerker;Actie", *rows, ""]))
    (folder / "welzijn/brief.pdf").write_bytes(b"%PDF-1.7 ...")
    (folder / "welzijn/.old.ics").write_text("rubbish")
    (folder / ".hidden/x.mbox").write_text(mail(2, anna, cor))
    return folder


def call(*arguments: object) -> Ran:
    done = CliRunner().invoke(cli.tieline, [str(a) for a in arguments], catch_exceptions=False)
    return Ran(done.exit_code, done.stdout, done.stderr)


def look_at(folder: Path) -> Survey:
    return survey(folder, settings_near(folder))


# --- what is printed -----------------------------------------------------------------------------


def test_every_file_has_its_line(exports: Path) -> None:
    ran = call("check", exports)
    assert ran.code == 0
    table = ran.out.partition("\n\n")[0].splitlines()
    assert table[0].split() == [
        "file", "format", "sure", "from", "to", "records", "rejects", "people", "known",
    ]  # fmt: skip
    assert [line.split() for line in table[2:]] == [
        ["directory/"],
        ["people.csv", "directory", "100%", "4", "0", "5"],
        ["gemeente/"],
        ["agenda-1.ics", "icalendar", "100%", "2026-03-05", "2026-03-05", "2", "1", "2", "100%"],
        ["agenda-2.ics", "icalendar", "100%", "2026-03-09", "2026-03-09", "2", "1", "2", "100%"],
        # anna, her alias, ben, cor, eva and fred; no-reply is nobody.
        ["post.mbox", "mbox", "100%", "2026-03-02", "2026-03-04", "3", "0", "6", "66%"],
        ["welzijn/"],
        ["zaken.csv", "csv", "20%", "2026-03-01", "2026-03-04", "4", "0", "3", "100%"],
    ]
    ends = {len(line) for line in table[3:] if line.endswith("%") and line.startswith("  ")}
    assert ends == {len(table[1])} == {len(table[0])}


def test_rejects_unknown_files_and_totals_are_told_below(exports: Path) -> None:
    out = call("check", exports).out
    assert (
        "4 exports in 3 formats, 1 directory of people, 1 file not known. 6 people, 4 of them"
        in out
    )
    assert (
        "  2  has no start\n      at gemeente/agenda-1.ics line 11, gemeente/agenda-2.ics line 11\n"
        in out
    )
    assert "Not known, so not read:\n  welzijn/brief.pdf\n      a PDF; ask for" in out
    assert "hidden" not in out
    assert "old.ics" not in out


def test_nothing_is_wider_than_a_terminal(exports: Path) -> None:
    long = exports / "gemeente" / f"{'uitgebreide-naam-' * 3}agenda.ics"
    long.write_text(meeting(7, "anna@gemeente.example", "cor@welzijn.example"), newline="")
    lines = call("check", exports).out.partition("To write in")[0].splitlines()
    assert max(map(len, lines)) <= 100
    at = next(n for n, line in enumerate(lines) if long.name in line)
    assert lines[at + 1].split()[0] == "icalendar"


def test_files_that_must_be_mended_end_with_1(exports: Path) -> None:
    (exports / "gemeente/post.mbox").write_text(
        mail(2, "a@a.example", "b@b.example").replace("Date", "Data")
    )
    ran = call("check", exports)
    assert ran.code == 1
    assert (
        "To mend:\n  gemeente/post.mbox\n      1 of 1 records cannot be read, so a run" in ran.out
    )


def test_a_folder_without_exports(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(b"\x89PNG\r\n")
    ran = call("check", tmp_path)
    assert ran.code == 1
    assert "No export, 1 file not known." in ran.out
    assert ran.out.endswith(
        "No export that is known; `tieline sources` says how to get one from each tool.\n"
    )


def test_a_file_that_may_not_be_opened_is_told(
    exports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.open

    def denied(self: Path, *args: object, **named: object) -> object:  # root may read everything
        if self.name == "post.mbox":
            raise PermissionError(13, "Permission denied", str(self))
        return real(self, *args, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", denied)
    assert "cannot be opened (Permission denied)" in call("check", exports).out


def test_a_closed_folder_is_told(exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def denied(path: str | Path) -> object:  # root may read everything
        if str(path) == str(exports / "shut"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    (exports / "shut").mkdir()
    monkeypatch.setattr(os, "scandir", denied)
    told = call("check", exports).out
    assert "\n  shut\n      a folder that cannot be opened\n" in told


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(cli.ConfigError, match="nowhere: no such folder; name the one"):
        call("check", tmp_path / "nowhere")


# --- the settings that it proposes ---------------------------------------------------------------


def proposed_settings(out: str) -> str:
    return out.partition("does it:\n\n")[2]


def test_what_it_proposes_are_settings_that_read_every_export(exports: Path) -> None:
    text = proposed_settings(call("check", exports).out)
    (exports / "tieline.toml").write_text(text)
    config = read_config(exports / "tieline.toml")
    assert [(s.name, s.partner, s.format, s.files, dict(s.mapping)) for s in config.settings.source] == [
        ("gemeente-icalendar", "Gemeente", "icalendar", "gemeente/*.ics", {}),
        ("gemeente-mbox", "Gemeente", "mbox", "gemeente/*.mbox", {}),
        ("welzijn-csv", "Welzijn", "csv", "welzijn/*.csv",
         {"time": "Datum", "time_format": "%d-%m-%Y %H:%M", "person": "Medewerker",
          "action": "Actie", "item": "Zaak"}),
    ]  # fmt: skip
    people = config.settings.people
    assert people.directories == ["directory/*.csv"]
    assert people.boundaries == ["organisation", "team", "city"]
    assert "gmail.com" in people.neutral_domains
    assert people.domains == {}
    assert re.findall(r'^# ("\S+" = ".+?") +# (\d+ \w+)$', text, re.MULTILINE) == [
        ('"politie.example" = "Politie"', "1 person")
    ]
    assert {file.label for file in export_files(config)} == {
        seen.label for seen in look_at(exports).exports
    }
    again = call("check", exports)
    assert again.out.endswith(
        f"tieline.toml names every export. Next: tieline check -s {config.path}\n"
    )
    assert call("check", "-s", exports / "tieline.toml").code == 0


def test_settings_above_give_window_zone_and_mappings(exports: Path) -> None:
    (exports / "tieline.toml").write_text(
        '[network]\ntime_zone = "Pacific/Kiritimati"\n[window]\nsince = 2026-03-04\n'
        '[people]\nnobody = ["eva@*"]\nneutral_domains = ["politie.example"]\n[[source]]\n'
        'name = "z"\nformat = "csv"\nfiles = "welzijn/*.csv"\n'
        'mapping = { time = "Datum", person = "Medewerker", item = "Actie", time_format = "%d-%m-%Y %H:%M" }\n'
    )
    seen = {
        s.label: s for s in survey(exports / "gemeente", settings_near(exports / "gemeente")).files
    }
    assert seen["post.mbox"].events == 1
    assert seen["post.mbox"].people == 1
    ran = call("check", exports)
    assert "welzijn-csv" not in ran.out
    assert f"To add to {exports / 'tieline.toml'}:" in ran.out
    elsewhere = exports.parent / "other.toml"
    elsewhere.write_text("[window]\nsince = 2030-01-01\n")
    assert "2026-03" not in call("check", exports, "-s", elsewhere).out


def test_what_tieline_itself_keeps_is_no_export(exports: Path) -> None:
    made = call("init", "--from", exports, exports)
    assert made.code == 0
    (exports / "published").mkdir()
    (exports / "published/x.mbox").write_text(mail(2, "a@a.example", "b@b.example"))
    labels = {seen.label for seen in look_at(exports).files}
    assert not [label for label in labels if label.startswith(("published", "secret", "tieline"))]


def test_files_within_an_archive_are_told_and_the_archive_named(exports: Path) -> None:
    with zipfile.ZipFile(exports / "welzijn/takeout.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in (exports / "gemeente").iterdir():
            archive.write(path, f"Takeout/{path.name}")
    found = look_at(exports)
    inside = {s.label: s.file.format for s in found.files if s.holder == "welzijn/takeout.zip"}
    assert inside == {
        "welzijn/takeout.zip/Takeout/agenda-1.ics": "icalendar",
        "welzijn/takeout.zip/Takeout/agenda-2.ics": "icalendar",
        "welzijn/takeout.zip/Takeout/post.mbox": "mbox",
    }
    (exports / "tieline.toml").write_text(proposed_settings(call("check", exports).out))
    config = read_config(exports / "tieline.toml")
    told = {(s.format, s.files) for s in config.settings.source if s.partner == "Welzijn"}
    assert told >= {("icalendar", "welzijn/*.zip"), ("mbox", "welzijn/*.zip")}
    assert set(inside) <= {file.label for file in export_files(config)}


# --- columns -------------------------------------------------------------------------------------

TABLES = [
    ("Sender,Recipient,EventDate\na@x.nl,b@x.nl,31/01/2026 10:00:00\n",
     {"time": "EventDate", "time_format": "%d/%m/%Y %H:%M:%S", "sender": "Sender", "recipient": "Recipient"}),
    ("van;aan;verzonden\na@x.nl;b@x.nl;2026-01-31T10:00:00\n",
     {"time": "verzonden", "sender": "van", "recipient": "aan"}),
    ("Meeting ID,Attendee,Start,End\n7,a@x.nl,2026-01-31 10:00,2026-01-31 11:00\n",
     {"time": "Start", "end": "End", "person": "Attendee", "event": "Meeting ID", "channel": "=meeting"}),
    ("moment,contact,dossier\n1769850000,a@x.nl,D1\n", {}),  # a number is no time unless called so
    ("timestamp,contact,dossier\n1769850000,a@x.nl,D1\n",
     {"time": "timestamp", "person": "contact", "item": "dossier"}),
    ("timestamp,contact,dossier\n20260131100000,a@x.nl,D1\n",
     {"time": "timestamp", "time_format": "%Y%m%d%H%M%S", "person": "contact", "item": "dossier"}),
    ("timestamp,contact,dossier\n202601311000,a@x.nl,D1\n",
     {"time": "timestamp", "time_format": "%Y%m%d%H%M", "person": "contact", "item": "dossier"}),
    *((f"{above}timestamp;contact;dossier\n2026-01-31 10:00;a@x.nl;D1\n2026-01-31 11:00;b@x.nl;D1\n",
       {"time": "timestamp", "person": "contact", "item": "dossier"})
      for above in ("sep=;\n", '#TYPE Selected.Row, "x"\n\n', "\ufeffsep=;\r\n")),
    ("user,role\na@x.nl,chair\n", {}),  # no time
    ("timestamp,user\n2026-01-31T10:00:00,a@x.nl\n", {}),  # nothing that people share
    ("2026-01-31T10:00:00,a@x.nl,D1\n2026-01-31T10:00:00,b@x.nl,D1\n", {}),  # no header
]  # fmt: skip


@pytest.mark.parametrize(("text", "mapping"), TABLES)
def test_columns_are_told_by_name_and_content(
    text: str, mapping: dict[str, str], tmp_path: Path
) -> None:
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    assert proposed(first_records(path, "csv")) == mapping
    assert recognise(path).mapping == mapping


@pytest.mark.parametrize("form", ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m-%d-%Y", "%d-%m-%Y"])
def test_which_of_day_and_month_comes_first_is_told_by_all_records(
    form: str, tmp_path: Path
) -> None:
    """Two weeks of January: 12 days of 14 can be read the other way round."""
    start = datetime(2026, 1, 1, 9, tzinfo=UTC)
    rows = [f"{start + timedelta(hours=2 * n):{form}},a@x.nl,W-1\n" for n in range(14 * 12)]
    path = tmp_path / "table.csv"
    path.write_text("".join(["timestamp,email,ticket\n", *rows]))
    assert proposed(first_records(path, "csv"))["time_format"] == form


def test_columns_of_ndjson_and_parquet(tmp_path: Path) -> None:
    lines = tmp_path / "t.ndjson"
    record = {"at": "2026-01-31T10:00:00Z", "user": {"email": "a@x.nl", "name": "A"}, "ticket": 7}
    lines.write_text(json.dumps(record) + '\n{"broken\n')
    mapping = {"time": "at", "person": "user.email", "item": "ticket"}
    assert proposed(first_records(lines, "ndjson")) == mapping
    table = tmp_path / "t.parquet"
    pl.DataFrame({"at": ["2026-01-31T10:00"], "who": ["a"], "ticket": [7]}).with_columns(
        pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M")
    ).write_parquet(table)
    assert proposed(first_records(table, "parquet")) == mapping | {"person": "who"}


# --- what no reader knows ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.ics", b"", "an empty file"),
        ("x.ics", b"rubbish\n", "named as icalendar, but not one inside"),
        ("x.pst", b"!BDN....", "an Outlook data file"),
        ("x.xlsx", b"PK\x03\x04....", "an Excel workbook"),
        ("x.bin", b"ab\0\1\2", "neither text nor anything packed"),
        ("x.eml", b"Subject: no date\nTo: b@b.example\n\ntext", "nearest: mbox"),
        ("x.json", b'[{"gid": "1", "resource_subtype": "x", "completed_at": null}]', "nearest: asana (it has gid"),
        ("jira-x.json", b'{"zzz": 1}', "nearest: jira"),
        ("x.json", b'{"zzz": 1, "yyy": 2}', "JSON of no known tool, with zzz, yyy"),
        ("x.json", b'{"jan@a.example": 1, "zzz": 2}', "JSON of no known tool, with zzz and 1 more"),
        ("x.csv", b"a,b\n1,2\n", "a table (a, b), of which no columns are known"),
        ("x.csv", b"1,2,3\n4,5,6\n", "a table without names of columns"),
        ("x.csv", b"my email address,group\na@b.example,G\n", "nearest: directory of people, but row 1"),
    ],
)  # fmt: skip
def test_what_is_not_known_has_its_nearest_guess(
    name: str, data: bytes, words: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    found = recognise(tmp_path / name)
    assert found.format == ""
    assert words in found.guess
    assert "\n" not in found.guess


def test_own_examples_of_every_format_are_recognised() -> None:
    for path, form in [
        ("directory/people.csv", "directory"), ("mbox/golden.mbox", "mbox"),
        ("generic/tickets.csv", "csv"), ("generic/meetings.ndjson", "ndjson"),
        ("outlook_csv/calendar.csv", "outlook-csv"), ("jira/issues.json", "jira"),
    ]:  # fmt: skip
        assert recognise(SOURCES / path).format == form, path


# --- files as globs ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("labels", "others", "expected"),
    [
        ({"a/x.ics"}, set(), ["a/*.ics"]),
        ({"a/x.ics", "a/y.ics"}, {"b/z.ics"}, ["a/*.ics"]),
        ({"a/x.ics", "a/b/y.ics"}, {"b/z.ics"}, ["a/**/*.ics"]),
        ({"x-1.json", "x-2.json"}, {"y-1.json"}, ["x-*.json"]),
        ({"a.mbox", "b.mbox.gz"}, {"c.ics"}, ["*.mbox*"]),
        ({"a.eml", "b.mbox"}, {"c.ics"}, ["*.eml", "*.mbox"]),
        ({"a.json", "b.json"}, {"c.json"}, ["a.json", "b.json"]),
        ({"log[1]$HOME"}, set(), ["log[[]1][$]HOME"]),
        (set(), {"a"}, []),
    ],
)
def test_patterns_take_these_files_and_no_others(
    labels: set[str], others: set[str], expected: list[str], tmp_path: Path
) -> None:
    told = patterns(labels, labels | others)
    assert told == expected
    for label in labels | others:
        (tmp_path / label).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / label).touch()
    config = Config(path=tmp_path / "tieline.toml", home=tmp_path, settings=Settings())
    taken = {config.relative(path) for pattern in told for path in config.files(pattern)}
    assert taken == labels


def test_directories_that_tell_other_boundaries_are_left_out_with_a_word(exports: Path) -> None:
    shutil.copy(exports / "directory/people.csv", exports / "directory/again.csv")
    (exports / "directory/teams.csv").write_text(
        "email,region\na@b.example,N\nb@b.example,N\nc@b.example,Z\nd@b.example,Z\n"
    )
    text = proposed_settings(call("check", exports).out)
    people = tomllib.loads(text)["people"]
    assert people["directories"] == ["directory/again.csv", "directory/people.csv"]
    assert "# directory/teams.csv: left out; of columns to measure across it has region" in text
