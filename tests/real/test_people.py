"""Units of real people on real mails: counts and flow matrix are those that pandas gives.

Departments and grades of a company (two boundaries at once), the branches of a factory's hierarchy, and
its people moved halfway, each told by a directory in the usual way.
"""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pandas as pd
import pytest

from flows import ingest
from flows.config_read import read_config
from flows.key import read_key
from flows.plan import export_files
from tests.network import PARAMETERS, behind
from transforms.runner import transform
from warehouse import identity, load

if TYPE_CHECKING:
    from pathlib import Path

CAP = 8
SPELLINGS = {"Apple Inc": "Apple", "Apple Inc.": "Apple", "Legal dept.": "Legal"}
UNKNOWN = "(unknown)"
SETTINGS = """
[network]
time_zone = "UTC"
[disclosure]
merge_singles = false
[people]
directories = ["directory.csv"]
boundaries = [{boundaries}]
[people.units]
{units}
[[source]]
name = "mails"
format = "csv"
files = "mails.csv"
mapping = {{ time = "time", sender = "sender", recipient = "recipient", channel = "=message" }}
"""


@dataclass(frozen=True)
class Case:
    """Mails as (time, sender, recipient), and rows of a directory."""

    mails: pd.DataFrame
    people: pd.DataFrame
    boundaries: tuple[str, ...]
    units: str = ""


def address(number: object) -> str:
    return f"p{number}@factory.example"


def enron(folder: Path) -> Case:
    messages = pd.read_csv(
        folder / "messages.tsv.gz", sep="\t", header=None, quoting=csv.QUOTE_NONE
    )
    to = pd.read_csv(folder / "recipients.tsv.gz", sep="\t", header=None)
    staff = pd.read_csv(folder / "employees.tsv", sep="\t", header=None, quoting=csv.QUOTE_NONE)
    # A tab in a subject moves the sender to another column.
    messages = messages[messages[3].astype(str).str.fullmatch(r"\d+")]
    both = to.merge(messages, left_on=0, right_on=0, suffixes=("_to", "_mail"))
    time = pd.to_datetime(both["2_mail"], unit="s")
    mails = pd.DataFrame(
        {"time": time, "sender": both[3].map(address), "recipient": both["2_to"].map(address)}
    )
    people = pd.DataFrame(
        {"email": staff[0].map(address), "department": staff[2], "grade": staff[6]}
    )
    # A department that is spelled otherwise for half of its people is still one.
    odd = (staff[0] % 2 == 0) & (staff[2] == "Legal")
    people.loc[odd, "department"] = "LEGAL  dept."
    return Case(mails, people, ("department", "grade"), '"Legal dept." = "Legal"')


def factory(folder: Path) -> pd.DataFrame:
    mails = pd.read_csv(folder / "communication.csv.gz", sep=";")
    return pd.DataFrame(
        {
            "time": pd.to_datetime(mails["EventDate"]),
            "sender": mails["Sender"].map(address),
            "recipient": mails["Recipient"].map(address),
        }
    )


def branches(folder: Path) -> pd.Series:
    """Person → the one of the top's own people above them; the top is a branch of its own."""
    rows = pd.read_csv(folder / "reportsto.csv", dtype=str)
    above = {who: to for who, to in rows.itertuples(index=False) if to.isdigit() and to != who}
    everybody = {*rows["ID"], *above.values()}

    def branch(who: str) -> str:
        chain = [who]
        while chain[-1] in above and above[chain[-1]] not in chain:
            chain.append(above[chain[-1]])
        return f"branch {chain[-2] if len(chain) > 1 else chain[-1]}"

    return pd.Series({address(who): branch(who) for who in sorted(everybody)})


def manufacturing(folder: Path) -> Case:
    of = branches(folder)
    people = pd.DataFrame({"email": of.index, "branch": of.to_numpy()})
    return Case(factory(folder), people, ("branch",))


def reorganised(folder: Path) -> Case:
    """On a day every third person goes to the largest branch; every seventh works half of the time there."""
    of, day = branches(folder), date(2010, 5, 17)
    largest = of.value_counts().index[0]
    rows = []
    for number, (who, branch) in enumerate(of.items()):
        if number % 3 == 0:
            rows += [(who, branch, "", "2010-05-16", ""), (who, largest, str(day), "", "")]
        elif number % 7 == 0 and branch != largest:
            rows += [(who, branch, "", "", "0.5"), (who, largest, "", "", "50%")]
        else:
            rows.append((who, branch, "", "", ""))
    columns = ["email", "branch", "valid_from", "valid_to", "share"]
    return Case(factory(folder), pd.DataFrame(rows, columns=columns), ("branch",))


def committee(folder: Path) -> Case:
    """Who answers whom on an agenda item, and a directory of delegates who move between organisations."""
    said = pd.read_csv(folder / "discussions.csv").drop_duplicates()
    said = said.assign(
        time=pd.to_datetime(said["timestamp"], utc=True).dt.tz_localize(None).dt.floor("s")
    )
    said["recipient"] = said.groupby("item")["person"].shift(1)
    mails = said.dropna(subset=["recipient"]).rename(columns={"person": "sender"})
    mails = mails[["time", "sender", "recipient"]].apply(
        lambda column: column if column.name == "time" else column.str.strip().str.lower()
    )
    people = pd.read_csv(folder / "directory.csv", dtype=str).fillna("").drop(columns="name")
    people["email"] = people["email"].str.strip().str.lower()
    units = "\n".join(f'"{odd}" = "{usual}"' for odd, usual in SPELLINGS.items())
    return Case(mails, people[people["organisation"] != ""], ("organisation",), units)


def night(case: Case, home: Path) -> tuple[duckdb.DuckDBPyConnection, Any]:
    """Everything that a night does but the checks and most of the metrics."""
    case.mails.to_csv(home / "mails.csv", index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    case.people.to_csv(home / "directory.csv", index=False)
    boundaries = ", ".join(f'"{name}"' for name in case.boundaries)
    settings = home / "tieline.toml"
    settings.write_text(SETTINGS.format(boundaries=boundaries, units=case.units), encoding="utf-8")
    config = read_config(settings, home)
    key = read_key(config)
    con, people = duckdb.connect(), duckdb.connect()
    load.create(con)
    identity.create(people)
    for file in export_files(config):
        read = ingest.stage_file(con, people, config, file, key, "run")
        assert not read.refused
    told = ingest.read_directories(con, people, config)
    found = ingest.stage_people(con, people, config, told, key)
    con.execute("BEGIN")
    load.load(con)
    ingest.load_memberships(con, found.membership, found.alias, case.boundaries)
    con.execute("COMMIT")
    con.execute("BEGIN")
    transform(con, behind("flow", "frame"), PARAMETERS, today=date(2030, 1, 1))
    con.execute("COMMIT")
    return con, found


def memberships(case: Case, boundary: str) -> pd.DataFrame:
    """(email, unit, first, last, part): the directory once more, as pandas reads it."""
    none = pd.Series("", index=case.people.index)
    told = {name: case.people.get(name, none) for name in ("valid_from", "valid_to", "share")}
    rows = case.people.assign(
        unit=case.people[boundary].replace({**SPELLINGS, "LEGAL  dept.": "Legal"}),
        first=pd.to_datetime(told["valid_from"].replace("", "1900-01-01")),
        last=pd.to_datetime(told["valid_to"].replace("", "2100-01-01")),
        part=told["share"].replace({"": "1", "50%": "0.5"}).astype(float),
    )
    return rows[["email", "unit", "first", "last", "part"]]


def acts(mails: pd.DataFrame) -> pd.DataFrame:
    """(mail, day, s, t, w) of each message that is no broadcast; 1 over its recipients."""
    one = mails.drop_duplicates().assign(mail=lambda x: x.groupby(["sender", "time"]).ngroup())
    others = one[one["sender"] != one["recipient"]]
    count = others.groupby("mail")["recipient"].nunique()
    kept = others[others["mail"].map(count) < CAP]
    return pd.DataFrame(
        {
            "mail": kept["mail"], "day": kept["time"].dt.normalize(), "s": kept["sender"],
            "t": kept["recipient"], "w": 1 / kept["mail"].map(count),
        }
    )  # fmt: skip


def flow(case: Case, boundary: str) -> pd.Series:
    """Weight by month and pair of units, everybody in the units of the day."""
    rows = acts(case.mails).reset_index(drop=True)
    rows["act"] = rows.index
    known = memberships(case, boundary)
    for side in ("s", "t"):
        placed = (
            rows[["act", "day", side]]
            .drop_duplicates()
            .merge(known, left_on=side, right_on="email")
        )
        placed = placed[placed["day"].between(placed["first"], placed["last"])]
        placed = placed.drop_duplicates(["act", "unit"])
        if "share" not in case.people:  # several units at once: equal parts
            placed["part"] = 1 / placed.groupby("act")["unit"].transform("size")
        placed = placed[["act", "unit", "part"]].rename(
            columns={"unit": f"unit_{side}", "part": f"part_{side}"}
        )
        rows = rows.merge(placed, on="act", how="left")
        rows[f"unit_{side}"] = rows[f"unit_{side}"].fillna(UNKNOWN)
        rows[f"part_{side}"] = rows[f"part_{side}"].fillna(1.0)
    pair = np.sort(rows[["unit_s", "unit_t"]].to_numpy(dtype=str), axis=1)
    weight = rows["w"] * rows["part_s"] * rows["part_t"]
    keys = [rows["day"].dt.to_period("M").dt.start_time, pair[:, 0], pair[:, 1]]
    return weight.groupby(keys).sum()


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("enron", enron),
        ("tc39", committee),
        pytest.param("manufacturing", manufacturing, marks=pytest.mark.slow),
        ("manufacturing", reorganised),
    ],
)
def test_units_and_flow_matrix(name: str, make: Any, shared_data: Path, tmp_path: Path) -> None:
    case = make(shared_data / name)
    con, found = night(case, tmp_path)
    assert found.conflicts.is_empty()
    one = acts(case.mails)
    ties = con.execute("SELECT sum(w) FROM tie_day").fetchall()[0][0]
    assert ties == pytest.approx(one["mail"].nunique(), rel=1e-9)
    everybody = {*case.mails["sender"], *case.mails["recipient"]}
    assert con.execute("SELECT count(DISTINCT address_id) FROM participation").fetchall() == [
        (len(everybody),)
    ]
    for boundary in case.boundaries:
        known = memberships(case, boundary)
        counted = con.execute(
            "SELECT count(DISTINCT person_id), count(DISTINCT unit) FROM membership WHERE boundary = ?",
            [boundary],
        ).fetchall()
        assert counted == [(known["email"].nunique(), known["unit"].nunique())]
        told = con.execute(
            """SELECT period, unit, other_unit, value FROM metric_value WHERE metric = 'flow'
               AND measure = 'weight' AND grain = 'month' AND channel = 'message' AND boundary = ?""",
            [boundary],
        ).df()  # fmt: skip
        told["period"] = pd.to_datetime(told["period"])
        matrix = told.set_index(["period", "unit", "other_unit"])["value"].sort_index()
        expected = flow(case, boundary).sort_index()
        assert list(matrix.index) == list(expected.index)
        np.testing.assert_allclose(matrix.to_numpy(), expected.to_numpy(), rtol=1e-9, atol=1e-9)
        # Parts of people split weight and never double it.
        assert matrix.sum() == pytest.approx(ties, rel=1e-9)


def test_the_cases_differ(shared_data: Path) -> None:
    """So that what is compared above can fail."""
    folder = shared_data / "manufacturing"
    before, after = (flow(make(folder), "branch") for make in (manufacturing, reorganised))
    assert before.index.get_level_values(1).nunique() > 2
    assert not before.reindex(after.index).equals(after)
    with gzip.open(folder / "communication.csv.gz", "rt") as text:
        assert sum(1 for _ in text) == len(factory(folder)) + 1
