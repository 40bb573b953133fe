"""Dockerfile and compose.yaml without a container engine: their parts are taken apart and run here."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib import import_module
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

from tests.flows.conftest import ROOT, make_home, small_network

DOCKERFILE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]


def instructions() -> list[tuple[str, str]]:
    """(instruction, arguments) in order, comments gone and lines joined."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2].strip()) for line in text.splitlines() if line]


def environment() -> dict[str, str]:
    """What ENV sets, but the path of the image."""
    pairs = [
        pair.split("=", 1) for word, rest in instructions() if word == "ENV" for pair in shlex.split(rest)
    ]  # fmt: skip
    return {name: value for name, value in pairs if name != "PATH"}


def copied(into: Path) -> Path:
    """The context as COPY of the first stage takes it, and .dockerignore lets through."""
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    first = DOCKERFILE.split("\nFROM ")[1]
    for line in re.findall(r"^COPY (.*)$", first, re.MULTILINE):
        *names, target = line.split()
        for name in names:
            assert name in let_in, f"{name} is copied, and .dockerignore keeps it out"
            if (ROOT / name).is_dir():
                skip = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / name, into / target, ignore=skip)
            else:
                into.mkdir(exist_ok=True)
                shutil.copy(ROOT / name, into / target)
    return into


@pytest.mark.slow
def test_what_is_copied_installs_and_runs(tmp_path: Path) -> None:
    """Wheel from the copied files, into a fresh environment that lends only what others wrote."""
    context = copied(tmp_path / "context")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path)]
    subprocess.run(build, cwd=context, check=True, capture_output=True)
    [wheel] = tmp_path.glob("tieline-*.whl")
    image = tmp_path / "image"
    venv.create(image, with_pip=False)
    site = next(image.glob("lib/python*/site-packages"))
    with ZipFile(wheel) as packed:
        packed.extractall(site)
    others = Path(sysconfig.get_path("purelib"))
    for path in others.iterdir():
        if "tieline" not in path.name and not path.name.startswith(("__editable__", "__pycache__")):
            (site / path.name).symlink_to(path)
    data = make_home(tmp_path / "data", small_network(weeks=1))
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **environment()}
    env["TIELINE_SETTINGS"] = env["TIELINE_SETTINGS"].replace("/data", str(data))

    def inside(*code: str) -> str:
        ran = subprocess.run(
            [image / "bin/python", *code], cwd=data, env=env, capture_output=True, text=True, check=False
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    where = inside("-c", "import flows; print(flows.__file__)")
    assert where.startswith(str(image))
    assert "--dry-run" in inside("-m", "flows", "run", "--help")
    looked = inside("-m", "flows", "run", "--dry-run")
    assert looked.startswith("Would read 7 files")


def test_what_the_image_says() -> None:
    words = instructions()
    assert ("ENTRYPOINT", '["tieline"]') in words
    assert ("CMD", '["run"]') in words
    assert ("USER", "1000") in words  # not root
    assert ("VOLUME", "/data") in words
    env = environment()
    assert env["DO_NOT_TRACK"] == "1"
    assert env["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    owned = next(rest for word, rest in words if word == "RUN" and "chown" in rest)
    for service in SERVICES.values():  # what is mounted exists in the image and is its user's
        for mount in service["volumes"]:
            assert re.search(rf"chown tieline .*{mount.partition(':')[2]}\b", owned)


def commands() -> list[list[str]]:
    """Every command line of the services."""
    found = []
    for service in SERVICES.values():
        entry, command = service.get("entrypoint", ["tieline"]), service["command"]
        if entry[0] == "sh":
            found += [shlex.split(line) for line in command[0].splitlines() if line]
        else:
            found.append([*entry, *map(str, command)])
    return found


@pytest.mark.slow
@pytest.mark.parametrize("command", commands(), ids=" ".join)
def test_every_command_is_one_that_prefect_has(command: list[str]) -> None:
    assert command[0] == "prefect"
    words = [word for word in command[1:] if word != "--no-prompt"]
    verbs = words[: 1 if words[0] == "deploy" else 2]
    shown = subprocess.run(
        [sys.executable, "-m", "prefect", *verbs, "--help"], capture_output=True, text=True, check=False,
        env={**os.environ, "COLUMNS": "200", "NO_COLOR": "1"},
    )  # fmt: skip
    assert shown.returncode == 0, shown.stderr
    for option in (word for word in words if word.startswith("--")):
        assert re.search(rf"{option}\b", shown.stdout), option


def test_the_services_fit_together() -> None:
    assert set(SERVICES) == {"server", "deploy", "worker"}
    host = SERVICES["worker"]["environment"]["PREFECT_API_URL"]
    assert host == SERVICES["deploy"]["environment"]["PREFECT_API_URL"] == "http://server:4200/api"
    assert SERVICES["server"]["ports"] == ["127.0.0.1:4200:4200"]  # it has no sign-on
    assert SERVICES["worker"]["command"][-1] == "tieline"  # the pool that `deploy` makes
    assert "work-pool create tieline " in SERVICES["deploy"]["command"][0]
    for name, needs in (("deploy", "server"), ("worker", "deploy")):
        assert needs in SERVICES[name]["depends_on"]
    used = {m.partition(":")[0] for s in SERVICES.values() for m in s["volumes"]} - {"./my-network"}
    assert used == set(COMPOSE["volumes"])


def test_every_entrypoint_is_in_the_packages() -> None:
    """A container has no sources beside it: flows come from the installed packages."""
    told = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    for deployment in told:
        module, _, name = deployment["entrypoint"].rpartition(".")
        assert hasattr(import_module(module), name)
        assert not re.search(r"[/:]", deployment["entrypoint"])
