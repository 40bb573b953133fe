"""Git log: every commit as one work item of the people whom it names.

Made by the command in `SOURCE.how`: hash, parents, author, its mail and date, committer, its mail
and date, trailers (separated by 0x1f). A commit counts on the committer's date, when it got its
place in the history. Author, co-authors, reviewers, signers and committer act on one item.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import TYPE_CHECKING

import polars as pl

from transforms.sources.base import RAW_EVENT, RAW_PARTICIPATION, RAW_REJECT, Batch, Options, Source
from transforms.sources.opening import decoded, opened_text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHUNK = 1 << 22  # characters; some 20,000 commits

_FIELDS = (
    "hash", "parents", "author_name", "author", "authored", "committer_name", "committer",
    "committed", "trailers",
)  # fmt: skip
_LINE = re.compile(
    r"(?:[0-9a-f]{40}|[0-9a-f]{64})\t[0-9a-f ]*\t[^\t]*\t[^\t]*\t\d{4}-\d\d-\d\dT[^\t]+\t[^\t]*\t"
    r"[^\t]*\t\d{4}-\d\d-\d\dT[^\t\r\n]+(?:\t|\r?\n|$)"
)
_HASH = r"^(?:[0-9a-f]{40}|[0-9a-f]{64})$"
_ADDRESS = r"([^\s<>()\",;:]+@[^\s<>()\",;:]+)"
_ROLES = {
    "co-authored-by": "author",
    "reviewed-by": "reviewer",
    "acked-by": "reviewer",
    "tested-by": "reviewer",
    "signed-off-by": "commenter",
}
_NOBODY = "noreply@github.com"  # merges made on the web site have no committer of their own


def read(path: Path, options: Options) -> Iterator[Batch]:
    """Batches of the log at `path`; positions are lines. A commit told again is a duplicate."""
    seen: set[str] = set()
    for position, lines in _chunks(path):
        yield _batch(position, lines, options, seen)


def sniff(path: Path, head: bytes) -> float:  # noqa: ARG001
    """1 where the first line is a commit in this format."""
    return float(_LINE.match(decoded(head[:4096])) is not None)


def _chunks(path: Path) -> Iterator[tuple[int, pl.Series]]:
    """Number of the first line, and whole lines."""
    position, rest = 1, ""
    with opened_text(path) as text:
        while chunk := text.read(CHUNK):
            whole, newline, rest = (rest + chunk).rpartition("\n")
            if newline:
                lines = _lines(whole)
                yield position, lines
                position += len(lines)
    if rest:
        yield position, _lines(rest)


def _lines(text: str) -> pl.Series:
    # splitlines() would also break at 0x1f's neighbours 0x1c-0x1e and at U+2028.
    return pl.Series("line", [text]).str.split("\n").explode().str.strip_chars_end("\r")


def _batch(position: int, lines: pl.Series, options: Options, seen: set[str]) -> Batch:
    rows = (
        lines.to_frame()
        .with_row_index("position", position)
        .filter(pl.col("line").str.strip_chars() != "")
        .select(
            pl.col("position").cast(pl.Int64),
            # Of nine parts the last keeps whatever tabs a trailer holds.
            pl.col("line").str.splitn("\t", len(_FIELDS)).struct.rename_fields(_FIELDS),
        )
        .unnest("line")
        .with_columns(
            _address("author"),
            _address("committer"),
            pl.col("committed")
            .str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", strict=False, time_unit="us")
            .alias("started_at"),
        )
        .with_columns(
            reason=pl.when(
                pl.col("hash").str.contains(_HASH).not_() | pl.col("committed").is_null()
            )
            .then(pl.lit("no commit in the format of `tieline sources git-log`"))
            .when(pl.col("started_at").is_null())
            .then(pl.lit("the committer's date is no date"))
            .when(pl.col("author").is_null())
            .then(pl.lit("the author has no mail address"))
        )
    )
    refused = pl.col("reason").is_not_null()
    commits = rows.filter(~refused)
    in_window = commits.filter(
        pl.col("started_at").is_between(
            # polars compares instants of one zone only.
            options.since.astimezone(UTC),
            options.until.astimezone(UTC),
            closed="left",
        )
    )
    fresh = _fresh(in_window, seen)
    events = fresh.with_columns(
        ("work:git:" + pl.col("hash")).alias("event_key"),
        ("git:" + pl.col("hash")).alias("container_key"),
    )
    return Batch(
        events=_events(events),
        participations=_participations(events),
        rejects=rows.filter(refused)
        .with_columns(place=pl.lit("line"))
        .select(pl.col(name).cast(dtype) for name, dtype in RAW_REJECT.items()),
        records=rows.height,
        skipped=commits.height - in_window.height,
        duplicates=in_window.height - fresh.height,
    )


def _address(name: str) -> pl.Expr:
    """Lower case, empty ones null; GitHub's two forms of a hidden address as the shorter one."""
    address = pl.col(name).str.strip_chars(" <>").str.to_lowercase()
    short = address.str.replace(r"^\d+\+(.+@users\.noreply\.github\.com)$", "$1")
    return pl.when(address != "").then(short).alias(name)


def _fresh(commits: pl.DataFrame, seen: set[str]) -> pl.DataFrame:
    """Commits not seen before; `seen` grows by them."""
    once = commits.unique("hash", keep="first", maintain_order=True)
    hashes = once["hash"].to_list()
    fresh = once.filter(pl.Series([item not in seen for item in hashes], dtype=pl.Boolean))
    seen.update(hashes)
    return fresh


def _events(commits: pl.DataFrame) -> pl.DataFrame:
    is_github = pl.col("author") == _NOBODY
    made = commits.select(
        "event_key",
        "container_key",
        "started_at",
        "position",
        channel=pl.lit("work"),
        kind=pl.when(pl.col("parents").str.contains(" "))
        .then(pl.lit("merge"))
        .otherwise(pl.lit("commit")),
        ended_at=None,
        initiator=pl.when(~is_github).then("author"),
        thread_key=None,
        reply_key=None,
        is_automated=is_github | pl.col("author").str.contains("[bot]@", literal=True),
        is_cancelled=pl.lit(value=False),
        revision=0,
    )
    return made.select(pl.col(name).cast(dtype) for name, dtype in RAW_EVENT.items())


def _participations(commits: pl.DataFrame) -> pl.DataFrame:
    """Each person once per commit, in the weightiest role: author, reviewer, commenter."""
    trailers = (
        commits.select("event_key", pl.col("trailers").fill_null("").str.split("\x1f"))
        .explode("trailers")
        .select(
            "event_key",
            address=pl.coalesce(
                pl.col("trailers").str.extract("<" + _ADDRESS + ">"),
                pl.col("trailers").str.extract(_ADDRESS),
            ),
            role=pl.col("trailers")
            .str.extract(r"^\s*([A-Za-z-]+)\s*:")
            .str.to_lowercase()
            .replace_strict(_ROLES, default=None, return_dtype=pl.String),
        )
        .with_columns(_address("address"))
        .drop_nulls()
    )
    people = pl.concat(
        [
            commits.select("event_key", address="author", role=pl.lit("author")),
            trailers,
            commits.select("event_key", address="committer", role=pl.lit("commenter")),
        ]
    )
    order = pl.col("role").replace_strict({"author": 0, "reviewer": 1, "commenter": 2})
    return (
        people.filter(pl.col("address") != _NOBODY)
        .sort(order, maintain_order=True)
        .unique(["event_key", "address"], keep="first", maintain_order=True)
        .with_columns(response=pl.lit("none"), is_own=pl.lit(value=False))
        .select(pl.col(name).cast(dtype) for name, dtype in RAW_PARTICIPATION.items())
    )


SOURCE = Source(
    name="git-log",
    title="Git log, tab-separated (.tsv, .tsv.gz)",
    channel="work",
    how=(
        "In the repository: git log --all --date=iso-strict --pretty='tformat:%H%x09%P%x09%aN%x09"
        "%aE%x09%aI%x09%cN%x09%cE%x09%cI%x09%(trailers:only,unfold,separator=%x1f)' > log.tsv"
    ),
    reads=(
        "hash", "parents", "author's mail", "committer's mail and date",
        "trailers Co-authored-by, Reviewed-by, Acked-by, Tested-by, Signed-off-by",
    ),
    sniff=sniff,
    read=read,
)  # fmt: skip
