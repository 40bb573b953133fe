"""Let atheris look for a file that a reader cannot bear.

    python -m tests.fuzz FORMAT SECONDS FOLDER

FOLDER keeps the corpus and what was found. atheris is no dependency of the project: install it
where you run this (`pip install atheris`).
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["transforms.sources"]):
    from tests.fuzz.damage import SEEDS, must_bear


def main(form: str, seconds: str, folder: str) -> None:
    """Fuzz the reader of `form` for so many seconds."""
    corpus = Path(folder) / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "seed").write_bytes(SEEDS[form].read_bytes())
    path = Path(folder) / f"export.{form}"

    def once(data: bytes) -> None:
        path.write_bytes(data)
        must_bear(form, path)

    limits = [f"-max_total_time={seconds}", "-timeout=30", "-rss_limit_mb=3000", "-max_len=20000"]
    atheris.Setup([sys.argv[0], *limits, f"-artifact_prefix={folder}/", str(corpus)], once)
    atheris.Fuzz()


main(*sys.argv[1:])
