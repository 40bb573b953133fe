"""`python -m tests.scale.reading HOME`: what a night reads, checks and loads, and no more."""

from __future__ import annotations

import sys
from pathlib import Path

from flows.config_read import read_config

if __name__ == "__main__":
    config = read_config(Path(sys.argv[1]) / "tieline.toml")
    from flows.prefect_settings import quiet

    quiet(config.state)
    from flows.session import Origin, opened
    from flows.stages import ingest_new

    with opened(config, Origin("nightly"), 0) as (held, done):
        ingest_new(held, done)
    assert not done.refused, done.refused
