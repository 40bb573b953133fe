"""`tieline forget` as a flow. Prefect keeps parameters for good, so it takes a keyed hash and no address."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from prefect import flow
from pydantic import Field

from flows import journal
from flows.config_read import read_config
from flows.erase import forget
from flows.lists import HASHED
from flows.occasion import run_name
from flows.parameters import SettingsPath, Wait

Person = Annotated[str, Field(pattern=f"^{HASHED.pattern}$")]


@flow(name="tieline-erase", flow_run_name=run_name, timeout_seconds=6 * 3600)
def erase(
    person: Person, settings: SettingsPath = "tieline.toml", home: str | None = None, wait: Wait = 0
) -> str:
    """Erase one person from everything that Tieline keeps, for good, and prove it.

    Gives the number of the erasure in the audit log. Killed half-way, the next night ends it.

    Args:
        person: hash of the person, as `tieline people hash` writes it; never an address.
        settings: path of tieline.toml on the machine that runs this.
        home: folder that relative paths start from, if not that of the settings.
        wait: seconds to wait while another run holds the warehouse.
    """
    config = read_config(Path(settings), Path(home) if home else None)
    journal.begin()
    journal.to_server()
    done = forget(config, person, wait=wait)
    journal.note("erased", f"erasure {done.erasure}: {done.days:,} days computed anew")
    return done.erasure
