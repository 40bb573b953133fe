"""Build the wheel, install it in an environment of its own, and run it away from the sources."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def call(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        away = Path(scratch)
        call(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", away, cwd=ROOT)
        [wheel] = away.glob("tieline-*.whl")
        venv.create(away / "env", with_pip=True)
        python = away / "env" / "bin" / "python"
        constraints = ROOT / "constraints.txt"
        call(python, "-m", "pip", "install", "-q", "-c", constraints, wheel, cwd=away)
        env = {"PATH": os.environ["PATH"], "HOME": str(away / "home"), "LANG": "C.UTF-8"}
        (away / "home").mkdir()
        tieline = away / "env" / "bin" / "tieline"
        print(call(tieline, "demo", "--folder", "demo", cwd=away, env=env))
        again = call(tieline, "run", "-s", "demo/tieline.toml", cwd=away, env=env)
        if "Nothing new" not in again:
            sys.exit(f"the second run found something new:\n{again}")
        print(
            call(
                tieline,
                "trends",
                "-s",
                "demo/tieline.toml",
                "--grain",
                "quarter",
                cwd=away,
                env=env,
            )
        )
        print(f"{wheel.name} works away from its sources")


if __name__ == "__main__":
    main()
