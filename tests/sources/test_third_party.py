"""Readers of other packages: really installed, really used; a broken one breaks nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint, distributions
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from transforms.sources import BUILT_IN, SOURCES, plugins, sources
from transforms.sources.base import Options, UnreadableFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from transforms.sources.base import Batch

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "tieline-visits"
BOOK = """\
2026-03-02T09:15|anna@gemeente.example|bram@welzijn.example
rubbish
2026-03-02T10:15|Anna@gemeente.example|cor@politie.example
1980-01-01T10:00|anna@gemeente.example|bram@welzijn.example
"""


def package(folder: Path, name: str, entry: str, module: str) -> None:
    """What an installer leaves of a package of one module."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[tieline.sources]\n{entry}\n")
    (folder / f"{name.replace('-', '_')}.py").write_text(module)


def run(site: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    env = {
        "PATH": os.environ["PATH"], "HOME": str(site), "PYTHONPATH": f"{site}:{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "flows", *map(str, arguments)],
        cwd=site, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package of docs/adding.md, built and installed by pip, without network."""
    work = tmp_path_factory.mktemp("third")
    source = work / "tieline-visits"
    source.mkdir()
    for path in EXAMPLE.iterdir():
        if path.is_file():
            (source / path.name).write_bytes(path.read_bytes())
    done = subprocess.run(
        [
            sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index",
            "--no-build-isolation", "--disable-pip-version-check", "--no-compile",
            "--target", str(work / "site"), str(source),
        ],
        capture_output=True, text=True, check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(work), "TMPDIR": str(work)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return work / "site"


# --- the example of docs/adding.md ---------------------------------------------------------------


def test_page_shows_the_example_whole_and_it_is_short() -> None:
    page = (ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
    lines = 0
    for name, language in (("pyproject.toml", "ini"), ("tieline_visits.py", "python")):
        text = (EXAMPLE / name).read_text(encoding="utf-8")
        assert f"```{language}\n{text}```" in page, name
        lines += len(text.splitlines())
    assert lines < 60


def test_installed_package_is_listed_and_explained(site: Path) -> None:
    listed = run(site, "sources")
    assert (listed.returncode, listed.stderr) == (0, "")
    assert re.search(r"^visits +meeting +Visitors' book \(\.visits\)$", listed.stdout, re.MULTILINE)
    assert "\nvisits comes from tieline-visits 0.1.0, not from Tieline itself.\n" in listed.stdout
    assert all(re.search(rf"^{name} ", listed.stdout, re.MULTILINE) for name in BUILT_IN)
    explained = run(site, "sources", "visits")
    assert "The front desk's tablet" in explained.stdout


def test_installed_package_reads_its_files(site: Path, tmp_path: Path) -> None:
    exports = tmp_path / "exports"
    exports.mkdir()
    (exports / "desk.visits").write_text(BOOK)
    checked = run(site, "check", exports)
    assert (checked.returncode, checked.stderr) == (0, ""), checked.stderr
    assert re.search(
        r"^desk\.visits +visits +80% +2026-03-02 +2026-03-02 +4 +1 +3$",
        checked.stdout,
        re.MULTILINE,
    ), checked.stdout
    assert "1  is not time|host|visitor\n      at desk.visits line 2" in checked.stdout
    made = run(site, "init", "--from", exports, tmp_path / "home")
    assert made.returncode == 0, made.stderr
    settings = tmp_path / "home" / "tieline.toml"
    text = settings.read_text()
    assert 'format = "visits"' in text
    table = "[people.domains]\n"
    settings.write_text(text.replace(table, f'{table}"gemeente.example" = "Gemeente"\n'))
    home = run(site, "check", "-s", settings)
    assert home.returncode == 0, home.stdout


# --- what goes wrong -----------------------------------------------------------------------------

GOOD = """
from dataclasses import replace
from transforms.sources import BUILT_IN
SOURCE = replace(BUILT_IN["mbox"], name={name!r}, title="Other people's")
"""


@pytest.mark.parametrize(
    ("name", "module", "cause"),
    [
        ("bad-import", "import nowhere_to_be_found", "ModuleNotFoundError: No module named"),
        ("bad-syntax", "SOURCE = (", "SyntaxError: "),
        ("bad-exit", "raise SystemExit(3)", "SystemExit: 3"),
        ("bad-missing", "OTHER = 1", "AttributeError: "),
        ("bad-kind", "SOURCE = 'mbox'", "TypeError: it is a str, not a "),
        ("bad-name", GOOD.format(name=""), "ValueError: its name is empty"),
        (
            "bad-channel",
            GOOD.format(name="x") + "SOURCE = replace(SOURCE, channel='telex')",
            "its channel is 'telex', not one of: meeting, message, work",
        ),
    ],
)
def test_broken_package_is_one_line_with_cause_and_cure(
    name: str, module: str, cause: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(tmp_path, name, f"x = {name.replace('-', '_')}:SOURCE", module)
    package(tmp_path, "fine", "y = fine:SOURCE", GOOD.format(name="fine"))
    monkeypatch.syspath_prepend(tmp_path)
    entries = [
        entry
        for dist in distributions(path=[str(tmp_path)])
        for entry in dist.entry_points.select(group=plugins.GROUP)
    ]
    told = plugins.load(entries, BUILT_IN)
    [problem] = told.problems
    assert problem.startswith(f"{name} 1.0: entry point 'x' (")
    assert cause in problem
    assert problem.endswith(f"update or uninstall {name}")
    assert "\n" not in problem
    assert set(told.sources) == {"fine"}
    assert told.packages == {"fine": "fine 1.0"}


def test_names_that_clash_are_told_and_the_first_one_stays(tmp_path: Path) -> None:
    for name in ("anna", "bram"):
        package(tmp_path, f"of-{name}", f"x = of_{name}:SOURCE", GOOD.format(name="calls"))
    package(tmp_path, "thief", "x = thief:SOURCE", GOOD.format(name="mbox"))
    ran = run(tmp_path, "sources")
    assert ran.returncode == 0
    assert ran.stderr.splitlines() == [
        "tieline: of-bram 1.0: entry point 'x': the format 'calls' is there already, from of-anna 1.0;"
        " uninstall one of them, or ask the makers for another name",
        "tieline: thief 1.0: entry point 'x': the format 'mbox' is there already, from Tieline itself;"
        " uninstall one of them, or ask the makers for another name",
    ]
    assert "calls comes from of-anna 1.0" in ran.stdout
    assert re.search(r"^mbox .*mbox", ran.stdout, re.MULTILINE)


def test_broken_package_leaves_the_other_formats_and_is_told_by_check(tmp_path: Path) -> None:
    package(tmp_path, "bad", "x = bad:SOURCE", "1 / 0")
    mail = tmp_path / "exports" / "a.eml"
    mail.parent.mkdir()
    mail.write_text("From: a@a.example\nTo: b@b.example\nDate: Mon, 2 Mar 2026 09:00:00 +0000\n\n")
    ran = run(tmp_path, "check", mail.parent)
    assert re.search(r"^a\.eml +mbox ", ran.stdout, re.MULTILINE)
    assert ran.returncode == 1
    assert ran.stderr.count("\n") == 1
    assert "bad 1.0: entry point 'x' (bad:SOURCE) cannot be loaded (ZeroDivisionError" in ran.stderr


def fenced(**changes: object) -> plugins.Source:
    """A source whose functions fail, as the registry holds it."""

    class Found:
        name, value, dist = "x", "x:SOURCE", None

        @staticmethod
        def load() -> object:
            return replace(BUILT_IN["mbox"], name="failing", **changes)  # type: ignore[arg-type]

    entry: EntryPoint = Found()  # type: ignore[assignment]
    return plugins.load([entry], BUILT_IN).sources["failing"]


def test_reader_that_fails_refuses_its_file_alone(tmp_path: Path) -> None:
    def read(path: Path, options: Options) -> Iterator[Batch]:
        yield from BUILT_IN["mbox"].read(path, options)
        raise KeyError("jan@a.example")

    path = tmp_path / "a.eml"
    path.write_text("From: a@a.example\nDate: Mon, 2 Mar 2026 09:00:00 +0000\n\n")
    batches = fenced(read=read).read(path, Options())
    assert next(batches).records == 1
    with pytest.raises(
        UnreadableFileError, match=r"a.eml: the reader fails \(.*KeyError in "
    ) as told:
        next(batches)
    assert "test_third_party.py, line" in str(told.value)
    assert "jan@" not in str(told.value)  # the warehouse keeps the refusal


def test_sniffer_that_fails_claims_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def sniff(path: Path, head: bytes) -> float:
        return 1 / len(head)

    source = fenced(sniff=sniff)
    assert source.sniff(tmp_path / "a.x", b"") == 0
    assert "sniff fails on a.x (ZeroDivisionError" in caplog.text
    assert source.sniff(tmp_path / "a.x", b"ab") == 0.5
    assert fenced(sniff=lambda *_: 7).sniff(tmp_path / "a.x", b"") == 1


# --- what it costs -------------------------------------------------------------------------------


def test_nothing_is_looked_for_until_a_name_is_not_built_in() -> None:
    code = (
        "import importlib.metadata as m\n"
        "looked = []\n"
        "m.entry_points = lambda **k: looked.append(k) or ()\n"
        "from transforms.sources import SOURCES, sources\n"
        "assert SOURCES['mbox'].name == 'mbox' and 'jira' in SOURCES and not looked\n"
        "assert 'nope' not in SOURCES and len(SOURCES) == len(sources()) and len(looked) == 1\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_registry_is_a_mapping_of_all_formats() -> None:
    assert list(SOURCES) == list(sources())
    assert list(SOURCES)[: len(BUILT_IN)] == list(BUILT_IN)
    assert all(SOURCES[name] is source for name, source in sources().items())
    with pytest.raises(KeyError):
        SOURCES["nope"]
