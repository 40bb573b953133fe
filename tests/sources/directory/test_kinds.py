"""Directories as the tools of partners write them, each known by its content."""

from __future__ import annotations

import codecs
import shutil
from datetime import date
from functools import partial
from pathlib import Path
from zipfile import ZipFile

import pytest

from transforms.sources.base import UnreadableFileError
from transforms.sources.directory import kind_of_directory, read_directory

KINDS = Path(__file__).parent / "kinds"
BOTH = ("organisation", "team")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("entra.json", "users as JSON"), ("google.json", "users as JSON"), ("entra.csv", "people"),
        ("google.csv", "people"), ("viva.csv", "Viva Insights people"), ("worklytics.csv", "people"),
        ("mailmap", "mailmap"), ("domains.csv", "domains"), ("merges.csv", "merges"),
    ],
)  # fmt: skip
def test_known_by_content_whatever_its_name(name: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "export.txt"
    shutil.copy(KINDS / name, path)
    assert kind_of_directory(path) == kind
    renamed, told = read_directory(path, BOTH), read_directory(KINDS / name, BOTH)
    assert renamed.members.equals(told.members)
    assert renamed.aliases.equals(told.aliases)


@pytest.mark.parametrize("path", sorted(KINDS.iterdir()), ids=lambda path: path.name)
def test_titles_phones_and_private_addresses_stay_out(path: Path) -> None:
    told = read_directory(path, BOTH)
    for rows in (told.members, told.aliases, told.domains, told.merges, told.rejects):
        assert "secret" not in rows.write_csv().lower()


def test_entra_as_graph_returns_it() -> None:
    told = read_directory(KINDS / "entra.json", [*BOTH, "division"])
    assert told.members.select("address", "boundary", "unit", "valid_from", "valid_to").rows() == [
        ("ada@north.example", "organisation", "North", date(2024, 1, 1), None),
        ("ada@north.example", "team", "Dikes", date(2024, 1, 1), None),
        ("ada@north.example", "division", "Water", date(2024, 1, 1), None),
        ("ben@north.example", "team", "Roads", None, date(2026, 3, 31)),
    ]
    assert sorted(told.aliases["alias"]) == [
        "a.noord@north.example", "ada.noord@north.example", "ada@home.example",
    ]  # fmt: skip
    assert told.names.select("name", "address").rows() == [
        ("ada secret", "ada@north.example"), ("ben secret", "ben@north.example"),
    ]  # fmt: skip
    assert told.rejects.rows() == [(3, "record", "no user"), (4, "record", "no mail address")]
    assert told.records == 4


@pytest.mark.parametrize("name", ["entra.csv", "microsoft365.csv"])
def test_entra_and_microsoft_365_as_their_admin_centers_write_it(name: str) -> None:
    told = read_directory(KINDS / name, BOTH)
    ada = told.members.filter(address="ada@north.example")
    assert ("team", "Dikes") in ada.select("boundary", "unit").rows()
    assert told.rejects.is_empty()
    expected = {
        "entra.csv": {"ada.noord@north.example", "ada@home.example"},
        "microsoft365.csv": {"a.noord@north.example"},
    }
    assert set(told.aliases["alias"]) == expected[name]


def test_google_as_the_directory_api_returns_it() -> None:
    told = read_directory(KINDS / "google.json", [*BOTH, "region", "orgUnitPath"])
    assert told.members.select("boundary", "unit").rows() == [
        ("organisation", "East"), ("team", "Roads"), ("region", "Delta"),
        ("orgUnitPath", "/Field/Roads"),
    ]  # fmt: skip
    assert told.aliases["alias"].to_list() == ["c.oost@east.example", "cas@home.example"]


def test_google_as_the_admin_console_writes_it() -> None:
    told = read_directory(KINDS / "google.csv", [*BOTH, "orgUnitPath"])
    assert told.members.select("boundary", "unit").rows() == [
        ("team", "Roads"), ("orgUnitPath", "/Field/Roads"),
    ]  # fmt: skip
    assert told.aliases["alias"].to_list() == ["c.oost@east.example"]


def test_viva_tells_of_a_day_which_holds_until_the_next() -> None:
    told = read_directory(KINDS / "viva.csv", [*BOTH, "region"])
    team = told.members.filter(boundary="team", address="dirk@west.example")
    assert team.select("unit", "valid_from", "valid_to").rows() == [
        ("Bridges", date(2026, 1, 31), date(2026, 2, 27)),
        ("Locks", date(2026, 2, 28), date(2026, 3, 30)),
        ("Bridges", date(2026, 3, 31), None),
    ]
    assert set(told.members["boundary"]) == {"team", "region"}
    assert told.rejects["position"].to_list() == [6]


def test_vivas_organization_is_the_organisation_where_no_team_is_measured() -> None:
    assert set(read_directory(KINDS / "viva.csv", ["organisation"]).members["unit"]) == {
        "Bridges", "Locks",
    }  # fmt: skip


def test_viva_with_a_day_above_twelve_in_front_is_day_first(tmp_path: Path) -> None:
    path = tmp_path / "viva.csv"
    path.write_text(
        "PersonId,EffectiveDate,Organization\na@x.example,31/01/2026,A\na@x.example,01/02/2026,B\n"
    )
    told = read_directory(path, ["team"]).members
    assert told["valid_from"].to_list() == [date(2026, 1, 31), date(2026, 2, 1)]


def test_worklytics_snapshots_begin_at_joining_and_end_at_leaving() -> None:
    told = read_directory(KINDS / "worklytics.csv", ["team"])
    assert told.members.select("address", "unit", "valid_from", "valid_to").rows() == [
        ("finn@south.example", "Parks", date(2020, 2, 1), date(2026, 1, 30)),
        ("finn@south.example", "Ponds", date(2026, 1, 31), date(2026, 2, 15)),
        ("gwen@south.example", "Parks", date(2026, 1, 31), None),
    ]
    assert told.rejects.rows() == [(6, "row", "no mail address")]


@pytest.mark.parametrize(
    "text",
    [
        '#TYPE Selected.Microsoft.ActiveDirectory.Management.ADUser\r\n"mail","company"\r\n"a@x.example","X"\r\n',
        "sep=;\r\nemail;organisation\r\na@x.example;X\r\n",
        "\r\nsep=\t\r\nemail\torganisation\r\na@x.example\tX\r\n",
    ],
)
def test_what_export_csv_and_excel_write_above_the_header(text: str, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(codecs.BOM_UTF8 + text.encode())
    told = read_directory(path, BOTH)
    assert told.members.select("address", "unit").rows() == [("a@x.example", "X")]
    assert told.records == 1
    assert kind_of_directory(path) == "people"


def test_a_workbook_is_to_be_saved_as_csv(tmp_path: Path) -> None:
    path = tmp_path / "people.XLSX"
    with ZipFile(path, "w") as book:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            book.writestr(name, "<xml/>")
    with pytest.raises(UnreadableFileError, match="an Excel workbook; save it as CSV"):
        read_directory(path, BOTH)


def test_entra_as_powershell_turns_it_into_json(tmp_path: Path) -> None:
    path = tmp_path / "users.json"
    path.write_text(
        """[{"UserPrincipalName": "ada@north.example", "Mail": null, "DisplayName": "Ada Noord",
          "CompanyName": "North", "Department": "Dikes", "OtherMails": ["ada@home.example"],
          "ProxyAddresses": ["SMTP:ada@north.example", "smtp:a@north.example"],
          "EmployeeOrgData": {"Division": "Water"}, "AdditionalProperties": {}}]"""
    )
    assert kind_of_directory(path) == "users as JSON"
    told = read_directory(path, [*BOTH, "division"])
    assert told.members.select("address", "boundary", "unit").rows() == [
        ("ada@north.example", "organisation", "North"),
        ("ada@north.example", "team", "Dikes"),
        ("ada@north.example", "division", "Water"),
    ]
    assert sorted(told.aliases["alias"]) == ["a@north.example", "ada@home.example"]
    assert told.names["name"].to_list() == ["ada noord"]


def test_snapshots_that_say_the_same_are_one_row(tmp_path: Path) -> None:
    path = tmp_path / "snapshots.csv"
    path.write_text(
        "email,team,share,snapshot\n"
        "a@x.example,T,,2026-01-01\n"
        "b@x.example,T,0.5,2026-01-01\n"
        "b@x.example,U,0.5,2026-01-01\n"
        "a@x.example,T,,2026-02-01\n"
        "b@x.example,T,0.5,2026-02-01\n"
        "b@x.example,U,0.5,2026-02-01\n"
        "a@x.example,U,,2026-03-01\n"
        "b@x.example,T,0.6,2026-03-01\n"
        "a@x.example,T,,2026-04-01\n"
    )
    day = partial(date, 2026)
    assert read_directory(path, ["team"]).members.drop("boundary").rows() == [
        ("a@x.example", "T", day(1, 1), day(2, 28), None, 2),
        ("b@x.example", "T", day(1, 1), day(2, 28), 0.5, 3),
        ("b@x.example", "U", day(1, 1), day(2, 28), 0.5, 4),
        ("a@x.example", "U", day(3, 1), day(3, 31), None, 8),
        ("b@x.example", "T", day(3, 1), None, 0.6, 9),
        ("a@x.example", "T", day(4, 1), None, None, 10),
    ]


def test_mailmap() -> None:
    told = read_directory(KINDS / "mailmap", BOTH)
    assert told.aliases.rows() == [
        ("ada@laptop.local", "ada@north.example", 3),
        ("root@build.example", "ada@north.example", 4),
        ("ben@home.example", "ben@north.example", 5),
    ]
    assert told.names.select("name", "address").rows() == [("ada noord", "ada@north.example")]
    assert told.rejects["position"].to_list() == [6]
    assert told.records == 5


def test_domains_with_dates() -> None:
    told = read_directory(KINDS / "domains.csv", ["organisation", "sector"])
    assert told.domains.filter(boundary="organisation").drop("boundary").rows() == [
        ("west.example", "West", None, date(2025, 12, 31), 2),
        ("west.example", "Coast", date(2026, 1, 1), None, 3),
        ("gratis.example", "", None, None, 4),
    ]
    assert told.members.is_empty()
    assert told.rejects.rows() == [(5, "row", "no domain")]


def test_merges_as_they_come_back_from_review() -> None:
    told = read_directory(KINDS / "merges.csv", BOTH)
    assert told.merges.rows() == [
        ("github:ada-n", "ada@north.example", 2), ("name:ada noord", "ada@north.example", 3),
    ]  # fmt: skip
    assert told.members.is_empty()
    assert told.aliases.is_empty()


def test_aliases_of_every_kind_in_one_cell(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "email,aliases,team\n"
        'jan@x.example,"github:jdv, jira:5B10 j@home.example;name:Jan  de Vries;name:Vries, Jan de ; slack:U1",T\n'
    )
    assert read_directory(path, ["team"]).aliases["alias"].to_list() == [
        "github:jdv", "jira:5b10", "j@home.example", "name:jan de vries", "name:vries, jan de",
        "slack:u1",
    ]  # fmt: skip


def test_the_day_of_the_move_is_excluded_where_a_directory_writes_that(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(
        "email,team,van,tot\na@x.example,A,,2026-03-01\na@x.example,B,2026-03-01,2026-03-01\n"
    )
    told = read_directory(path, ["team"], valid_to="excluded")
    assert told.members["valid_to"].to_list() == [date(2026, 2, 28)]
    assert told.rejects.rows() == [(3, "row", "valid_to is valid_from, and excluded")]
    assert read_directory(path, ["team"]).members["valid_to"].to_list() == [date(2026, 3, 1)] * 2


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match=r"people\.csv: cannot be read \(No such file"):
        read_directory(tmp_path / "people.csv", ["team"])
    with pytest.raises(UnreadableFileError, match="cannot be read"):
        read_directory(tmp_path, ["team"])
    broken = tmp_path / "users.json"
    broken.write_text('{"value": [{"userPrincipalName": "a@x.exa')
    with pytest.raises(UnreadableFileError, match="no JSON"):
        read_directory(broken, ["team"])


def test_real_samples_of_the_tools(shared_data: Path) -> None:
    samples = shared_data / "exports" / "api-samples"
    entra = read_directory(samples / "microsoft-365__entra-id__users.json", BOTH)
    assert (entra.records, entra.aliases.height, entra.rejects.height) == (6, 2, 0)
    google = read_directory(samples / "google-workspace__directory__users.json", BOTH)
    assert google.records == 2
    assert google.members["boundary"].to_list() == ["team"]
    kinds = {path.name: kind_of_directory(path) for path in samples.iterdir() if path.is_file()}
    for name, kind in kinds.items():
        assert not kind or {"entra-id", "directory", "Users_v1.0", "onedrive__users"} & {
            word for word in ("entra-id", "directory", "Users_v1.0", "onedrive__users") if word in name
        }, name  # fmt: skip
