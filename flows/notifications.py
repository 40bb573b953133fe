"""Who is told when a run needs a person: an automation of the Prefect server calls a webhook."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import httpx
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import get_client
from prefect.events.actions import CallWebhook
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

from flows.config import ConfigError

if TYPE_CHECKING:
    from uuid import UUID

BLOCK = "tieline-notify"
NAME = "Tieline needs you"
STATES = ("Failed", "Crashed", "TimedOut", "Late", "Refused")
# Of the run's state, not of the network: names and numbers stay where they are.
PAYLOAD = (
    '{"text": {{ ("Tieline: " ~ flow_run.name ~ ": " ~ flow_run.state.name ~ ". "'
    ' ~ (flow_run.state.message or "")) | tojson }}}'
)
HELLO = {"text": "Tieline: here you will be told when a run fails, is late or refuses files."}
MANY = 400  # HTTP status from which a call has failed


def set_up(url: str) -> str:
    """Make or replace webhook and automation; what to say about it. Raises ConfigError."""
    return asyncio.run(_set_up(url))


async def _set_up(url: str) -> str:
    webhook = Webhook(
        url=cast("Any", url), headers=cast("Any", {"Content-Type": "application/json"})
    )
    try:
        answer = await webhook.call(dict(HELLO))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConfigError(
            f"the webhook cannot be reached ({type(error).__name__}); check its address"
        ) from None
    if answer.status_code >= MANY:
        raise ConfigError(f"the webhook answers {answer.status_code}; check its address")
    kept = Webhook(url=webhook.url, headers=webhook.headers)  # a block is called once only
    number = cast("UUID", await kept.asave(BLOCK, overwrite=True))
    wanted = automation(number)
    async with get_client() as client:
        for old in await client.read_automations_by_name(NAME):
            await client.delete_automation(old.id)
        await client.create_automation(wanted)
    return f"When a run is {', '.join(STATES[:-1])} or {STATES[-1]}, the webhook is called."


def automation(webhook: UUID) -> AutomationCore:
    """Calls the webhook for every run of Tieline that comes into one of STATES."""
    return AutomationCore(
        name=NAME,
        description="Calls a webhook when a run of Tieline needs a person.",
        trigger=EventTrigger(
            expect={f"prefect.flow-run.{state}" for state in STATES},
            match=cast("Any", {"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=cast(
                "Any",
                {"prefect.resource.role": "tag", "prefect.resource.id": "prefect.tag.tieline"},
            ),
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[CallWebhook(block_document_id=webhook, payload=PAYLOAD)],
    )
