"""What commands print: tables on a terminal or as files, and a few plain sentences."""

from __future__ import annotations

import shlex
import sys
from io import BytesIO
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

from flows.rows import Rows
from warehouse.schema import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from flows.config import Config
    from flows.session import Done

NARROW = 100  # columns of a terminal that does not say how wide it is


def show(rows: pl.DataFrame | Rows, title: str = "") -> None:
    """Print `rows` as a table; numbers to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(width=None if sys.stdout.isatty() else 140, soft_wrap=False)
    if title:
        console.print(Text(harmless(title)))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    values = rows.rows()
    for place, name in enumerate(rows.columns):
        numbers = _are_numbers(row[place] for row in values)
        table.add_column(name, justify="right" if numbers else "left", overflow="fold")
    for row in values:
        table.add_row(*(Text(_cell(value)) for value in row))  # a name is no markup
    console.print(table)


def harmless(text: str) -> str:
    """`text` without what a terminal obeys: a partner's name moves no cursor and hides nothing."""
    return "".join(c if c.isprintable() or c == "\n" else "�" for c in text)


def _are_numbers(values: Iterable[object]) -> bool:
    """Whether there are values, all of them numbers."""
    kinds = {type(value) for value in values} - {type(None)}
    return bool(kinds) and kinds <= {int, float}


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{round(value, 3) + 0.0:,.3f}".rstrip("0").rstrip(".")  # + 0.0: never "-0"
    return f"{value:,}" if isinstance(value, int) else harmless(str(value))


def write(rows: pl.DataFrame | Rows, form: str, output: Path | None) -> None:
    """Write `rows` as table, csv, json or parquet to `output` or to the terminal."""
    if form == "table" and output is None:
        show(*_readable(rows))
        return
    rows = rows.frame() if isinstance(rows, Rows) else rows
    buffer = BytesIO()
    if form in {"csv", "table"}:
        from warehouse.serving.export.tables import without_formulas

        without_formulas(rows).write_csv(buffer)
    elif form == "json":
        rows.write_json(buffer)
    else:
        rows.write_parquet(buffer)
    if output is not None:
        output.write_bytes(buffer.getvalue())
    else:
        sys.stdout.buffer.write(buffer.getvalue())


def _readable(rows: pl.DataFrame | Rows) -> tuple[pl.DataFrame | Rows, str]:
    """`rows` without empty columns; in a title what is the same in all of them, and how much is unknown."""
    values = dict(zip(rows.columns, zip(*rows.rows(), strict=True), strict=False))
    shares = sorted(share for share in values.pop("unknown", ()) if share is not None)
    filled = [name for name, told in values.items() if any(one is not None for one in told)]
    same = [
        name
        for name in ("metric", "channel", "unit", "other_unit")
        if name in filled and len(set(values[name])) == 1
    ]
    words = [f"{name} {values[name][0]}" for name in same if values[name][0] != ALL]
    if shares:
        least, most = f"{shares[0]:.1%}", f"{shares[-1]:.1%}"
        span = least if least == most else f"{least} to {most}"
        words.append(f"{span} of all weight touches unknown people")
    return rows.select(*(name for name in filled if name not in same)), ", ".join(words)


def describe(done: Done) -> Iterable[str]:
    """What a run did, in a few lines."""
    if done.covered_by:
        yield f"Nothing to do: run {done.covered_by} has done this night's work."
        return
    if done.files:
        yield (
            f"Read {many(done.files, 'file')}: {many(done.events, 'event')},"
            f" {done.quarantined:,} refused record{'s' * (done.quarantined != 1)} in quarantine."
        )
    else:
        yield "Nothing new to read."
    for reason in done.refused:
        yield f"REFUSED {reason}"
    for words in done.look_at:
        yield f"LOOK AT {words}"
    if done.gone:
        yield f"{many(done.gone, 'file')} of these days no longer there; what they showed still counts."
    if done.days or done.rebuilt:
        yield (
            f"Computed {many(done.days, 'stale day')} anew ({many(done.periods, 'period')}"
            + (f", {many(done.rebuilt, 'model')} whole)." if done.rebuilt else ").")
        )
    yield f"Published {done.release}" if done.release else "The published release is up to date."
    if done.copied is not None:
        yield f"Copied it to PostgreSQL, {done.copied:,} rows."
    yield (
        f"Took {done.seconds:.1f} s: read and check {done.seconds_read:.1f},"
        f" transform {done.seconds_transform:.1f}, publish {done.seconds_publish:.1f}."
    )


def many(count: int, what: str) -> str:
    """`3 files`, `1 file`."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def demo_tour(config: Config) -> Iterable[str]:
    """Where to look after the demo's run, with a first table."""
    from flows.trends import read_trends

    rows = read_trends(
        config, metric="cross_boundary_share.share", boundary="organisation", unit="(all)",
        channel="(all)", grain="quarter", since=None,
    )  # fmt: skip
    show(
        rows.select("period", "value", "previous", "change"),
        "Part of the interaction that crosses organisations",
    )
    tieline, settings = shlex.quote(_tieline()), f"-s {shlex.quote(_near(config.path))}"
    yield f"Report              {config.current.with_name('report.en.html')} (report.nl.html in Dutch)"
    yield f"What needs a look   {tieline} signals {settings}"
    yield f"Trend tables        {tieline} trends {settings} --metric flow.weight --unit 'Welzijn Rijnoever'"
    yield f"Published database  {config.current}"
    yield f"Data Docs           {config.docs / 'index.html'}"
    yield "The stories in it   docs/demo.md"


def _tieline() -> str:
    """The command as it can be typed here: `make` runs one that is not on the path."""
    run, found = Path(sys.argv[0]), which("tieline")
    if run.stem != "tieline" or (found and run.exists() and Path(found).samefile(run)):
        return "tieline"
    return _near(run)


def _near(path: Path) -> str:
    """From the folder that the user is in, if it lies there."""
    path, here = path.absolute(), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def show_sources() -> str:
    """All export formats, a line each."""
    from transforms.sources import SOURCES

    width = max(map(len, SOURCES))
    lines = [
        f"{name:<{width}}  {source.channel:<8}  {source.title}" for name, source in SOURCES.items()
    ]
    return "\n".join([*lines, "", "Explain one: tieline sources NAME"])


def explain_source(name: str) -> str:
    """How to get an export, and what is read of it."""
    from flows.config import ConfigError
    from transforms.sources import SOURCES

    if name not in SOURCES:
        raise ConfigError(f"no format {name!r}; there are: {', '.join(SOURCES)}")
    source = SOURCES[name]
    fields = "\n".join(f"  - {field}" for field in source.reads)
    return f"{source.title}\n\nHow to get it:\n  {source.how}\n\nWhat is read, and nothing else:\n{fields}"
