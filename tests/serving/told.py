"""What a report tells, whatever blocks it tells it in."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LISTS = ("value", "median", "low", "high", "expected", "people", "other_people")


def contents(report: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The data that every block is read with, and the blocks."""
    text = report.read_text(encoding="utf-8")
    whole = re.findall(r'<script type="application/json" id="content">(.*?)</script>', text)
    blocks = re.findall(r'<script type="application/json" class="block">(.*?)</script>', text)
    return json.loads(whole[0]), [json.loads(one) for one in blocks]


def told_by(report: Path) -> dict[tuple[Any, ...], Any]:
    """Everything by name: each number of a cell, state of a line, part that was seen and count of cells."""
    content, blocks = contents(report)
    told: dict[tuple[Any, ...], Any] = {
        (name,): value
        for name, value in content.items()
        if name not in {"publication", "signals"}  # one is of its time, one in no order where equal
    }
    told["signals",] = sorted(map(json.dumps, content["signals"]))
    for block in blocks:
        _add(told, block, content["periods"])
    return told


def _cells(block: dict[str, Any], row: list[Any]) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Place of each period of a series, and what is told of it."""
    status, *lists = row
    shown = 0
    for place, letter in enumerate(block["statuses"][status]):
        numbers = [one[shown] if one else None for one in lists] if letter == "s" else []
        shown += letter == "s"
        if letter != ".":
            why = block["reasons"][int(letter)] if letter.isdigit() else letter
            yield place, (why, *numbers, *[None] * (len(LISTS) - len(numbers)))


def _add(told: dict[tuple[Any, ...], Any], block: dict[str, Any], periods: dict[str, Any]) -> None:
    at = {
        grain: [first for _, first, _, _ in periods[grain]].index(first)
        for grain, first in block["first"].items()
    }
    units = [name for _, name in block["units"]] + ["(all)"]  # -1 is all

    def names(key: str) -> list[str]:
        kinds = ("boundaries", "channels", "metrics")
        return [block[kind][int(n)] for kind, n in zip(kinds, key.split("/"), strict=False)]

    def put(key: tuple[Any, ...], value: Any) -> None:
        assert key not in told, key
        told[key] = value

    for grain, tables in block["cells"].items():
        for key, rows in tables.items():
            for unit, other, *row in rows:
                for place, cell in _cells(block, row):
                    put(
                        ("cell", grain, at[grain] + place, *names(key), units[unit], units[other]),
                        cell,
                    )
    for grain, tables in block["lines"].items():
        for key, rows in tables.items():
            for unit, other, letters, odd in rows:
                more = {place: rest for place, *rest in odd}
                for place, letter in enumerate(letters):
                    if letter != ".":
                        put(
                            (
                                "line",
                                grain,
                                at[grain] + place,
                                *names(key),
                                units[unit],
                                units[other],
                            ),
                            (letter, more.get(place)),
                        )
    for grain, rows in block["part"].items():
        for boundary, channel, unit, other, place, *part in rows:
            put(
                ("part", grain, at[grain] + place, *names(f"{boundary}/{channel}"), units[unit], units[other]),
                part,
            )  # fmt: skip
    for grain, boundary, channel, place, reason, cells in block["hidden"]:
        why = None if reason < 0 else block["reasons"][reason]
        key = ("hidden", grain, at[grain] + place, *names(f"{boundary}/{channel}"), why)
        told[key] = told.get(key, 0) + cells
