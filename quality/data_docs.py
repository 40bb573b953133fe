"""Data Docs that need no network: Great Expectations renders, our own page and style hold it.

Its own site pulls eleven styles and scripts from CDNs and builds its index with them. Here its
renderer fills a page of ours, in which nothing is remote and nothing is a script.

folder/index.html, folder/style.css, folder/runs/<run_id>/index.html, <batch>-<suite>.html and <batch>.json
"""

from __future__ import annotations

import json
import os
import shutil
import warnings
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from great_expectations.core.expectation_validation_result import (
        ExpectationSuiteValidationResult,
    )
    from great_expectations.render.view.view import DefaultJinjaPageView

    from quality.checkpoint import Refused

KEEP: Final = 30  # runs whose pages stay
_STATIC: Final = Path(__file__).parent / "static"


@dataclass(frozen=True, slots=True)
class Page:
    """The page of one suite: what it is called in its file's name and on it, what was found."""

    slug: str
    title: str
    result: ExpectationSuiteValidationResult
    rules: int
    broken: int
    rows: int

    @classmethod
    def of(
        cls, slug: str, title: str, result: ExpectationSuiteValidationResult, outcomes: pl.DataFrame
    ) -> Page:
        """With the counts of `outcomes`, as QUALITY_RESULT: those of this suite."""
        seen = outcomes.group_by("expectation").agg(pl.col("success").all(), pl.col("rows").sum())
        broken = seen.height - int(seen["success"].sum())
        return cls(slug, title, result, seen.height, broken, int(seen["rows"].max() or 0))  # type: ignore[arg-type]


def write(
    folder: Path,
    pages: Sequence[Page],
    *,
    run_id: str,
    batch: int,
    refused: Sequence[Refused] = (),
    keep: int = KEEP,
) -> Path:
    """Write the pages of one batch, renew the index, drop all but `keep` runs. Returns the index page."""
    view = _view()
    summary: dict[str, Any] = {
        "run_id": run_id,
        "batch": batch,
        "suites": {
            page.slug: {
                "title": page.title,
                "rules": page.rules,
                "broken": page.broken,
                "rows": page.rows,
            }
            for page in pages
        },
        "refused": [{"path": one.path, "reason": one.reason} for one in refused],
    }
    run = folder / "runs" / run_id
    run.mkdir(parents=True, exist_ok=True)
    for page in pages:
        text = _page(
            view, page.result, summary | {"suite": page.slug} | summary["suites"][page.slug]
        )
        _replace(run / f"{batch}-{page.slug}.html", text)
    _replace(run / f"{batch}.json", json.dumps(summary, indent=1))
    _replace(folder / "style.css", (_STATIC / "style.css").read_text(encoding="utf-8"))
    runs = _drop_old(folder / "runs", keep)
    batches = [json.loads(path.read_text(encoding="utf-8")) for path in _summaries(runs)]
    index = view.env.get_template("index.html")
    _replace(folder / "index.html", index.render(batches=batches, keep=keep))
    mine = [one for one in batches if one["run_id"] == run_id]
    _replace(run / "index.html", index.render(batches=mine, run=run_id))
    return folder / "index.html"


def _view() -> DefaultJinjaPageView:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from great_expectations.render.view.view import (  # noqa: PLC0415 - takes seconds
            DefaultJinjaPageView,
        )
    return DefaultJinjaPageView(custom_views_directory=str(_STATIC))


def _page(
    view: DefaultJinjaPageView, result: ExpectationSuiteValidationResult, summary: dict[str, Any]
) -> str:
    from great_expectations.render.renderer.page_renderer import (  # noqa: PLC0415
        ValidationResultsPageRenderer,
    )

    broken_first = copy(result)
    broken_first.results = sorted(result.results, key=lambda one: bool(one.success))
    document = ValidationResultsPageRenderer().render(broken_first)
    # Its overview links to pages of its own site, and the head of our page says the same.
    document.sections = document.sections[1:]
    queries = [
        (one.expectation_config.description, query)
        for one in broken_first.results
        if one.expectation_config is not None
        and (query := one.expectation_config.kwargs.get("unexpected_rows_query"))
    ]
    return view.env.get_template("page.html").render(
        document.to_json_dict(), summary=summary, queries=queries
    )


def _drop_old(runs: Path, keep: int) -> list[Path]:
    """The latest `keep` runs, newest first; the pages of older ones are removed."""
    known = sorted({path.parent for path in runs.glob("*/*.json")}, reverse=True)
    for old in known[keep:]:
        shutil.rmtree(old)
    return known[:keep]


def _summaries(runs: list[Path]) -> list[Path]:
    return [path for run in runs for path in sorted(run.glob("*.json"), key=lambda p: int(p.stem))]


def _replace(path: Path, text: str) -> None:
    """Write `path` so that a reader sees the old page or the new one, never half of one."""
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    os.replace(part, path)  # noqa: PTH105
