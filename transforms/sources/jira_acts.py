"""What was done on Jira's issues, column by column, and the rows that it becomes.

An issue's creation, comments, changes and worklogs are events; an assignment to somebody else and the
mentions in a comment are directed. Acts without an actor (anonymous, deleted) are left out.

The keys of changes do not name the issue: their numbers are the site's, and a page of changes may call
the issue by another name than a search does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC
from operator import itemgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from transforms.sources.acts import utc
from transforms.sources.base import RAW_EVENT, RAW_PARTICIPATION, RAW_REJECT, Batch, Options
from transforms.sources.iso_times import utc_instants
from transforms.sources.jira_records import User, address_of, ids_of, is_machine, mentions, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from transforms.sources.jira_records import Comment, History, Issue, Worklog

_ACT: dict[str, pl.DataType | type[pl.DataType]] = {
    "record": pl.UInt32,
    "within": pl.String,  # issue or site in which the number is one of its own
    "name": pl.String,  # the kind as it stands in the key
    "number": pl.String,  # empty: there is but one in the issue
    "at": pl.String,
    "actor": pl.UInt32,
}
NOBODY = 0
_TOWARD = {"act": pl.Int64, "address": pl.String, "role": pl.String}
_KEY = pl.concat_str(
    pl.lit("work:jira:"), "within", pl.lit(":"), "name", pl.lit(":"), "number"
).str.strip_suffix(":")


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
    """The acts of a batch in the making: a list per column of `_ACT`, and what few acts have."""

    people: People
    records: list[Told] = field(default_factory=list)  # their issues are forgotten
    columns: dict[str, list[object]] = field(default_factory=lambda: {name: [] for name in _ACT})
    towards: list[tuple[int, str, str]] = field(default_factory=list)  # act, address, role
    alone: list[int] = field(default_factory=list)  # assignments that turn out to be to oneself
    rejects: list[tuple[int, str, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.columns["at"])

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
                [number for number, _, _ in worklogs],
                [one.item for _, one, _ in worklogs],
                ["worklog"] * len(worklogs),
                [log for _, _, log in worklogs],
                [log.started or log.created for _, _, log in worklogs],
            )
        self.records += [one._replace(issue=None) for one in told]  # type: ignore[arg-type]

    # --- creation -----------------------------------------------------------------------------

    def _create(self, told: Sequence[Told], base: int, reassigned: set[int]) -> None:
        for number, one in enumerate(told, base):
            fields = one.issue.fields
            creator = fields.creator or fields.reporter
            if not creator:
                continue
            self._one(number, one.item, "create", "", fields.created, creator)
            first = _first_assignee(one.issue, is_reassigned=number in reassigned)
            if first and first not in ids_of(creator):
                act = self._one(number, one.item, "assignment", "create", fields.created, creator)
                self._toward(act, creator, (first,), "assignee")

    # --- comments -----------------------------------------------------------------------------

    def _comments(self, told: Sequence[Told], base: int) -> None:
        held = [
            (number, one.item, one.issue.fields.comment.comments)
            for number, one in enumerate(told, base)
            if one.issue.fields.comment and one.issue.fields.comment.comments
        ]
        comments = [comment for _, _, some in held for comment in some]
        records = [number for number, _, some in held for _ in some]
        items = [item for _, item, some in held for _ in some]
        self._put(
            records, items, ["comment"] * len(comments), comments,
            [comment.created for comment in comments],
        )  # fmt: skip
        for at, names in mentions([comment.body for comment in comments]):
            number, item, comment = records[at], items[at], comments[at]
            if not (author := comment.author) or not (others := names - {*ids_of(author)}):
                continue
            actor = self.people.addresses[self.people[author]]
            if utc(comment.created) and not ({*self._addresses(others)} - {actor}):
                continue
            act = self._one(number, item, "mention", str(comment.id), comment.created, author)
            self._toward(act, author, others, "mentioned")

    # --- changes ------------------------------------------------------------------------------

    def _histories(self, told: Sequence[Told], base: int) -> None:
        held = [
            (number, one.item, one.issue.changelog.histories)
            for number, one in enumerate(told, base)
            if one.issue.changelog and one.issue.changelog.histories
        ]
        histories = [history for _, _, some in held for history in some]
        records = [number for number, _, some in held for _ in some]
        names = ["change"] * len(histories)
        assigning: dict[int, None] = {}
        for at, history in enumerate(histories):
            for item in history.items or ():
                if item.field == "status":
                    names[at] = "status"
                elif item.field == "assignee":
                    assigning[at] = None
        self._create(told, base, {records[at] for at in assigning})
        start = len(self)
        for at in assigning:
            author, assigned = histories[at].author, _assigned(histories[at])
            if author and assigned and assigned not in ids_of(author):
                names[at] = "assignment"
                self._toward(start + at, author, (assigned,), "assignee")
        sites = [item.partition("/")[0] for _, item, _ in held]
        within = [site for (_, _, some), site in zip(held, sites, strict=True) for _ in some]
        self._put(records, within, names, histories, [one.created for one in histories])

    # --- columns ------------------------------------------------------------------------------

    def _put(
        self, records: list[int], within: list[str], names: list[str],
        acts: Sequence[Comment | History | Worklog], at: list[str | None],
    ) -> None:  # fmt: skip
        people = self.people
        columns: tuple[Sequence[object], ...] = (
            records, within, names, [str(act.id) for act in acts], at,
            [people[act.author] for act in acts],
        )  # fmt: skip
        for held, more in zip(self.columns.values(), columns, strict=True):
            held.extend(more)

    def _one(
        self, record: int, within: str, name: str, number: str, at: str | None, actor: User
    ) -> int:
        act = len(self)
        row = (record, within, name, number, at, self.people[actor])
        for held, more in zip(self.columns.values(), row, strict=True):
            held.append(more)
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

    def finished(self, options: Options, seen: set[int], records: int) -> Batch:
        """The batch, of a file's part with so many records. `seen` holds hashes of earlier keys."""
        told = pl.DataFrame(self.columns, schema=_ACT)
        told = told.with_columns(utc_instants(told["at"]), pl.int_range(pl.len()).alias("act"))
        is_act, is_dated = told["actor"] != NOBODY, told["at"].is_not_null()
        since, until = (moment.astimezone(UTC) for moment in (options.since, options.until))
        is_inside = is_act & is_dated & (told["at"] >= since) & (told["at"] < until)
        inside = told.lazy().filter(is_inside).with_columns(event_key=_KEY).collect()
        is_first = _first_seen(inside["event_key"], seen)
        new = inside if is_first is None else inside.filter(is_first)
        event = self._events(new)
        counts = [self._counts(rows) for rows in (told.filter(is_act & ~is_dated), new, inside)]
        unreadable, fresh, known = counts
        rejects = self.rejects + [
            (one.position, one.place, f"{count} acts without a date that can be read")
            for one, count in zip(self.records, unreadable, strict=True)
            if count
        ]
        is_done = (unreadable == 0) & (fresh == 0)
        return Batch(
            event,
            self._participations(new, event["initiator"]),
            pl.DataFrame(rejects, schema=RAW_REJECT, orient="row"),
            records,
            int((is_done & (known == 0)).sum()),
            int((is_done & (known > 0)).sum()),
        )

    def _events(self, new: pl.DataFrame) -> pl.DataFrame:
        people = pl.Series(self.people.addresses, dtype=pl.String)
        machines = pl.Series(self.people.machines, dtype=pl.Boolean)
        items = pl.Series([f"jira:{one.item}" for one in self.records], dtype=pl.String)
        positions = pl.Series([one.position for one in self.records], dtype=pl.Int64)
        is_alone = pl.col("act").is_in(self.alone) & (pl.col("name") == "assignment")
        kind = pl.when(is_alone).then(pl.lit("change")).otherwise("name") if self.alone else "name"
        return _of(
            new,
            RAW_EVENT,
            channel=pl.lit("work"),
            kind=kind,
            started_at="at",
            ended_at=None,
            initiator=people.gather(new["actor"]),
            thread_key=None,
            reply_key=None,
            container_key=items.gather(new["record"]),
            is_automated=machines.gather(new["actor"]),
            is_cancelled=False,
            revision=0,
            position=positions.gather(new["record"]),
        )

    def _participations(self, new: pl.DataFrame, actors: pl.Series) -> pl.DataFrame:
        is_comment = pl.col("name") == "comment"
        doers = _of(
            new,
            RAW_PARTICIPATION,
            address=actors,
            role=pl.when(is_comment).then(pl.lit("commenter")).otherwise(pl.lit("author")),
            response=pl.lit("none"),
            is_own=False,
        )
        if not self.towards:
            return doers
        others = pl.DataFrame(self.towards, schema=_TOWARD, orient="row").join(
            new.select("act", "event_key"), on="act", maintain_order="left"
        )
        return doers.vstack(_of(others, RAW_PARTICIPATION, response=pl.lit("none"), is_own=False))

    def _counts(self, rows: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        return np.bincount(rows["record"].to_numpy(), minlength=len(self.records))


def _first_seen(keys: pl.Series, seen: set[int]) -> pl.Series | None:
    """Whether a key is the first of its kind in the file; None: all are."""
    hashes = keys.hash().to_list()
    own = {*hashes}
    if len(own) == len(hashes) and seen.isdisjoint(own):
        seen |= own
        return None
    is_first = []
    for one in hashes:
        is_first.append(one not in seen)
        seen.add(one)
    return pl.Series(is_first, dtype=pl.Boolean)


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


def _of(
    rows: pl.DataFrame,
    schema: Mapping[str, pl.DataType | type[pl.DataType]],
    **columns: pl.Series | pl.Expr | str | bool | int | None,
) -> pl.DataFrame:
    """Rows of `schema`: the columns given, and of `rows` the others."""
    made = {name: columns.get(name, name) for name in schema}
    return rows.select(
        (pl.col(one) if isinstance(one, str) else pl.lit(one) if not isinstance(one, pl.Expr) else one)
        .cast(schema[name]).alias(name)
        for name, one in made.items()
    )  # fmt: skip
