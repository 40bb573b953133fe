"""What a run leaves on the page that a Prefect server shows of it.

Only where there is such a server: the one that Prefect starts for a single run shows nothing to
anybody. The same is told by `tieline status`, `tieline signals` and the Data Docs.
"""

from __future__ import annotations

import logging
import re
from html import escape
from typing import TYPE_CHECKING

from flows.journal import note
from flows.signals import told_in
from warehouse.serving.releases import FILE, current, releases
from warehouse.serving.report import FILES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flows.config import Config
    from flows.session import Done, Open

NAMED = 20  # lines of a list
_MARKS = re.compile(r"([\\`*_\[\]|#~])")


def leave(held: Open, done: Done, failure: str = "") -> None:
    """Leave the artifacts of this run; that they cannot be left is noted and fails nothing."""
    from prefect.context import FlowRunContext
    from prefect.settings import PREFECT_API_URL

    if not FlowRunContext.get() or not PREFECT_API_URL.value():
        return
    from prefect.artifacts import create_markdown_artifact, create_table_artifact

    try:
        create_markdown_artifact(
            "\n".join(page(held, done, failure)), key="tieline-run", description="What the run did"
        )
        if brought := sources(held):
            create_table_artifact(
                brought, key="tieline-sources", description="What each source brought"
            )
    except Exception as error:  # noqa: BLE001 the run is done, whatever becomes of its page
        note("artifacts", f"no artifacts: {error}", level=logging.WARNING)


def page(held: Open, done: Done, failure: str = "") -> Iterator[str]:
    """The run as Markdown: what it did, what was refused and why, what changed in the lines, where to look."""
    yield f"# {'Failed' if failure else 'Done'}: run {done.run_id}"
    if failure:
        yield f"\n{plain(failure)}\n\nThe last good release stays. Mend the cause and run again: nothing is lost."
    elif done.covered_by:
        yield f"\nNothing to do: run {done.covered_by} has done this night's work."
    else:
        yield (
            f"\n{done.files:,} files, {done.events:,} events, {done.quarantined:,} records refused;"
            f" {done.days:,} days and {done.periods:,} periods restated; {done.seconds:,.1f} s.\n"
        )
        yield f"Published: {plain(done.release) if done.release else 'the release is up to date'}"
    refused = [*done.refused, *_reasons(held)]
    if refused:
        yield "\n## Refused, and why\n"
        yield from _listed(refused)
    if done.look_at:
        yield "\n## Out of line with earlier nights\n"
        yield from _listed(done.look_at)
    if done.release:
        yield "\n## What changed in the lines\n"
        yield from _listed(line_changes(held.config)) or ["Nothing that deserves attention."]
    yield "\n## Where to look\n"
    yield from links(held.config, held.run_id)


def sources(held: Open) -> list[dict[str, object]]:
    """A row per source that brought something."""
    return [
        {
            "source": name, "files": one.files, "MB": round(one.bytes / 1e6, 2),
            "records": one.records, "events": one.events, "records refused": one.rejected,
            "files refused": one.refused, "seconds": round(one.seconds, 1),
        }
        for name, one in sorted(held.watch.sources.items())
        if one.files
    ]  # fmt: skip


def line_changes(config: Config) -> list[str]:
    """Sentences of the current release that the one before did not have; published ones, so above the thresholds."""
    now = current(config.published)
    if now is None:
        return []
    before = [one.path for one in releases(config.published) if one.path.resolve() != now]
    boundary = config.settings.people.boundaries[0]
    known = set(told_in(before[-1] / FILE, boundary)) if before else set()
    return [f"{when}: {said}" for when, said in told_in(now / FILE, boundary) if (when, said) not in known]  # fmt: skip


def links(config: Config, run_id: str) -> Iterator[str]:
    """Data Docs, those of the run first, and report: at the addresses of the settings, or as files."""
    places = config.settings.links
    docs = places.docs or (config.docs / "index.html").as_uri()
    folder = places.published.rstrip("/") or (config.published / "current").as_uri()
    of_run = f"runs/{run_id}/index.html"
    if (config.docs / of_run).is_file():
        yield f"- [Data Docs of this run]({docs.removesuffix('index.html').rstrip('/')}/{of_run})"
    yield f"- [Data Docs]({docs})"
    for language, name in FILES.items():
        yield f"- [Report ({language})]({folder}/{name})"


def plain(text: object) -> str:
    """`text` as Markdown that shows it and does nothing else, on one line: names come from outside."""
    return _MARKS.sub(r"\\\1", escape(" ".join(str(text).split())))


def _listed(lines: list[str]) -> list[str]:
    more = [f"- and {len(lines) - NAMED:,} more"] if len(lines) > NAMED else []
    return [f"- {plain(line)}" for line in lines[:NAMED]] + more


def _reasons(held: Open) -> list[str]:
    """Why records of the files read in this run were refused, most frequent first."""
    rows = held.con.execute(
        "SELECT f.path, q.reason, count(*) FROM quarantine AS q JOIN source_file AS f USING (file_id)"
        " WHERE f.run_id = ? AND q.stage <> 'batch' GROUP BY ALL ORDER BY count(*) DESC, path, reason LIMIT ?",
        [held.run_id, NAMED],
    ).fetchall()
    return [f"{path}: {reason} ({count:,})" for path, reason, count in rows]
