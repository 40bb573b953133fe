"""How long events are kept, and which numbers are closed for it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from flows.config import ConfigError
from transforms.periods import Kept
from warehouse import identity, retention

if TYPE_CHECKING:
    from datetime import date

    import duckdb

    from flows.config import Config, ModelParameters

QUARTER = 92  # days


def looks_back(parameters: ModelParameters) -> int:
    """Days of events before a period that its numbers rest on."""
    contacts = parameters.introduction_days + parameters.conversion_days
    return max(contacts, 31 * parameters.half_life_months) + QUARTER


def wanted(config: Config, today: date) -> tuple[date, date] | None:
    """First day of events to keep, and of periods to compute, by the settings; None: keep everything.

    Raises ConfigError where so little is kept that no number could be computed.
    """
    months = config.settings.retention.months
    if not months:
        return None
    years, month = divmod(today.year * 12 + today.month - 1 - months, 12)
    since = today.replace(year=years, month=month + 1, day=1)
    days = looks_back(config.settings.parameters)
    closed = since + timedelta(days=days)
    if closed + timedelta(days=QUARTER) > today:
        raise ConfigError(
            f"{config.path}: retention.months: numbers look {days} days back; keep at least"
            f" {(days + QUARTER) // 30 + 1} months"
        )
    return since, closed


def kept_now(con: duckdb.DuckDBPyConnection) -> Kept | None:
    """What retention left so far."""
    found = retention.retained(con)
    return Kept(*found) if found else None


def expire(
    config: Config, con: duckdb.DuckDBPyConnection, people: duckdb.DuckDBPyConnection, today: date
) -> date | None:
    """Let go of what is old enough; return the first day that is kept, None where it is every day.

    Once gone is gone: a longer time in the settings brings nothing back. The databases are to be
    written anew afterwards, which the identity database notes.
    """
    now, asked = retention.retained(con), wanted(config, today)
    if asked and (now is None or asked[0] > now[0]):
        since, closed = asked if now is None else (asked[0], max(asked[1], now[1]))
        if now is None and retention.first_day(con) is None:
            closed = since  # nothing was told yet that could stay
        identity.begin_erasure(
            people, f"retention {since}", identity.tombstones(people)["address_id"].clear()
        )
        retention.expire(con, since, closed, retention.tables(con))
        return since
    return now[0] if now else None


def told(con: duckdb.DuckDBPyConnection) -> list[str]:
    """For `tieline status`: what is kept."""
    kept = kept_now(con)
    if kept is None:
        return []
    return [
        f"Kept        events since {kept.since}; numbers of periods before {kept.closed} are closed"
    ]
