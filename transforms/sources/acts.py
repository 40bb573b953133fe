"""Acts on work items and in conversations, and the rows that they become.

Every reader of a project tool or chat tells its records as acts; what all of those have in common
(the window, repeated acts, people who are named twice) is decided here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from transforms.sources.base import (
    BATCH_ROWS,
    RAW_EVENT,
    RAW_PARTICIPATION,
    RAW_REJECT,
    Batch,
    Options,
    frame,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    import polars as pl

_NOT_SAID = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`|^[ \t]*>[^\n]*$", re.DOTALL | re.MULTILINE)
_MENTION = re.compile(r"(?<![\w/.@=+-])@([A-Za-z0-9_](?:[\w.-]*\w)?)(?![\w/@-])", re.ASCII)


class Act(NamedTuple):
    """One thing done by `actor` in `role`; `others` are those it is done to, in role `toward`.

    Whoever mentions but oneself does nothing; an assignment to oneself is a change. `is_doer` is
    False where the record tells whose work it is, and not who did this.
    """

    key: str
    kind: str
    at: datetime | None  # None: the record's date cannot be read
    actor: str
    role: str = "author"
    toward: str = ""
    others: tuple[str, ...] = ()
    container: str | None = None
    thread: str | None = None
    reply: str | None = None
    is_automated: bool = False
    is_doer: bool = True


@dataclass(slots=True)
class Rows:
    """Rows of the batch in the making. `seen` holds hashes of the keys that were told before."""

    channel: str
    options: Options
    seen: set[int]
    events: list[tuple[object, ...]] = field(default_factory=list)
    participations: list[tuple[object, ...]] = field(default_factory=list)
    rejects: list[tuple[object, ...]] = field(default_factory=list)
    records: int = 0
    skipped: int = 0
    duplicates: int = 0

    def reject(self, position: int, place: str, reason: str) -> None:
        """Refuse a record."""
        self.rejects.append((position, place, reason))

    def add(self, acts: Iterable[Act], position: int, place: str) -> None:
        """Add the acts that one record tells, where they lie in the window and are new."""
        unreadable = repeated = new = 0
        for act in acts:
            if act.at is None:
                unreadable += 1
            elif self.options.since <= act.at < self.options.until:
                others: Sequence[str] = ()
                if act.others:
                    others = [*dict.fromkeys(other for other in act.others if other != act.actor)]
                    if not others and act.kind == "mention":
                        continue
                    if not others and act.kind == "assignment":
                        act = act._replace(kind="change")  # noqa: PLW2901 - who takes it on
                if self._is_new(act.key):
                    new += 1
                    self._row(act, others, position)
                else:
                    repeated += 1
        if unreadable:
            self.reject(position, place, f"{unreadable} acts without a date that can be read")
        elif not new:
            self.duplicates += repeated > 0
            self.skipped += repeated == 0

    @property
    def is_full(self) -> bool:
        """Whether the batch holds as much as a batch may."""
        return len(self.participations) >= BATCH_ROWS

    def finished(self) -> Batch:
        """The batch."""
        return Batch(
            _frame(self.events, RAW_EVENT),
            _frame(self.participations, RAW_PARTICIPATION),
            _frame(self.rejects, RAW_REJECT),
            self.records,
            self.skipped,
            self.duplicates,
        )

    def _row(self, act: Act, others: Iterable[str], position: int) -> None:
        doer = act.actor if act.is_doer else None
        self.events.append((
            act.key, self.channel, act.kind, act.at, None, doer, act.thread, act.reply,
            act.container, act.is_automated, False, 0, position,
        ))  # fmt: skip
        self.participations.append((act.key, act.actor, act.role, "none", False))
        for other in others:
            self.participations.append((act.key, other, act.toward, "none", False))

    def _is_new(self, key: str) -> bool:
        count = len(self.seen)
        self.seen.add(hash(key))
        return len(self.seen) > count


def _frame(
    rows: Sequence[tuple[object, ...]],
    schema: Mapping[str, pl.DataType | type[pl.DataType]],
) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    return frame({name: list(column) for name, column in zip(schema, columns, strict=True)}, schema)


def utc(text: str | None) -> datetime | None:
    """ISO 8601 with an offset, in UTC; None where it is not."""
    try:
        time = datetime.fromisoformat(text or "")
        return time.astimezone(UTC) if time.tzinfo else None
    except (ValueError, OverflowError):
        return None


def stamp(at: datetime | None) -> str:
    """The second, as it stands in keys."""
    return f"{at:%Y%m%dT%H%M%SZ}" if at else ""


def mentioned(text: str | None, known: Collection[str]) -> tuple[str, ...]:
    """Names of `known` (lower case) that `text` calls by @name, outside of code and quotations.

    Anything may follow an @ in a technical text; only those whom the file shows as people count.
    """
    if not text or "@" not in text:
        return ()
    names = (name.lower() for name in _MENTION.findall(_NOT_SAID.sub(" ", text)))
    return tuple(sorted({name for name in names if name in known}))
