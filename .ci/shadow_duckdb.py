"""Run everything that holds SQL (load, models, metrics, quality, publication) on DuckDB 2.0 too."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

VERSION = "2.0.0"
TESTS = ("tests/load", "tests/transform", "tests/metrics", "tests/people", "tests/serving")


def main() -> None:
    with tempfile.TemporaryDirectory() as overlay:
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", overlay]
        if subprocess.run([*install, f"duckdb=={VERSION}"], check=False).returncode:
            sys.exit(f"DuckDB {VERSION} could not be installed")
        env = {**os.environ, "PYTHONPATH": overlay}
        found = [sys.executable, "-c", "import duckdb; print(duckdb.__version__)"]
        seen = subprocess.run(
            found, env=env, check=True, capture_output=True, text=True
        ).stdout.strip()
        if seen != VERSION:
            sys.exit(f"wanted DuckDB {VERSION}, got {seen}")
        print(f"DuckDB {seen}:", flush=True)
        tests = [sys.executable, "-m", "pytest", "-n", "2", "-m", "not slow", *TESTS]
        sys.exit(subprocess.run(tests, env=env, check=False).returncode)


if __name__ == "__main__":
    main()
