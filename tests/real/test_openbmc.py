"""A real mailing list between organisations, held to the standard library, pandas and networkx.

Everything expected here is worked out from the messages themselves, never from Tieline's tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import getaddresses
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from tests.real import oracle_network as network
from tests.real import privacy
from tests.real.oracle_mail import (
    CAP,
    Mail,
    acts,
    answered,
    header_count,
    ids,
    mail,
    messages,
    named,
    united,
)
from tests.real.oracle_people import UNKNOWN, Society, canonical

if TYPE_CHECKING:
    from email.message import Message
    from pathlib import Path

    from tests.real.conftest import Example

pytestmark = pytest.mark.integration
WHOLE = network.WHOLE
GRAINS = ("week", "month")


@dataclass(frozen=True)
class Archive:
    """The same files as the run has read."""

    paths: list[Path]
    messages: list[list[Message]]  # per file
    mails: dict[str, Mail]
    spoken: list[Mail]  # by people, answers to the list counting for whom they answer
    unit: dict[str, str]

    def ties(self, grain: str) -> pd.DataFrame:
        rows = acts(self.spoken)
        rows["period"] = network.periods(rows["day"], grain)
        rows["unit_s"], rows["unit_t"] = rows["s"].map(self.unit), rows["t"].map(self.unit)
        return rows

    def presence(self, grain: str) -> pd.DataFrame:
        """Who took part in what and when: columns period, person, unit, id, is_broadcast."""
        rows = pd.DataFrame(
            [
                (m.day, p, self.unit[p], m.id, len(m.people) > CAP)
                for m in self.spoken
                for p in m.people
            ],
            columns=["day", "person", "unit", "id", "is_broadcast"],
        )
        rows["period"] = network.periods(rows["day"], grain)
        return rows


@pytest.fixture(scope="module")
def archive(openbmc: Example) -> Archive:
    society = Society(openbmc.settings)
    zone = ZoneInfo(openbmc.settings["network"]["time_zone"])
    paths = sorted((openbmc.data / "openbmc-mail").glob("*.mbox.gz"))
    read = [messages(path) for path in paths]
    mails = united(mail(one, zone, society.is_nobody) for box in read for one in box)
    people = {person for one in mails.values() for person in one.people}
    unit = {person: society.organisation(person) for person in sorted(people)}
    return Archive(paths, read, mails, list(answered(mails)), unit)


def same(ours: pd.Series, theirs: pd.Series) -> None:
    """Equal to nine decimals, and nothing there that is not here."""
    ours, theirs = ours.sort_index(), theirs.sort_index()
    assert list(ours.index) == list(theirs.index)
    np.testing.assert_allclose(ours.to_numpy(float), theirs.to_numpy(float), rtol=1e-9, atol=1e-9)


def whole(series: pd.Series) -> pd.Series:
    """The network's own values by period."""
    return series.xs((WHOLE, WHOLE), level=("unit", "other_unit"))


# --- counts -----------------------------------------------------------------------------------


def test_every_message_is_accounted_for(openbmc: Example, archive: Archive) -> None:
    ledger = openbmc.ask("SELECT * FROM source_file ORDER BY path")
    assert [path.rpartition("/")[2] for path in ledger["path"]] == [p.name for p in archive.paths]
    for path, read, row in zip(archive.paths, archive.messages, ledger.itertuples(), strict=True):
        separators = header_count(path, rb"^From mboxrd@z .*$")
        distinct = header_count(path, rb"^Message-ID:\s*<([^<>\s]+)>")
        assert row.records == separators.total() == len(read)
        assert row.events == len(distinct)
        assert row.records == row.events + row.rejected + row.duplicates + row.skipped
        assert (row.rejected, row.skipped) == (0, 0)
        mine = {archive.mails[number] for one in read for number in ids(one, "Message-ID")}
        assert row.automated == sum(one.is_automated for one in mine)
    assert ledger["records"].sum() == 8_601  # a fact of the data, so that nothing shrinks
    assert openbmc.one("SELECT count(*) FROM quarantine") == 0


def test_each_message_is_one_event(openbmc: Example, archive: Archive) -> None:
    assert openbmc.one("SELECT count(*) FROM event") == len(archive.mails)
    assert openbmc.one("SELECT count(*) FROM event WHERE NOT is_automated") == len(archive.spoken)
    assert openbmc.one("SELECT count(*) FROM event WHERE channel <> 'message'") == 0
    days = pd.Series([one.day for one in archive.mails.values()]).value_counts().sort_index()
    told = openbmc.ask("SELECT day, count(*) AS n FROM event GROUP BY day ORDER BY day")
    assert list(told["day"].dt.date) == list(days.index)
    assert list(told["n"]) == list(days)


def test_people_and_organisations(openbmc: Example, archive: Archive) -> None:
    assert openbmc.one("SELECT count(DISTINCT address_id) FROM participation") == len(archive.unit)
    placed = {person: unit for person, unit in archive.unit.items() if unit != UNKNOWN}
    assert openbmc.one("SELECT count(*) FROM membership") == len(placed)
    sizes = pd.Series(placed).value_counts()
    assert len(sizes) > 30
    told = openbmc.ask("SELECT unit, count(*) AS n FROM membership GROUP BY unit")
    assert dict(zip(told["unit"], told["n"], strict=True)) == dict(sizes)


def test_seats(openbmc: Example, archive: Archive) -> None:
    told = openbmc.ask("SELECT role, count(*) AS n FROM participation GROUP BY role")
    assert dict(zip(told["role"], told["n"], strict=True)) == {
        "from": sum(one.sender is not None for one in archive.mails.values()),
        "to": sum(len(one.to) for one in archive.mails.values()),
        "cc": sum(len(one.cc) for one in archive.mails.values()),
    }


@pytest.mark.parametrize("grain", GRAINS)
def test_volume(openbmc: Example, archive: Archive, grain: str) -> None:
    present, ties = archive.presence(grain), archive.ties(grain)
    starts = present["period"].dt.start_time
    expected = {
        "events": present["id"].groupby(starts).nunique(),
        "people": present["person"].groupby(starts).nunique(),
        "broadcasts": present[present["is_broadcast"]]["id"].groupby(starts).nunique(),
        "weight": ties["w"].groupby(ties["period"].dt.start_time).sum(),
    }
    for measure, series in expected.items():
        told = whole(openbmc.values("interaction_volume", measure, grain, "message"))
        same(told, series.reindex(starts.drop_duplicates(), fill_value=0))
    assert expected["broadcasts"].sum() > 700


# --- metrics ----------------------------------------------------------------------------------


@pytest.mark.parametrize("grain", [*GRAINS, "quarter"])
@pytest.mark.parametrize("channel", ["message", WHOLE])
def test_flow_matrix(openbmc: Example, archive: Archive, grain: str, channel: str) -> None:
    same(openbmc.values("flow", "weight", grain, channel), network.flow(archive.ties(grain)))


def test_people_behind_a_line(openbmc: Example, archive: Archive) -> None:
    ties = archive.ties("month")
    turned = ties.rename(columns={"s": "t", "t": "s", "unit_s": "unit_t", "unit_t": "unit_s"})
    sides = pd.concat([ties, turned])
    sides["start"] = sides["period"].dt.start_time
    lines = sides.groupby(["start", "unit_s", "unit_t"])["s"].nunique()
    told = openbmc.values("flow", "weight", "month", "message", column="people")
    same(told, lines[[unit <= other for _, unit, other in lines.index]])


def known(archive: Archive, grain: str) -> dict[pd.Period, tuple[pd.DataFrame, dict[str, str]]]:
    """Per period: ties between people whom their domain places, and all of these who were active."""
    ties, present = archive.ties(grain), archive.presence(grain)
    ties = ties[(ties["unit_s"] != UNKNOWN) & (ties["unit_t"] != UNKNOWN)]
    present = present[present["unit"] != UNKNOWN]
    frames = {
        p: dict(zip(g["person"], g["unit"], strict=True)) for p, g in present.groupby("period")
    }
    return {period: (rows, frames[period]) for period, rows in ties.groupby("period")}


@pytest.mark.parametrize("grain", GRAINS)
def test_ei_index_with_chance_level(openbmc: Example, archive: Archive, grain: str) -> None:
    told = {
        column: whole(openbmc.values("ei_index", "index", grain, "message", column=column))
        for column in ("value", "expected", "z", "people")
    }
    found: dict[str, dict[pd.Timestamp, float]] = {column: {} for column in told}
    for period, (rows, unit) in known(archive, grain).items():
        graph = network.network(rows)
        index = network.ei_index(graph, unit)
        start = period.start_time
        found["value"][start], found["people"][start] = index.value, graph.number_of_nodes()
        found["expected"][start] = index.expected
        found["z"][start] = (index.value - index.expected) / index.deviation
    for column, values in found.items():
        same(told[column], pd.Series(values))


def test_ei_chance_level_is_that_of_random_relabelling(openbmc: Example, archive: Archive) -> None:
    period, (rows, unit) = max(known(archive, "month").items(), key=lambda item: len(item[1][0]))
    drawn = network.relabelled(network.network(rows), unit, times=2000, seed=1)
    value, expected, z = (
        whole(openbmc.values("ei_index", "index", "month", "message", column=c))[period.start_time]
        for c in ("value", "expected", "z")
    )
    variance = ((value - expected) / z) ** 2
    spread = drawn - expected
    assert abs(spread.mean()) < 4 * np.sqrt(variance / len(drawn))
    error = np.sqrt(((spread**4).mean() - variance**2) / len(drawn))
    assert abs((spread**2).mean() - variance) < 4 * error


@pytest.mark.parametrize("grain", GRAINS)
def test_tie_turnover(openbmc: Example, archive: Archive, grain: str) -> None:
    ties = archive.ties(grain)
    pair = np.sort(ties[["s", "t"]].to_numpy(dtype=str), axis=1)
    active: dict[str, dict[tuple[str, str], set[int]]] = {}
    for s, t, period in zip(*pair.T, ties["period"], strict=True):
        units = sorted((archive.unit[s], archive.unit[t]))
        for line in (WHOLE, "|".join(units)):
            active.setdefault(line, {}).setdefault((s, t), set()).add(period.ordinal)
    numbers = sorted({period.ordinal for period in ties["period"]})
    frequency = network.FREQUENCIES[grain]
    expected = []
    for line, held in active.items():
        unit, other = (line.split("|") * 2)[:2]
        rows = network.turnover(held, numbers[0], numbers[-1])
        starts = pd.PeriodIndex.from_ordinals(rows.index, freq=frequency).start_time
        rows.index = pd.MultiIndex.from_product([starts, [unit], [other]])
        expected.append(rows)
    table = pd.concat(expected)
    for measure in table.columns:
        told = openbmc.values("tie_turnover", measure, grain, "message")
        same(told, table[measure])
    assert (whole(table.rename_axis(["period", "unit", "other_unit"]))["reactivated"] > 0).any()


# --- privacy, publication, a second run -------------------------------------------------------


@pytest.fixture(scope="module")
def secrets(archive: Archive) -> set[str]:
    """Addresses, names of people, subjects and message ids."""
    every = [one for box in archive.messages for one in box]
    headers = ("From", "To", "Cc", "Sender", "Reply-To")
    written = [str(value) for one in every for h in headers for value in one.get_all(h, [])]
    names = {" ".join(name.split()) for name, _ in getaddresses(written)}
    subjects = {" ".join(str(one.get("Subject", "")).split()) for one in every}
    found = {address for one in every for address in named(one, *headers)}
    found |= {canonical(address) for address in found}
    found |= {name for name in names if " " in name and len(name) >= privacy.SHORTEST}
    found |= {subject for subject in subjects if len(subject) >= 12}
    return found | {number for one in every for number in ids(one, "Message-ID")}


def test_the_search_finds_secrets(openbmc: Example, archive: Archive, secrets: set[str]) -> None:
    identities = openbmc.home / "warehouse" / "identity" / "identity.duckdb"
    kept = set(privacy.texts(identities))
    assert set(archive.unit) <= kept
    assert set(archive.unit) <= privacy.told("\n".join(kept).encode(), secrets)
    assert privacy.told(identities.read_bytes(), archive.unit)


def test_nothing_that_is_kept_or_shown_tells_who(openbmc: Example, secrets: set[str]) -> None:
    paths = privacy.files(openbmc.home)
    assert {openbmc.warehouse, openbmc.published.resolve()} <= set(paths)
    assert privacy.assert_nobody_in(openbmc.home, secrets) == len(paths)


def test_the_release_holds_no_person(openbmc: Example, archive: Archive) -> None:
    shown = openbmc.ask("SELECT count(*) AS n FROM mart.metric_value", published=True)
    assert shown["n"][0] > 0
    people = set(openbmc.ask("SELECT DISTINCT address_id FROM participation")["address_id"])
    assert len(people) == len(archive.unit)
    assert not people & privacy.numbers(openbmc.published)
    raw = openbmc.published.read_bytes()
    digits = {str(person) for person in people}
    assert not privacy.told(raw, digits)


def test_a_second_run_reads_nothing_and_changes_nothing(openbmc: Example) -> None:
    assert "Nothing new to read" in openbmc.said
    runs = openbmc.ask("SELECT state, files, events, stale_days FROM run ORDER BY started_at")
    assert list(runs["state"]) == ["succeeded", "succeeded"]
    assert list(runs.iloc[1][["files", "events", "stale_days"]]) == [0, 0, 0]
    assert openbmc.second == openbmc.first
    before, after = openbmc.releases
    assert before == after
