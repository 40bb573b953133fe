"""Release what the thresholds let through, unless the current release holds just that."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from hashlib import blake2b
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec

from flows.progress import steps
from flows.shown import Shown
from flows.transform import parameters
from quality.disclosure import Withheld
from quality.disclosure_guard import VERSION, Guarded, Rules, forget_withheld, withhold
from quality.nights import days_of_runs, unmet
from transforms.catalogue import catalogue
from transforms.own import is_own
from transforms.signals import read_signals, signal_rows
from warehouse import state
from warehouse.connection import undo
from warehouse.retention import first_day
from warehouse.schema import WITHHELD
from warehouse.serving import closed, mart
from warehouse.serving.days_off import days_off
from warehouse.serving.publish import Content, Facts, made_under, publish
from warehouse.serving.quality import quality_rows
from warehouse.serving.releases import prune, releases, withdraw
from warehouse.serving.report import write_beside

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from pathlib import Path

    import duckdb

    from flows.config import Config
    from transforms.model import Model

A_QUARTER = timedelta(days=92)
QUALITY_DAYS = 400  # of nights that the quality of is published
# Many small statements cost more than their rows; one of all, too much memory.
CELLS_AT_ONCE = 1_000_000


def release(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    models: Sequence[Model],
    *,
    run_id: str,
    today: date,
) -> Path | None:
    """Publish; return the released file, or None where the current release is up to date."""
    metrics = catalogue(models, parameters(config))
    rules = config.settings.disclosure
    audit_version = VERSION if rules.audit else 0
    network = msgspec.json.encode(
        [config.settings.network, rules, audit_version, mart.VERSION], order="deterministic"
    )
    # A week, month or quarter is told when it is over, whether or not there are new data.
    over = [today.isocalendar()[:2], today.month]
    facts = [metrics.write_json(), network, over, unmet(con)]
    fingerprint = blake2b(repr(facts).encode(), digest_size=16).hexdigest()
    if state.published(con) == fingerprint and config.current.exists():
        return None
    last = con.execute("SELECT max(day) FROM event WHERE day < ?", [today]).fetchall()[0][0]
    first = first_day(con) if last else None
    counts = [
        (model.name, measure)
        for model in models
        for measure, words in (model.header or {"measures": {}})["measures"].items()
        if "people" in (words["unit"], words.get("counts"))
    ]
    own = [
        (model.name, measure)
        for model in models
        if is_own(model) and model.header
        for measure in model.header["measures"]
    ]
    first_boundary = config.settings.people.boundaries[0]
    held_to = Rules(rules.k, rules.dominance, rules.protection, rules.rounding, first_boundary)
    guarded = _guarded(con, config, counts, own, held_to, today)
    used = config.settings.parameters
    withheld = Withheld(WITHHELD.name, rules.rounding, used.complete_enough, used.change_base, own)
    shown = Shown(counts, withheld if rules.audit else None)

    def narrowed() -> Shown:
        return replace(shown, windows=closed.windows(con))

    all_measures = [tuple(metrics.select("metric", "measure").rows())]
    begin = closed.bring_up(
        con,
        config.published,
        metrics=sorted(set(metrics["metric"])),
        mark=closed.fresh_mark(shown.rows(all_measures), rules, audit_version, version("tieline")),
        rows=lambda: narrowed().rows(_together(closed.sizes(con))),
        sums=lambda: narrowed().sums(_together(closed.sizes(con))),
        parameters={"k": rules.k, "dominance": rules.dominance},
    )
    together, now = _together(closed.sizes(con)), narrowed()
    path = publish(
        con,
        config.published,
        content=Content(
            rows={
                **now.rows(together),
                "disclosure": [now.shares(together)],
                "calendar": [
                    mart.calendar_rows(first, last, f"{mart.CATALOG}.{mart.MART}.metric_value")
                ],
                "quality": quality_rows(
                    days_of_runs(con, config.time_zone, today - timedelta(days=QUALITY_DAYS))
                ),
            },
            signals=[signal_rows(signal, parameters(config)) for signal in read_signals()],
            catalogue=metrics,
            days_off=days_off(
                config.settings.network.country,
                (first or today) - A_QUARTER,  # periods reach beyond the days with data
                (last or today) + A_QUARTER,
            ),
        ),
        facts=Facts(
            run_id=run_id,
            published_at=datetime.now(UTC).replace(tzinfo=None),
            data_first_day=first,
            data_last_day=last,
            tieline_version=version("tieline"),
            k=rules.k,
            dominance=rules.dominance,
            protection=rules.protection if rules.audit else 0.0,
            rounding=rules.rounding if rules.audit else 0.0,
            audit_version=audit_version,
            time_zone=config.settings.network.time_zone,
            network=config.settings.network.name,
            parameters=msgspec.json.encode(parameters(config), order="sorted").decode(),
        ),
        beside=partial(write_beside, begin=begin),
        begin=begin,
    )
    prune(config.published)
    gone = _of_other_rules(config, held_to) if rules.audit else set()
    if guarded.withdraw:
        gone = {one.path for one in releases(config.published)}
    withdraw(config.published, gone)
    state.mark_published(con, fingerprint)  # killed before, the next run withdraws
    return path


def _guarded(
    con: duckdb.DuckDBPyConnection,
    config: Config,
    counts: Sequence[tuple[str, str]],
    own: Sequence[tuple[str, str]],
    rules: Rules,
    today: date,
) -> Guarded:
    """Hide what would give hidden numbers away. Raises DisclosureError; the current release stays."""
    others = _of_other_rules(config, rules)
    earlier = [one.path for one in releases(config.published) if one.path not in others]
    con.execute("BEGIN")
    try:
        if config.settings.disclosure.audit:
            with steps("audit", 1) as show:
                found = withhold(
                    con, counts, rules, today=today, own=own, earlier=earlier, progress=show
                )
        else:
            forget_withheld(con)
            found = Guarded()
        con.execute("COMMIT")
    except BaseException:
        undo(con)
        raise
    return found


def _of_other_rules(config: Config, rules: Rules) -> set[Path]:
    """Releases made under other rules or by another audit: what they show was never weighed with the rest."""
    same = (rules.k, rules.dominance, rules.protection, rules.rounding, VERSION)
    return {one.path for one in releases(config.published) if made_under(one.path) != same}


def _together(sizes: Iterable[tuple[str, str, int]]) -> list[tuple[tuple[str, str], ...]]:
    """Neighbouring measures, so many that their cells are published at once."""
    groups: list[list[tuple[str, str]]] = []
    rows = CELLS_AT_ONCE
    for metric, measure, size in sizes:
        if rows + size > CELLS_AT_ONCE:
            groups.append([])
            rows = 0
        groups[-1].append((metric, measure))
        rows += size
    return [tuple(group) for group in groups]
