"""The shared board of the demo network: issues of two organisations each."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from random import Random

from flows.demo_network.happenings import Action, Issue, LineName
from flows.demo_network.lines import LINES, Sides, across, meeting_days, turned
from flows.demo_network.rhythm import DAY, Year, mail_moment, reply_moment

STATUSES = ("Te doen", "Bezig", "Wacht op partner", "Gereed")


def base_issues(rng: Random, year: Year, lines: dict[LineName, Sides]) -> tuple[Issue, ...]:
    """The shared board: each issue is work of two organisations."""
    drawn = [
        found
        for line, sides in lines.items()
        for day in meeting_days(rng, year, LINES[line].issues)
        if (found := issue(rng, year, day, sides, line))
    ]
    drawn.sort(key=lambda found: found.created)
    return tuple(replace(found, number=number) for number, found in enumerate(drawn, start=1))


def issue(rng: Random, year: Year, day: date, sides: Sides, line: LineName | None) -> Issue | None:
    """An issue with its comments, hand-overs and steps until it is done; None on an empty day."""
    people = across(rng, day, turned(sides, rng.getrandbits(1)), 2, 2)
    if len(people) < 3:
        return None
    created = mail_moment(rng, day)
    actions: list[Action] = []
    when, reached = created, 0
    for _ in range(rng.choice((2, 3, 4, 6, 9))):
        when = reply_moment(rng, when + rng.choice((0, 1, 3, 8)) * DAY)
        author, other = rng.sample(people, 2)
        if when.date() >= year.end or not author.active(when.date()):
            break
        kind = rng.choice(("comment", "comment", "comment", "status", "assignee"))
        if kind == "status":
            reached = min(reached + 1, len(STATUSES) - 1)
            actions.append(Action(when, author, "status", status=STATUSES[reached]))
        elif kind == "assignee":
            actions.append(Action(when, author, "assignee", other))
        else:
            mentions = other if rng.random() < 0.3 else None
            actions.append(Action(when, author, "comment", mentions))
    assignee = people[1] if rng.random() < 0.8 else None
    return Issue(0, created, people[0], assignee, tuple(actions), line=line)
