"""Run load, models, metrics and publication on DuckDB 2.0, in an environment of its own."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VERSION = "2.0.0"
NEEDED = (
    "polars",
    "pyarrow",
    "sqlglot",
    "scipy",
    "msgspec",
    "filelock",
    "pytest",
    "hypothesis",
    "tzdata",
)
TESTS = ("tests/load", "tests/transform", "tests/metrics", "tests/serving")


def main() -> None:
    pinned = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    packages = [line for line in pinned if line.partition("==")[0].lower() in NEEDED]
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        python = Path(scratch) / "bin" / "python"
        install = [python, "-m", "pip", "install", "-q", f"duckdb=={VERSION}", *packages]
        if subprocess.run(install, check=False).returncode:
            sys.exit(f"DuckDB {VERSION} could not be installed")
        print(f"DuckDB {VERSION}:", flush=True)
        tests = [python, "-m", "pytest", "-p", "no:cacheprovider", *TESTS]
        sys.exit(subprocess.run(tests, cwd=ROOT, check=False).returncode)


if __name__ == "__main__":
    main()
