"""`tieline key rotate` and `tieline audit`: renew the key, and read the log that it seals."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from flows import audit
from flows.engines import spark_of
from flows.identities import opened_identity
from flows.key import read_key
from flows.lakes import write_lake
from flows.opened import opened
from flows.rotation import renew
from flows.transform import bring_up_to_date, models_of
from warehouse import identity, state
from warehouse.connection import warehouse_lock

if TYPE_CHECKING:
    from collections.abc import Callable

    from flows.config import Config


def rotate(
    config: Config, *, wait: int = 0, progress: Callable[[str], None] = lambda _: None
) -> int:
    """Renew the key and all that was hashed with it; return how many models were computed anew.

    Raises ConfigError where the key is missing or another one than that of the databases.
    """
    models = models_of(config)
    with warehouse_lock(config.warehouse, wait, "key rotate"):
        with opened(config) as held:
            old = held.key
        renew(config, old, progress)
        with opened(config) as held:
            run_id = state.new_run_id(datetime.now(UTC))
            write_lake(held.con, config, run_id)
            built = bring_up_to_date(
                held.con, config, models, today=config.today(),
                progress=lambda name: progress(f"transform {name}"),
                spark=spark_of(config, models, run_id),
            )  # fmt: skip
    return len(built.rebuilt)


def audited(config: Config) -> list[str]:
    """A line per act, oldest first. Raises TamperedError if the log is not as it was written."""
    with opened_identity(config) as con:
        seal = identity.seal(con)
    found = audit.read(config.audit, read_key(config), seal)
    hidden = {"at", "what", "keys", audit.SEAL}
    return [
        f"{line['at']}  {line['what']}"
        + "".join(f"  {name} {value}" for name, value in line.items() if name not in hidden)
        for line in found
    ] or ["Nothing was erased, and the key is the first one."]
