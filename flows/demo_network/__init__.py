"""A made-up Dutch regional network with a year of native exports, for a first run and for tests.

Eight organisations around the town of Rijnoever, which does not exist. Everything is drawn from one
seed; docs/demo.md tells which stories are planted in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random
from typing import TYPE_CHECKING

from flows.demo_network import exports
from flows.demo_network.happenings import Happenings
from flows.demo_network.lines import pools
from flows.demo_network.mails import base_mails
from flows.demo_network.meetings import base_blocks, base_meetings
from flows.demo_network.people import ORGANISATIONS, directory, outsiders, seats
from flows.demo_network.rhythm import year_until
from flows.demo_network.stories import Story, planted, tell, with_leavers
from flows.demo_network.work import base_issues

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DemoNetwork", "Story", "write_demo"]


@dataclass(frozen=True, slots=True)
class DemoNetwork:
    """What was written: counts over the whole network, each event once.

    `start` is the first day, `end` the day after the last. `broken` is (folder under incoming,
    records that no reader can accept).
    """

    start: date
    end: date
    organisations: tuple[str, ...]
    people: int
    meetings: int  # that take place, blocks of one person not among them
    messages: int
    issues: int
    stories: tuple[Story, ...]
    broken: tuple[tuple[str, int], ...]

    @property
    def broken_records(self) -> int:
        return sum(count for _, count in self.broken)


def write_demo(
    folder: Path, *, seed: int = 7, end: date = date(2026, 10, 31), stories: bool = True
) -> DemoNetwork:
    """Write twelve months of exports up to `end` (excluded) under `folder`; return a summary.

    Makes incoming/<organisation>/ and directory/people.csv; files already there are overwritten.
    Without `stories`, the same network in an ordinary year.
    """
    year = year_until(end)

    def rng(part: str) -> Random:
        return Random(f"{seed} {part}")

    held = seats(rng("people"), year.months)
    outside = outsiders(rng("outside"), len(held))
    lines = pools(rng("lines"), held)
    happenings = Happenings(
        base_meetings(rng("meetings"), year, held, lines),
        base_blocks(rng("blocks"), year, held),
        base_mails(rng("mails"), year, held, outside, lines),
        base_issues(rng("issues"), year, lines),
    )
    told = planted(year) if stories else ()
    happenings = tell(rng("stories"), year, happenings, told, held, lines=lines)
    by_kind = {story.kind: story for story in told}
    merger, outage = by_kind.get("merger"), by_kind.get("outage")
    merged = (merger.slugs[0], merger.slugs[1], merger.since) if merger else None
    rows = directory(with_leavers(held, told), merged)
    gap = (outage.slugs[0], outage.since, outage.until or end) if outage else None
    exports.write(folder, happenings, rows, gap)
    return DemoNetwork(
        year.start,
        year.end,
        tuple(organisation.name for organisation in ORGANISATIONS),
        len({seat.person for seat in held}),
        sum(o.takes_place for meeting in happenings.meetings for o in meeting.occurrences),
        len(happenings.mails),
        len(happenings.issues),
        told,
        exports.broken_records(),
    )
