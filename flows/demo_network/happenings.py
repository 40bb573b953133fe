"""What happens in the demo network, before any format: meetings, blocks of time, mails and issues.

Everything that happens on a line, which is what connects two organisations, carries it, so that a story can
quiet the line later.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flows.demo_network.people import ORGANISATIONS, Seat

LineName = tuple[str, str]  # slugs, in the order of LINES


@dataclass(frozen=True, slots=True)
class Guest:
    seat: Seat
    role: Literal["REQ-PARTICIPANT", "OPT-PARTICIPANT"]
    response: Literal["ACCEPTED", "TENTATIVE", "DECLINED", "NEEDS-ACTION"]


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time of a meeting. `dropped` ones are EXDATEs; `moved` ones take place at `moved_to`."""

    start: datetime
    state: Literal["held", "dropped", "moved", "cancelled"] = "held"
    moved_to: datetime | None = None

    @property
    def takes_place(self) -> bool:
        return self.state in ("held", "moved")


@dataclass(frozen=True, slots=True)
class Meeting:
    """A single meeting, or a series when `every` is given; `part` tells pieces of a cut series."""

    number: int
    organiser: Seat
    guests: tuple[Guest, ...]
    minutes: int
    occurrences: tuple[Occurrence, ...]
    every: Literal["week", "fortnight", "month"] | None = None
    line: LineName | None = None
    part: str = ""
    sequence: int = 0
    stale_copy: bool = False  # one partner's export still holds the version before

    @property
    def uid(self) -> str:
        suffix = f"-{self.part}" if self.part else ""
        return f"{self.number:08x}{suffix}@agenda.{self.organiser.address.partition('@')[2]}"

    def partners(self) -> tuple[str, ...]:
        present = {self.organiser.organisation, *(g.seat.organisation for g in self.guests)}
        return tuple(o.slug for o in ORGANISATIONS if o.slug in present)


BlockKind = Literal["all-day", "free", "alone"]


@dataclass(frozen=True, slots=True)
class Block:
    """An entry in a calendar that is no meeting."""

    number: int
    seat: Seat
    kind: BlockKind
    start: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class Mail:
    number: int
    sent: datetime
    sender: Seat
    to: tuple[Seat, ...]
    cc: tuple[Seat, ...] = ()
    thread: tuple[int, ...] = ()  # numbers of the mails before it, oldest first
    kind: Literal["person", "newsletter", "machine", "list"] = "person"
    line: LineName | None = None
    copies: tuple[str, ...] = ()  # partners whose people get it through a list


@dataclass(frozen=True, slots=True)
class Action:
    """What somebody did to an issue: commented (and mentioned whom), moved it, handed it over."""

    when: datetime
    author: Seat
    kind: Literal["comment", "status", "assignee"]
    target: Seat | None = None
    status: str = ""


@dataclass(frozen=True, slots=True)
class Issue:
    number: int
    created: datetime
    reporter: Seat
    assignee: Seat | None
    actions: tuple[Action, ...]
    epic: int | None = None  # number of the epic it belongs to
    is_epic: bool = False
    line: LineName | None = None


@dataclass(frozen=True, slots=True)
class Happenings:
    meetings: tuple[Meeting, ...]
    blocks: tuple[Block, ...]
    mails: tuple[Mail, ...]
    issues: tuple[Issue, ...]
