"""What a Prefect server is told of Tieline's flows: the same in prefect.yaml, which a test holds to this."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

    from flows.config import Config

WAIT = 4 * 3600  # seconds; beside the schedule a run waits for the warehouse and does not fail


class Deployment(NamedTuple):
    """One way to start a flow. `entrypoint` is `package.module.function`; `extra` are parameters."""

    name: str
    entrypoint: str
    description: str
    extra: dict[str, Any]
    is_nightly: bool = False


DEPLOYMENTS = (
    Deployment(
        "nightly",
        "flows.nightly.nightly",
        "The whole night: reads what is new, checks and loads it, restates what it touches, publishes.",
        {"wait": WAIT},
        is_nightly=True,
    ),
    Deployment(
        "ingest",
        "flows.nightly.ingest_only",
        "Reads what is new, checks and loads it; computes and publishes nothing.",
        {"wait": WAIT},
    ),
    Deployment(
        "publish",
        "flows.nightly.publish_only",
        "Restates what is stale and publishes; reads no export.",
        {"wait": WAIT},
    ),
    Deployment(
        "backfill",
        "flows.backfill.backfill",
        "Reads some days anew from the files that show them, and restates only these.",
        {"wait": WAIT},
    ),
    Deployment(
        "erase",
        "flows.erasure.erase",
        "Erases one person, told by a hash, from everything that Tieline keeps, and proves it.",
        {"wait": WAIT},
    ),
    Deployment(
        "report",
        "flows.reporting.report",
        "Writes the report for network managers from the current release to a file.",
        {},
    ),
)


def tags(deployment: Deployment) -> list[str]:
    """All have `tieline`: by it the runs are found, and who wants to know is told."""
    return ["tieline", deployment.name]


def to_serve(config: Config, cron: str) -> list[RunnerDeployment]:
    """Every deployment for a process that serves them; nightly at `cron`, by the clock of the network."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
    from prefect.schedules import Cron
    from prefect.types.entrypoint import EntrypointType

    where = {"settings": str(config.path), "home": str(config.home)}
    found = []
    for one in DEPLOYMENTS:
        module, _, name = one.entrypoint.rpartition(".")
        flow = getattr(import_module(module), name)
        schedules = [Cron(cron, timezone=config.settings.network.time_zone, slug="nightly")]
        found.append(
            flow.to_deployment(
                one.name,
                description=one.description,
                tags=tags(one),
                parameters={**where, **one.extra},
                schedules=schedules if one.is_nightly else None,
                concurrency_limit=ConcurrencyLimitConfig(
                    limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE
                ),
                entrypoint_type=EntrypointType.MODULE_PATH,
            )
        )
    return found
