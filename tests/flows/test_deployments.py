"""What a Prefect server is told: prefect.yaml and `tieline serve` say the same, and the form explains itself."""

from __future__ import annotations

import re
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.exceptions import ParameterTypeError
from prefect.utilities.callables import parameter_schema

from flows.config_read import read_config
from flows.deployments import DEPLOYMENTS, Deployment, tags, to_serve
from tests.flows.conftest import ROOT, make_home, small_network

YAML = yaml.safe_load((ROOT / "prefect.yaml").read_text())


def flow_of(deployment: Deployment) -> Any:
    module, _, name = deployment.entrypoint.rpartition(".")
    return getattr(import_module(module), name)


def test_the_file_says_what_serve_says() -> None:
    for told, own in zip(YAML["deployments"], DEPLOYMENTS, strict=True):
        assert told["name"] == own.name
        assert told["entrypoint"] == own.entrypoint
        assert told["description"] == own.description
        assert told["tags"] == tags(own)
        assert told["parameters"] == {"settings": "tieline.toml", **own.extra}
        assert told["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
        assert ("schedules" in told) == own.is_nightly
        assert told["work_pool"] == {"name": "tieline"}


def test_what_is_served(tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=1))
    config = read_config(home / "tieline.toml")
    served = to_serve(config, "30 1 * * *")
    nightly = served[0]
    assert [one.name for one in served] == [one.name for one in DEPLOYMENTS]
    [schedule] = nightly.schedules or ()
    assert schedule.schedule.cron == "30 1 * * *"
    assert schedule.schedule.timezone == "Europe/Amsterdam"
    assert nightly.parameters["settings"] == str(home / "tieline.toml")
    assert nightly.entrypoint == "flows.nightly.nightly"
    assert not any(one.schedules for one in served[1:])


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda one: one.name)
def test_every_parameter_explains_itself(deployment: Deployment) -> None:
    flow = flow_of(deployment)
    assert flow.timeout_seconds
    assert flow.description
    schema = parameter_schema(flow)
    for name, shown in schema.properties.items():
        assert shown.get("description"), name
    assert schema.properties.keys() >= {"settings", "home", *deployment.extra}


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("nightly", {"wait": -1}),
        ("nightly", {"rebuild": "perhaps"}),
        ("nightly", {"settings": ""}),
        ("backfill", {"since": "yesterday", "until": "2026-01-31"}),
        ("report", {"language": "fr"}),
        ("erase", {"person": "somebody@partner.example"}),
    ],
)  # fmt: skip
def test_wrong_parameters_are_refused(name: str, wrong: dict[str, object]) -> None:
    [deployment] = [one for one in DEPLOYMENTS if one.name == name]
    with pytest.raises(ParameterTypeError, match=next(iter(wrong))):
        flow_of(deployment).validate_parameters(wrong)


def test_an_address_never_becomes_a_parameter() -> None:
    """The server itself refuses it, by the schema that it was given; what it refuses it does not keep."""
    [deployment] = [one for one in DEPLOYMENTS if one.name == "erase"]
    pattern = parameter_schema(flow_of(deployment)).properties["person"]["pattern"]
    assert re.search(pattern, "key1:0123456789abcdef")
    assert not re.search(pattern, "somebody@partner.example")
    assert not re.search(pattern, "key1:0123456789abcdef somebody@partner.example")


def test_days_come_as_text_from_the_form() -> None:
    [deployment] = [one for one in DEPLOYMENTS if one.name == "backfill"]
    checked = flow_of(deployment).validate_parameters(
        {"since": "2026-01-01", "until": "2026-01-31"}
    )
    assert checked["since"] == date(2026, 1, 1)
