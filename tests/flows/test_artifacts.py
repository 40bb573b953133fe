"""What a run leaves on Prefect's page of it, from a real load."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.artifacts import line_changes, page, plain, sources
from flows.config_read import read_config
from flows.session import Done, Open, Origin, opened
from flows.stages import ingest_new
from tests.flows.conftest import make_home, small_network

Night = tuple[list[str], list[dict[str, object]], Done]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    home = make_home(tmp_path_factory.mktemp("page") / "home", small_network(weeks=2))
    (home / "incoming/aqua-mail-<b>.mbox").write_bytes(b"\x00\x01 no mail")
    config = read_config(home / "tieline.toml")
    with opened(config, Origin("ingest"), 0) as (held, done):
        ingest_new(held, done)
        assert line_changes(config) == []  # nothing is published yet
        return list(page(held, done)), sources(held), done


def test_what_was_refused_and_why(night: Night) -> None:
    text = "\n".join(night[0])
    assert "## Refused, and why" in text
    assert "incoming/aqua-mail-&lt;b&gt;.mbox: " in text
    assert "incoming/cura-mail.mbox: " in text  # a message without a date
    assert "<b>" not in text


def test_what_each_source_brought(night: Night) -> None:
    by_name = {row["source"]: row for row in night[1]}
    assert len(by_name) == 7
    assert by_name["aqua-mail"]["files"] == 2
    assert by_name["aqua-mail"]["files refused"] == 1
    assert by_name["cura-mail"]["records refused"] == 1
    assert sum(int(str(row["events"])) for row in night[1]) == night[2].events > 0


def test_where_to_look(night: Night) -> None:
    assert any(line.startswith("- [Data Docs](file:///") for line in night[0])
    of_run = f"/data-docs/runs/{night[2].run_id}/index.html)"
    assert any(
        line.startswith("- [Data Docs of this run](file:///") and line.endswith(of_run)
        for line in night[0]
    )
    assert any(line.endswith("/published/current/report.nl.html)") for line in night[0])


def test_a_failure_is_told(night: Night, tmp_path: Path) -> None:
    home = make_home(tmp_path / "home", small_network(weeks=1))
    shown: list[str] = []

    def fail(held: Open, done: Done) -> None:
        shown.extend(page(held, done, "OSError: the disk <is> full"))
        raise OSError("the disk <is> full")

    with (
        pytest.raises(OSError, match="full"),
        opened(read_config(home / "tieline.toml"), Origin("nightly"), 0) as (held, done),
    ):
        fail(held, done)
    assert shown[0].startswith("# Failed: run ")
    assert "OSError: the disk &lt;is&gt; full" in shown[1]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a|b", r"a\|b"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("[x](javascript:1)", r"\[x\](javascript:1)"),
        ("# head\n- item", r"\# head - item"),
        ("![i](http://x.example)", r"!\[i\](http://x.example)"),
    ],
)  # fmt: skip
def test_names_do_nothing_on_the_page(text: str, shown: str) -> None:
    assert plain(text) == shown
