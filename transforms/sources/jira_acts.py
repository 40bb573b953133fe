"""What was done on Jira's issues, column by column, and the rows that it becomes.

An issue's creation, comments, changes and worklogs are events; an assignment to somebody else and the
mentions in a comment are directed. Acts without an actor (anonymous, deleted) are left out.

The keys of changes do not name the issue: their numbers are the site's, and a page of changes may call
the issue by another name than a search does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from transforms.sources.acts import utc
from transforms.sources.jira_records import User, address_of, ids_of, is_machine, mentions, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from transforms.sources.jira_records import Comment, History, Issue, Worklog

ACT: dict[str, pl.DataType | type[pl.DataType]] = {
    "place": pl.UInt32,  # in which the number is one of its own: an issue, or with 1 more its site
    "name": pl.String,  # the kind as it stands in the key
    "actor": pl.UInt32,
}
TEXTS = ("number", "at")  # of an act: its number, empty where an issue has but one; and when it was
NOBODY = 0


class Told(NamedTuple):
    """One record of the file, as an issue. `item`: its site and number."""

    position: int
    place: str
    item: str
    issue: Issue


class People(dict[User | str | None, int]):
    """User, or id → number of the person, found out when somebody is seen for the first time."""

    def __init__(self, known: Callable[[], Mapping[str, str]]) -> None:
        """`known` tells the addresses of ids; it is asked only where an address is missing."""
        super().__init__({None: NOBODY})
        self.known = known
        self.addresses: list[str | None] = [None]
        self.machines = [False]

    def __missing__(self, user: User | str) -> int:
        address = address_of(user, {})
        if address is None or address.startswith("jira:"):
            address = address_of(user, self.known())
        if address is None:
            self[user] = NOBODY
        else:
            self[user] = len(self.addresses)
            self.addresses.append(address)
            self.machines.append(isinstance(user, User) and is_machine(user))
        return self[user]


@dataclass(slots=True)
class Acts:
    """The acts of a batch in the making: a list per column of `ACT`, and what few acts have.

    Of TEXTS, many are kept as one, a line each: kept one by one, they would lie scattered in the memory
    that the next records are decoded into, and make each of them slower.
    """

    people: People
    records: list[Told] = field(default_factory=list)  # their issues are forgotten
    columns: dict[str, list[object]] = field(default_factory=lambda: {name: [] for name in ACT})
    texts: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in TEXTS})
    towards: list[tuple[int, str, str]] = field(default_factory=list)  # act, address, role
    alone: list[int] = field(default_factory=list)  # assignments that turn out to be to oneself
    rejects: list[tuple[int, str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.columns["actor"])

    def add(self, told: Sequence[Told]) -> None:
        """Put the acts of some issues with the others."""
        base = len(self.records)
        self._histories(told, base)
        self._comments(told, base)
        worklogs = [
            (number, one, log)
            for number, one in enumerate(told, base)
            if one.issue.fields.worklog
            for log in one.issue.fields.worklog.worklogs or ()
        ]
        if worklogs:
            self._put(
                [2 * number for number, _, _ in worklogs],
                ["worklog"] * len(worklogs),
                [log for _, _, log in worklogs],
                [log.started or log.created or "" for _, _, log in worklogs],
            )
        self.records += [one._replace(issue=None) for one in told]  # type: ignore[arg-type]

    # --- creation -----------------------------------------------------------------------------

    def _create(self, told: Sequence[Told], base: int, reassigned: set[int]) -> None:
        for number, one in enumerate(told, base):
            fields = one.issue.fields
            creator = fields.creator or fields.reporter
            if not creator:
                continue
            self._one(2 * number, "create", "", fields.created, creator)
            first = _first_assignee(one.issue, is_reassigned=number in reassigned)
            if first and first not in ids_of(creator):
                act = self._one(2 * number, "assignment", "create", fields.created, creator)
                self._toward(act, creator, (first,), "assignee")

    # --- comments -----------------------------------------------------------------------------

    def _comments(self, told: Sequence[Told], base: int) -> None:
        held = [
            (2 * number, one.issue.fields.comment.comments)
            for number, one in enumerate(told, base)
            if one.issue.fields.comment and one.issue.fields.comment.comments
        ]
        comments = [comment for _, some in held for comment in some]
        places = [place for place, some in held for _ in some]
        created = [comment.created or "" for comment in comments]
        self._put(places, ["comment"] * len(comments), comments, created)
        for at, names in mentions([comment.body for comment in comments]):
            comment = comments[at]
            if not (author := comment.author) or not (others := names - {*ids_of(author)}):
                continue
            actor = self.people.addresses[self.people[author]]
            if utc(comment.created) and not ({*self._addresses(others)} - {actor}):
                continue
            act = self._one(places[at], "mention", str(comment.id), comment.created, author)
            self._toward(act, author, others, "mentioned")

    # --- changes ------------------------------------------------------------------------------

    def _histories(self, told: Sequence[Told], base: int) -> None:
        held = [
            (2 * number + 1, one.issue.changelog.histories)
            for number, one in enumerate(told, base)
            if one.issue.changelog and one.issue.changelog.histories
        ]
        histories = [history for _, some in held for history in some]
        places = [place for place, some in held for _ in some]
        names = ["change"] * len(histories)
        assigning: dict[int, None] = {}
        for at, history in enumerate(histories):
            for item in history.items or ():
                if item.field == "status":
                    names[at] = "status"
                elif item.field == "assignee":
                    assigning[at] = None
        self._create(told, base, {places[at] // 2 for at in assigning})
        start = len(self)
        for at in assigning:
            author, assigned = histories[at].author, _assigned(histories[at])
            if author and assigned and assigned not in ids_of(author):
                names[at] = "assignment"
                self._toward(start + at, author, (assigned,), "assignee")
        self._put(places, names, histories, [one.created or "" for one in histories])

    # --- columns ------------------------------------------------------------------------------

    def _put(
        self, places: list[int], names: list[str],
        acts: Sequence[Comment | History | Worklog], at: list[str],
    ) -> None:  # fmt: skip
        if not acts:
            return
        people = self.people
        actors = [people[act.author] for act in acts]
        columns: tuple[Sequence[object], ...] = (places, names, actors)
        for held, more in zip(self.columns.values(), columns, strict=True):
            held.extend(more)
        self.texts["number"].append(_lines([str(act.id) for act in acts]))
        self.texts["at"].append(_lines(at))

    def _one(self, place: int, name: str, number: str, at: str | None, actor: User) -> int:
        act = len(self)
        row = (place, name, self.people[actor])
        for held, more in zip(self.columns.values(), row, strict=True):
            held.append(more)
        for lines, text in zip(self.texts.values(), (number, at or ""), strict=True):
            lines.append(text.replace("\n", " "))
        return act

    def _toward(self, act: int, actor: User, others: Iterable[str], role: str) -> None:
        own = self.people.addresses[self.people[actor]]
        addresses = sorted({*self._addresses(others)} - {own})
        self.towards += [(act, address, role) for address in addresses]
        if not addresses:
            self.alone.append(act)

    def _addresses(self, ids: Iterable[str]) -> list[str]:
        addresses = (self.people.addresses[self.people[one]] for one in ids)
        return [address for address in addresses if address]


def _lines(texts: Sequence[str]) -> str:
    """Texts as one, a line each."""
    text = "\n".join(texts)
    is_plain = text.count("\n") == len(texts) - 1
    return text if is_plain else "\n".join(one.replace("\n", " ") for one in texts)


def _assigned(history: History) -> str | None:
    """Id of whom the change gives the issue to."""
    items = history.items or ()
    return next((text_of(one.to) for one in reversed(items) if one.field == "assignee"), None)


def _first_assignee(issue: Issue, *, is_reassigned: bool) -> str | None:
    """Id of who had the issue when it was made; None where the changelog is not there to tell."""
    changelog, assignee = issue.changelog, issue.fields.assignee
    histories = changelog.histories if changelog else None
    if changelog is None or histories is None or (changelog.total or 0) > len(histories):
        return None
    changes = [
        (history.created or "", text_of(item.from_))
        for history in histories
        for item in history.items or ()
        if item.field == "assignee"
    ] if is_reassigned else []  # fmt: skip
    if changes:
        return min(changes, key=itemgetter(0))[1]
    return next(filter(None, ids_of(assignee)), None) if assignee else None
