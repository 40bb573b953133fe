"""Which accounts of project tools are machines, by what they are called.

Bot is a Dutch surname. In a login it is joined to another word (`renovate-bot`); in a name of several words
the other ones tell: nobody is called Build.
"""

from __future__ import annotations

import re

# "bot" as a word: Talbot is a person.
_SAYS = re.compile(r"(?<![^\W\d_])(?:(?:ro)?bot|automation)(?![^\W\d_])", re.IGNORECASE)
_MARKED = re.compile(r"[\[(](?:[^()\[\]]*\s)?(?:(?:ro)?bot|automation)[\])]", re.IGNORECASE)
# Behind a name: its mail domain or address, or the department.
_BEHIND = re.compile(r"@\S*|\([^()]*\)|\s<.*|\s[-\u2013|/]\s.*")
_SEVERAL = re.compile(r"[^\s.,][\s.,]+[^\s.,]")  # a name of several words
_WORD = re.compile(r"[^\W\d_]+")
_NO_NAMES = frozenset(
    {
        "account", "admin", "agent", "alert", "alerts", "api", "app", "application", "assistant", "auto",
        "automatic", "automation", "backport", "backup", "board", "build", "builder", "bump", "calendar",
        "cd", "chat", "check", "ci", "cloud", "code", "codecov", "commit", "copilot", "data",
        "dependency", "deploy", "deployment", "desk", "devops", "digital", "discord", "docs", "email",
        "error", "export", "feedback", "flow", "git", "github", "gitlab", "help", "helpdesk", "hulpdesk",
        "import", "integration", "internal", "issue", "issues", "jenkins", "jira", "kubernetes", "label",
        "labels", "lint", "linter", "mail", "merge", "mergify", "message", "migration", "monitor",
        "monitoring", "news", "noreply", "notification", "notifications", "notifier", "our", "pipeline",
        "planner", "planning", "poll", "power", "pr", "project", "qa", "release", "reminder", "renovate",
        "reply", "report", "reporting", "review", "reviewer", "robot", "script", "security", "server",
        "service", "slack", "snyk", "stale", "standup", "status", "support", "sync", "system", "task",
        "tasks", "team", "teams", "telegram", "test", "tester", "testing", "the", "ticket", "tickets",
        "tool", "translation", "trello", "triage", "update", "updater", "upgrade", "user", "virtual",
        "web", "webhook", "website", "welcome", "workflow", "zapier",
    }
)  # fmt: skip


def is_machine_name(*names: str | None) -> bool:
    """Whether the names of one account say "bot", "robot" or "automation" as a word, and not as a surname."""
    saying = [name for name in names if name and _SAYS.search(name)]
    if any(map(_MARKED.search, saying)):
        return True
    called = [
        name for name in (_BEHIND.sub("", one.lower()) for one in saying) if _SAYS.search(name)
    ]
    full = [name for name in called if _SEVERAL.search(name)]
    return any(map(_is_no_person, full or called))


def _is_no_person(name: str) -> bool:
    others = {*_WORD.findall(name)} - {"bot"}
    return not _SEVERAL.search(name) or not others or not others.isdisjoint(_NO_NAMES)
