"""Real mails of a company and of a factory: no byte that a night leaves tells who wrote, or about what.

The addresses are made from the names and numbers that the sets have; mails keep their subjects.
"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from flows.config import SETTINGS
from flows.config_read import read_config
from tests.plain_night import night
from tests.real import privacy
from tests.real.test_people import factory

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

TEXT = """
[network]
time_zone = "UTC"
[people]
directories = ["directory.csv"]
boundaries = ["{boundary}"]
[lake]
path = "lake"
[[source]]
name = "mails"
format = "csv"
files = "incoming/mails.csv"
mapping = {{ time = "time", sender = "sender", recipient = "recipient", channel = "=message" }}
"""


def enron(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mails with their subjects, people with names and titles."""
    tsv: dict[str, Any] = {"sep": "\t", "header": None, "quoting": csv.QUOTE_NONE, "dtype": str}
    messages = pd.read_csv(folder / "messages.tsv.gz", **tsv)
    messages = messages[messages[4].str.fullmatch(r"\d+").fillna(value=False)]
    to = pd.read_csv(folder / "recipients.tsv.gz", **tsv)
    staff = pd.read_csv(folder / "employees.tsv", **tsv)
    address = (
        staff.set_index(0)[1].str.lower().str.replace(r"\W+", ".", regex=True) + "@enron.example"
    )
    both = to.merge(messages, left_on=0, right_on=0, suffixes=("_to", "_mail"))
    mails = pd.DataFrame(
        {
            "time": pd.to_datetime(both["2_mail"].astype(int), unit="s"),
            "sender": both[4].map(address), "sender name": both[4].map(staff.set_index(0)[1]),
            "recipient": both["2_to"].map(address), "subject": both["3"] if "3" in both else both[3],
        }
    )  # fmt: skip
    people = pd.DataFrame(
        {
            "email": staff[0].map(address),
            "name": staff[1],
            "department": staff[2],
            "title": staff[4],
        }
    )
    return mails, people


def manufacturing(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Mails without subjects; who reports to whom is the unit."""
    told = pd.read_csv(folder / "reportsto.csv", dtype=str)
    people = pd.DataFrame(
        {
            "email": "p" + told["ID"] + "@factory.example",
            "department": "above " + told["ReportsToID"],
        }
    )
    return factory(folder), people


@pytest.mark.parametrize(
    ("name", "made", "names", "subjects"),
    [("enron", enron, 100, 5_000), ("manufacturing", manufacturing, 0, 0)],
)
def test_nothing_that_a_night_leaves_tells_who_or_what(
    name: str, made: Any, names: int, subjects: int, shared_data: Path, tmp_path: Path
) -> None:
    mails, people = made(shared_data / name)
    home = tmp_path / "home"
    (home / "incoming").mkdir(parents=True)
    mails.to_csv(home / "incoming" / "mails.csv", index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    people.to_csv(home / "directory.csv", index=False)
    (home / SETTINGS).write_text(TEXT.format(boundary="department"))
    done = night(home)
    assert done.events > 10_000
    assert done.release
    secrets = [
        {*mails["sender"], *mails["recipient"], *people["email"]},
        {name for name in people.get("name", []) if len(name) >= privacy.SHORTEST},
        {text for text in mails.get("subject", pd.Series(dtype=str)).dropna() if len(text) >= privacy.LONG},
    ]  # fmt: skip
    for found, least in zip(secrets, (100, names, subjects), strict=True):
        assert len(found) >= least
    every = set.union(*secrets)
    words = privacy.of_the_program(every)
    assert len(words) < 10, words
    every -= words
    # The search would find them: the inputs hold all of them, the identity database the addresses.
    inputs = [home / "incoming" / "mails.csv", home / "directory.csv"]
    raw = b"".join(path.read_bytes() for path in inputs).replace(b'""', b'"')
    assert privacy.told(raw, every) == every
    config = read_config(home / SETTINGS, home)
    kept = "\n".join(privacy.texts(config.identity)).encode()
    assert len(privacy.told(kept, secrets[0])) > 100
    assert not privacy.told(kept, secrets[1] | secrets[2])
    for path in (*inputs, home / SETTINGS):
        path.unlink()
    searched = privacy.assert_nobody_in(home, every)
    assert searched > len(list((home / "lake").rglob("*.parquet"))) > 100
