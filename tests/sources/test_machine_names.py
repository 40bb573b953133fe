"""Bots, and people of that name."""

from __future__ import annotations

import time

import pytest

from transforms.sources.machine_names import is_machine_name

MACHINES = (
    "dependabot[bot]", "renovate-bot", "jenkins-bot", "k8s-ci-robot", "project_123_bot_a1b2", "bot", "Bot",
    "bot-ci", "Robot", "bot2", "Renovate [bot]", "Acme Sync (bot)", "Automation for Jira", "jira-automation",
    "Build Bot", "Planner Bot", "GitHub Bot", "Service Desk Bot", "CI Bot", "The Bot", "Robot Framework",
    "renovate-bot <renovate-bot@een.example>", "bot@een.example", "ci-bot@een.example", "deploy.bot@een.example",
    "Release Bot - Team Noord", "Bot <bot@een.example>", "Acme (build bot)",
    "Service account (automation)",
)  # fmt: skip
PEOPLE = (
    "Jan Bot", "Bot, Jan", "Bot, J.M. (Jan)", "J. Bot", "Anna de Vries-Bot", "Anna Bot-de Vries", "jan.bot",
    "jan.bot@een.example", "Jan Bot <jan.bot@een.example>", "BOT Jan", "Bot, Jan (Team Support)",
    "Jan Bot | ICT Service Desk", "Jan Bot - Data", "piet@bot.example", "Piet <piet@bot.example>", "jan.bot2",
    "Cas Talbot", "jbot", "René Libôt", "Thibot", "Mébot", "Sam Both", "Sam Botha", "Robotham", "Abbot",
    "Zoë Bot", "van der Bot, K.", "",
)  # fmt: skip


@pytest.mark.parametrize("name", MACHINES)
def test_machines(name: str) -> None:
    assert is_machine_name(name)


@pytest.mark.parametrize("name", PEOPLE)
def test_people(name: str) -> None:
    assert not is_machine_name(name)


@pytest.mark.parametrize("sign", ["(", "[", " ", "bot ", "bot (", "bot <", "a.", "@", " - "])
def test_long_names_take_no_time(sign: str) -> None:
    clock = time.process_time()
    is_machine_name(f"bot {sign * 100_000}")
    assert time.process_time() - clock < 1


def test_a_full_name_tells_more_than_a_login() -> None:
    assert not is_machine_name("j_bot", "Jan Bot")
    assert is_machine_name("j_bot", "Build Bot")
    assert is_machine_name("ci-bot", "Continuous Integration")
    assert not is_machine_name("jbot", "Jan Bot", None)
