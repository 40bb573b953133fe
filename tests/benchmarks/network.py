"""A network of any size with the traits that cost time: heavy tails, circles, replies, big meetings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time

import numpy as np
import polars as pl

CIRCLE = 40  # people whom somebody has to do with; the first of them far more than the last
SIZES = {"meeting": (2, 1.1, 30), "message": (2, 1.6, 13), "work": (1, 2.0, 4)}  # least, tail, most
MIX = {"meeting": 0.22, "message": 0.48, "work": 0.30}  # of the events that nobody answers
ANSWERED = 0.45  # part of the messages
KINDS = {"meeting": "meeting", "message": "mail", "work": "comment"}
ROLES = {
    "meeting": ("organiser", "required"),
    "message": ("from", "to"),
    "work": ("author", "commenter"),
}
MINUTE = 60_000_000  # microseconds


@dataclass(frozen=True, slots=True)
class Network:
    """People (person 0.., address, organisation, team), how active each is, and whom each knows."""

    people: pl.DataFrame
    activity: np.ndarray
    circle: np.ndarray  # row: person, column: rank


def make_network(people: int, organisations: int = 12, seed: int = 7) -> Network:
    """`people` in organisations of very different sizes, four teams each."""
    rng = np.random.default_rng(seed)
    sizes = 1.0 / np.arange(1, organisations + 1)
    home = np.sort(rng.choice(organisations, people, p=sizes / sizes.sum()))
    team = np.sort(home * 4 + rng.integers(0, 4, people))
    activity = np.minimum(rng.pareto(1.5, people) + 0.2, 20)
    activity /= activity.sum()
    anywhere = rng.choice(people, (people, CIRCLE), p=activity)
    near = (np.arange(people)[:, None] + rng.integers(-6, 7, (people, CIRCLE))) % people
    colleague = np.clip(
        np.arange(people)[:, None] + rng.integers(-40, 41, (people, CIRCLE)), 0, people - 1
    )
    dice = rng.random((people, CIRCLE))
    circle = np.where(dice < 0.5, near, np.where(dice < 0.75, colleague, anywhere))
    frame = pl.DataFrame({"person": np.arange(people), "home": home, "team": team}).select(
        "person",
        pl.format("p{}@org{}.example", "person", "home").alias("address"),
        pl.format("Organisation {}", "home").alias("organisation"),
        pl.format("Team {}", "team").alias("team"),
    )
    return Network(frame, activity, circle)


def participations(
    network: Network, rows: int, first: date, days: int, seed: int = 8
) -> pl.DataFrame:
    """About `rows` participations over `days` days, in order of time.

    Columns: event, time, end (naive UTC), channel, kind, person, address, role, item, answers.
    """
    rng = np.random.default_rng(seed)
    events = _events(rng, network, rows, first, days)
    seats = _seats(rng, network, events)
    answers = _answers(rng, seats)
    long = pl.concat([seats, answers]).sort("time", "event", "place")
    return long.join(network.people.select("person", "address"), on="person", how="left").select(
        pl.format("e{}", "event").alias("event"), "time", "end", "channel",
        pl.col("channel").replace_strict(KINDS).alias("kind"), "person", "address", "role", "item",
        pl.format("e{}", "answers").alias("answers"),
    )  # fmt: skip


def _events(
    rng: np.random.Generator, network: Network, rows: int, first: date, days: int
) -> pl.DataFrame:
    count = int(rows / 3.1) + 10  # as many participations has an event, its answer included
    channel = rng.choice(list(MIX), count, p=list(MIX.values()))
    size = np.zeros(count, dtype=np.int64)
    for name, (least, tail, most) in SIZES.items():
        drawn = least + np.floor(rng.pareto(tail, count) * 1.3).astype(np.int64)
        size = np.where(channel == name, np.minimum(drawn, most), size)
    weekday = (np.arange(days) + first.weekday()) % 7
    busy = np.where(weekday < 5, 1.0, 0.04)
    day = rng.choice(days, count, p=busy / busy.sum())
    start = datetime.combine(first, time(7))
    minutes = day * 1440 + rng.integers(0, 40, count) * 15
    starter = rng.choice(len(network.activity), count, p=network.activity)
    frame = pl.DataFrame(
        {"channel": channel, "size": size, "starter": starter, "minutes": minutes,
         "length": rng.choice([30, 60, 90], count), "series": rng.integers(0, 6, count)}
    )  # fmt: skip
    return (
        frame.sort("minutes")
        .with_row_index("event")
        .with_columns(
            (pl.lit(start) + pl.duration(minutes="minutes")).alias("time"),
            pl.when(pl.col("channel") != "message")
            .then(pl.format("{}-{}-{}", "channel", "starter", "series"))
            .alias("item"),
        )
        .with_columns(
            pl.when(pl.col("channel") == "meeting")
            .then(pl.col("time") + pl.duration(minutes="length"))
            .alias("end")
        )
    )


def _seats(rng: np.random.Generator, network: Network, events: pl.DataFrame) -> pl.DataFrame:
    size = events["size"].to_numpy()
    row = np.repeat(np.arange(len(size)), size)
    place = np.arange(len(row)) - np.repeat(np.cumsum(size) - size, size)
    rank = np.floor(CIRCLE * rng.random(len(row)) ** 2.5).astype(np.int64)
    starter = events["starter"].to_numpy()[row]
    person = np.where(place == 0, starter, network.circle[starter, rank])
    return (
        events.select("event", "time", "end", "channel", "item")[row]
        .with_columns(person=pl.Series(person), place=pl.Series(place))
        .unique(["event", "person"], keep="first", maintain_order=True)
        .with_columns(role=_role(), answers=pl.lit(None, pl.UInt32))
    )


def _role() -> pl.Expr:
    first, other = ({c: pair[n] for c, pair in ROLES.items()} for n in (0, 1))
    channel = pl.col("channel")
    copied = (channel == "message") & (pl.col("place") > 2)
    later = pl.when(copied).then(pl.lit("cc")).otherwise(channel.replace_strict(other))
    return pl.when(pl.col("place") == 0).then(channel.replace_strict(first)).otherwise(later)


def _answers(rng: np.random.Generator, seats: pl.DataFrame) -> pl.DataFrame:
    """One addressee of some messages answers its author, minutes to hours later that day."""
    mails = seats.filter(pl.col("channel") == "message")
    asked = mails.filter(pl.col("place") == 0).select("event", "time", author="person")
    first = mails.filter(pl.col("place") > 0).unique("event", keep="first", maintain_order=True)
    pairs = asked.join(first.select("event", replier="person"), on="event", maintain_order="left")
    chosen = pairs.filter(pl.Series(rng.random(pairs.height) < ANSWERED))
    wait = np.minimum(rng.exponential(90, chosen.height) + 1, 360).astype(np.int64)
    top = int(seats["event"].max() or 0) + 1
    events = chosen.with_row_index("number").select(
        (pl.col("number") + top).alias("event"),
        (pl.col("time") + pl.duration(minutes=pl.Series(wait))).alias("time"),
        pl.col("event").alias("answers"), "author", "replier",
    )  # fmt: skip
    roles = (("replier", "from", 0), ("author", "to", 1))
    return pl.concat(
        [
            events.select(
                "event", "time", pl.lit(None, pl.Datetime("us")).alias("end"),
                pl.lit("message").alias("channel"), pl.lit(None, pl.String).alias("item"),
                pl.col(column).alias("person"), pl.lit(place).cast(pl.Int64).alias("place"),
                pl.lit(role).alias("role"), "answers",
            )
            for column, role, place in roles
        ]
    )  # fmt: skip
