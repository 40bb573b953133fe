"""A real standards committee, held to icalendar, csv and pandas.

People change organisation here: what counts is where they were on the day, never today.
"""

from __future__ import annotations

import csv
import gzip
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import combinations
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import icalendar
import numpy as np
import pandas as pd
import pytest

from tests.real import oracle_network as network
from tests.real import privacy
from tests.real.oracle_people import UNKNOWN, Society, canonical
from warehouse.schema import OTHER

if TYPE_CHECKING:
    from pathlib import Path

    from tests.real.conftest import Example

# Fourteen years of days: minutes for each of the two runs.
pytestmark = [pytest.mark.integration, pytest.mark.slow]
WHOLE = network.WHOLE
CHANNELS = ("meeting", "work")
EARLY, LATE = date.min, date.max
ADDRESS = r"[^\s<>()\",;:]+@[^\s<>()\",;:]+"
TRAILER = re.compile(
    rf"^(?:co-authored-by|reviewed-by|acked-by|tested-by|signed-off-by):.*?({ADDRESS})",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Gathering:
    """People together on a day: a meeting, a commit, or an agenda item."""

    key: str
    day: date
    people: frozenset[str]
    hours: float = 0.0


@dataclass(frozen=True)
class Committee:
    """The same files as the run has read."""

    folder: Path
    entries: int  # VEVENTs, one-person ones included
    acts: list[dict[str, str]]
    commits: dict[str, int]  # file → lines
    gatherings: dict[str, list[Gathering]]  # channel →
    caps: dict[str, int]
    directory: dict[str, list[tuple[date, date, str]]]
    society: Society

    def domains(self) -> dict[str, str]:
        """Person whom the directory does not know → organisation of the domain, where there is one."""
        placed = {p: self.society.organisation(p) for p in self.people() - {*self.directory}}
        return {person: unit for person, unit in placed.items() if unit != UNKNOWN}

    @cached_property
    def singles(self) -> frozenset[str]:
        """Organisations that never had two people on one day."""
        spells = defaultdict(list)
        for person, rows in self.directory.items():
            for first, last, unit in rows:
                spells[unit].append((person, first, last))
        for person, unit in self.domains().items():
            spells[unit].append((person, EARLY, LATE))
        return frozenset(
            unit
            for unit, stays in spells.items()
            if all(
                len({person for person, first, last in stays if first <= day <= last}) == 1
                for _, day, _ in stays
            )
        )

    def people(self) -> set[str]:
        return {p for told in self.gatherings.values() for one in told for p in one.people}

    def units(self, person: str, day: date) -> list[str]:
        """Where the person was on that day; both, on the day of a change."""
        if person not in self.directory:
            told = {self.society.organisation(person)}
        else:
            told = {unit for first, last, unit in self.directory[person] if first <= day <= last}
        return sorted({OTHER if unit in self.singles else unit for unit in told}) or [UNKNOWN]

    def ties(self, channel: str) -> pd.DataFrame:
        """period, unit_s, unit_t, w: per pair in a gathering, split over each one's units."""
        rows = [
            (one.day, g, h, 1 / (len(one.people) - 1) / (len(units[s]) * len(units[t])))
            for one in self.gatherings[channel]
            if 1 < len(one.people) <= self.caps[channel]
            for units in [{person: self.units(person, one.day) for person in one.people}]
            for s, t in combinations(sorted(one.people), 2)
            for g in units[s]
            for h in units[t]
        ]
        ties = pd.DataFrame(rows, columns=["day", "unit_s", "unit_t", "w"])
        return ties.assign(period=network.periods(ties["day"], "quarter"))


def meetings(path: Path, zone: ZoneInfo) -> list[Gathering]:
    calendar = icalendar.Calendar.from_ical(path.read_bytes())
    found = []
    for entry in calendar.walk("VEVENT"):
        named = entry.get("ATTENDEE", [])
        named = named if isinstance(named, list) else [named]
        people = frozenset(canonical(str(one).partition(":")[2]) for one in named)
        start, end = entry["DTSTART"].dt, entry["DTEND"].dt
        hours = (end - start).total_seconds() / 3600
        found.append(Gathering(str(entry["UID"]), start.astimezone(zone).date(), people, hours))
    return found


def discussions(acts: list[dict[str, str]], zone: ZoneInfo) -> list[Gathering]:
    """Who spoke on an item on a day."""
    people = defaultdict(set)
    for act in acts:
        day = datetime.fromisoformat(act["timestamp"]).astimezone(zone).date()
        people[act["item"].strip(), day].add(canonical(act["person"]))
    return [Gathering(item, day, frozenset(who)) for (item, day), who in people.items()]


def short(address: str) -> str:
    """GitHub hides an address in two ways; the one with a number is the same person."""
    address = address.strip().lower()
    return canonical(re.sub(r"^\d+\+(.+@users\.noreply\.github\.com)$", r"\1", address))


def commits(lines: list[str], zone: ZoneInfo, society: Society) -> list[Gathering]:
    """Each hash once, in whatever repository."""
    found = {}
    for line in lines:
        sha, _, _, author, _, _, committer, at, trailers = line.split("\t", 8)
        helped = [match[1] for part in trailers.split("\x1f") if (match := TRAILER.match(part))]
        people = {short(address) for address in (author, committer, *helped) if address.strip()}
        day = datetime.fromisoformat(at).astimezone(zone).date()
        found[sha] = Gathering(sha, day, frozenset(p for p in people if not society.is_nobody(p)))
    return list(found.values())


@pytest.fixture(scope="module")
def committee(tc39: Example) -> Committee:
    folder = tc39.data / "tc39"
    zone = ZoneInfo(tc39.settings["network"]["time_zone"])
    society = Society(tc39.settings)
    days = meetings(folder / "plenaries.ics", zone)
    with (folder / "discussions.csv").open(encoding="utf-8", newline="") as file:
        acts = list(csv.DictReader(file))
    logs = {
        path.name: gzip.decompress(path.read_bytes()).decode().removesuffix("\n").split("\n")
        for path in sorted(folder.glob("git-*.tsv.gz"))
    }
    made = commits([line for log in logs.values() for line in log], zone, society)
    directory = defaultdict(list)
    with (folder / "directory.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            first = date.fromisoformat(row["valid_from"] or str(EARLY))
            last = date.fromisoformat(row["valid_to"] or str(LATE))
            directory[canonical(row["email"])].append((first, last, row["organisation"].strip()))
    caps = dict.fromkeys(CHANNELS, 8)
    for name, value in tc39.settings["parameters"].items():
        caps[name.removeprefix("size_cap_")] = value
    return Committee(
        folder=folder,
        entries=len(days),
        acts=acts,
        commits={name: len(log) for name, log in logs.items()},
        gatherings={
            "meeting": [one for one in days if len(one.people) >= 2],
            "work": discussions(acts, zone) + made,
        },
        caps=caps,
        directory=dict(directory),
        society=society,
    )


def by_quarter(rows: list[tuple[date, float]]) -> pd.Series:
    frame = pd.DataFrame(rows, columns=["day", "value"])
    return frame["value"].groupby(network.periods(frame["day"], "quarter").dt.start_time).sum()


def same(told: pd.Series, expected: pd.Series) -> None:
    """Equal to nine decimals, and nothing there that is not here."""
    told, expected = told.sort_index(), expected.sort_index()
    assert list(told.index) == list(expected.index)
    np.testing.assert_allclose(told.to_numpy(float), expected.to_numpy(float), rtol=1e-9, atol=1e-9)


# --- counts -----------------------------------------------------------------------------------


def test_every_record_is_accounted_for(tc39: Example, committee: Committee) -> None:
    ledger = tc39.ask("SELECT * FROM source_file")
    ledger.index = [path.rpartition("/")[2] for path in ledger["path"]]
    calendar = (committee.folder / "plenaries.ics").read_bytes()
    records = {
        "plenaries.ics": calendar.count(b"BEGIN:VEVENT\r\n") or calendar.count(b"BEGIN:VEVENT\n"),
        "discussions.csv": len(committee.acts),
        **committee.commits,
    }
    assert dict(ledger["records"]) == records
    assert records["plenaries.ics"] == committee.entries == 261
    parts = ledger["events"] + ledger["rejected"] + ledger["duplicates"] + ledger["skipped"]
    assert list(parts) == list(ledger["records"])
    assert ledger["skipped"]["plenaries.ics"] == 261 - len(committee.gatherings["meeting"])
    told = {
        (r["item"].strip(), r["timestamp"], canonical(r["person"]), r["action"])
        for r in committee.acts
    }
    assert ledger["duplicates"]["discussions.csv"] == len(committee.acts) - len(told)
    assert ledger["rejected"].sum() == tc39.one("SELECT count(*) FROM quarantine") == 0
    hashes = {
        one.key for one in committee.gatherings["work"] if re.fullmatch("[0-9a-f]{40}", one.key)
    }
    counted = tc39.ask("SELECT channel, kind, count(*) AS n FROM event GROUP BY ALL")
    assert counted[counted["kind"].isin(["commit", "merge"])]["n"].sum() == len(hashes)
    assert counted[counted["kind"] == "comment"]["n"].sum() == len(told)
    assert counted[counted["channel"] == "meeting"]["n"].sum() == len(
        committee.gatherings["meeting"]
    )


def test_people_and_organisations(tc39: Example, committee: Committee) -> None:
    people = committee.people()
    assert tc39.one("SELECT count(DISTINCT address_id) FROM participation") == len(people)
    listed = {unit for rows in committee.directory.values() for *_, unit in rows}
    placed = committee.domains()
    every = listed | {*placed.values()}
    assert 40 < len(committee.singles) < len(every) - 20
    told = tc39.ask("SELECT DISTINCT unit FROM membership")["unit"]
    assert {*told} == every - committee.singles | {OTHER}
    assert tc39.one(
        "SELECT count(DISTINCT person_id) FROM membership WHERE origin = 'directory'"
    ) == len(committee.directory)
    assert tc39.one("SELECT count(*) FROM membership WHERE origin = 'domain'") == len(placed)


@pytest.mark.parametrize("channel", CHANNELS)
def test_volume(tc39: Example, committee: Committee, channel: str) -> None:
    """Σw is half of all seats, Σh half of all hours, of what is neither alone nor a broadcast."""
    gathered, cap = committee.gatherings[channel], committee.caps[channel]
    gathered = [one for one in gathered if one.people]
    sizes = [(one, len(one.people)) for one in gathered]
    tied = [(one, size) for one, size in sizes if 1 < size <= cap]
    expected = {
        "events": by_quarter([(one.day, 1) for one in gathered]),
        "broadcasts": by_quarter([(one.day, size > cap) for one, size in sizes]),
        "weight": by_quarter([(one.day, size / 2) for one, size in tied]),
        "hours": by_quarter([(one.day, size * one.hours / 2) for one, size in tied]),
    }
    if channel != "meeting":
        del expected["hours"]
    quarters = expected["events"].index
    for measure, series in expected.items():
        told = tc39.values("interaction_volume", measure, "quarter", channel)
        whole = told.xs((WHOLE, WHOLE), level=("unit", "other_unit"))
        same(whole, series.reindex(quarters, fill_value=0))
    broadcasts = sum(size > cap for _, size in sizes)
    assert broadcasts == 0 if channel == "meeting" else broadcasts > 300


def test_at_the_usual_cap_no_plenary_would_be_a_tie(committee: Committee) -> None:
    """Why the example sets another one."""
    sizes = [len(one.people) for one in committee.gatherings["meeting"]]
    assert sum(size <= 8 for size in sizes) / len(sizes) < 0.01
    assert max(sizes) <= committee.caps["meeting"]


# --- across boundaries, as of the day ---------------------------------------------------------


def inside(unit: pd.Series, other: pd.Series) -> pd.Series:
    """Two of (other) are of two organisations."""
    return (unit == other) & (unit != OTHER)


def sides(ties: pd.DataFrame) -> pd.DataFrame:
    """Each tie as each of its units sees it, once where it is inside one, and as the network does."""
    mine = ties.rename(columns={"unit_s": "unit", "unit_t": "other"})
    theirs = ties[ties["unit_s"] != ties["unit_t"]].rename(
        columns={"unit_t": "unit", "unit_s": "other"}
    )
    touched = (ties["unit_s"] == UNKNOWN) | (ties["unit_t"] == UNKNOWN)
    outside = np.where(inside(ties["unit_s"], ties["unit_t"]), WHOLE, "(another)")
    every = ties.assign(unit=WHOLE, other=np.where(touched, UNKNOWN, outside))
    rows = pd.concat([mine, theirs, every])[["period", "unit", "other", "w"]]
    return rows[rows["unit"] != UNKNOWN].assign(start=lambda x: x["period"].dt.start_time)


@pytest.mark.parametrize("channel", CHANNELS)
def test_cross_boundary_share_as_of_the_day(
    tc39: Example, committee: Committee, channel: str
) -> None:
    rows = sides(committee.ties(channel))
    keys = [rows["start"], rows["unit"]]
    unknown = rows["w"].where(rows["other"] == UNKNOWN, 0).groupby(keys).sum()
    within = inside(rows["unit"], rows["other"])
    across = rows["w"].where((rows["other"] != UNKNOWN) & ~within, 0)
    across, every = across.groupby(keys).sum(), rows["w"].groupby(keys).sum()
    known = (across + rows["w"].where(within, 0).groupby(keys).sum()).replace(0, np.nan)
    expected = {"share": across / known, "unknown_share": unknown / every}
    for measure, series in expected.items():
        told = tc39.values("cross_boundary_share", measure, "quarter", channel)
        same(told.droplevel("other_unit"), series)
    told = tc39.values("cross_boundary_share", "share", "quarter", channel, column="numerator")
    same(told.droplevel("other_unit"), across)


def test_flow_matrix_as_of_the_day(tc39: Example, committee: Committee) -> None:
    same(
        tc39.values("flow", "weight", "quarter", "meeting"), network.flow(committee.ties("meeting"))
    )


def test_memberships_of_today_would_give_other_shares(committee: Committee) -> None:
    """So that the comparison above can fail."""
    today = datetime.now(UTC).date()
    last = Committee(
        **{
            **{name: getattr(committee, name) for name in Committee.__dataclass_fields__},
            "directory": {
                person: [(EARLY, LATE, max(rows, key=lambda row: row[1])[2])]
                for person, rows in committee.directory.items()
            },
        }
    )
    moved = [p for p in committee.directory if len(committee.directory[p]) > 1]
    assert len(moved) > 50
    assert {*last.units(moved[0], today)} <= {unit for *_, unit in committee.directory[moved[0]]}
    then, now = network.flow(committee.ties("meeting")), network.flow(last.ties("meeting"))
    assert len(then.index.symmetric_difference(now.index)) > 100


# --- privacy, publication, a second run -------------------------------------------------------


@pytest.fixture(scope="module")
def secrets(committee: Committee) -> set[str]:
    """Addresses as written and in one spelling, and names of people."""
    every = "\n".join(
        path.read_text(encoding="utf-8") for path in committee.folder.glob("*.csv")
    ) + "".join(
        gzip.decompress(path.read_bytes()).decode() for path in committee.folder.glob("*.gz")
    )
    written = set(re.findall(r"[\w.+\[\]-]+@[\w-]+(?:\.[\w-]+)+", every.lower()))
    with (committee.folder / "directory.csv").open(encoding="utf-8", newline="") as file:
        names = {row["name"].strip() for row in csv.DictReader(file)}
    names = {name for name in names if " " in name and len(name) >= privacy.SHORTEST}
    items = {item for act in committee.acts if len(item := act["item"].strip()) >= 12}
    return written | committee.people() | names | items


def test_the_search_finds_secrets(tc39: Example, committee: Committee, secrets: set[str]) -> None:
    kept = set(privacy.texts(tc39.home / "warehouse" / "identity" / "identity.duckdb"))
    people = committee.people()
    assert people <= kept
    assert people <= privacy.told("\n".join(kept).encode(), secrets)


def test_nothing_that_is_kept_or_shown_tells_who(tc39: Example, secrets: set[str]) -> None:
    paths = privacy.files(tc39.home)
    assert {tc39.warehouse, tc39.published.resolve()} <= set(paths)
    assert privacy.assert_nobody_in(tc39.home, secrets) == len(paths)


def test_the_release_holds_no_person(tc39: Example, committee: Committee) -> None:
    assert tc39.ask("SELECT count(*) AS n FROM mart.metric_value", published=True)["n"][0] > 0
    people = set(
        tc39.ask("SELECT address_id FROM participation UNION SELECT person_id FROM membership")[
            "address_id"
        ]
    )
    assert len(people) == len(committee.people() | {*committee.directory})
    assert not people & privacy.numbers(tc39.published)
    assert not privacy.told(tc39.published.read_bytes(), {str(person) for person in people})


def test_a_second_run_reads_nothing_and_changes_nothing(tc39: Example) -> None:
    assert "Nothing new to read" in tc39.said
    runs = tc39.ask("SELECT state, files, events, stale_days FROM run ORDER BY started_at")
    assert list(runs["state"]) == ["succeeded", "succeeded"]
    assert list(runs.iloc[1][["files", "events", "stale_days"]]) == [0, 0, 0]
    assert tc39.second == tc39.first
    before, after = tc39.releases
    assert before == after
