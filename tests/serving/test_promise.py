"""The promise of docs/published.md: what version 1 of the schema has, every release of version 1 has."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import duckdb
import pytest

from tests.serving.made_up import publish_generation
from warehouse.connection import open_warehouse
from warehouse.serving import mart

PROMISED = Path(__file__).with_name(f"mart-{mart.VERSION}.csv")
DICTIONARY = Path(__file__).parents[2] / "docs" / "data-dictionary.md"

Schema = dict[tuple[str, str], str]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    """(table, column) → type, as a release has them."""
    folder = tmp_path_factory.mktemp("promise")
    with open_warehouse(folder / "private" / "tieline.duckdb", reach=[folder / "public"]) as con:
        path = publish_generation(con, folder / "public", 1)
    with duckdb.connect(str(path), read_only=True) as reader:
        found = reader.execute(
            "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal"
        ).fetchall()
    return {(table, column): kind for table, column, kind in found}


def test_release_keeps_what_its_version_promises(released: Schema) -> None:
    with PROMISED.open(encoding="utf-8", newline="") as file:
        promised = {(row["table"], row["column"]): row["type"] for row in csv.DictReader(file)}
    assert promised
    broken = {key: kind for key, kind in promised.items() if released.get(key) != kind}
    assert not broken, "readers rely on these: keep them, or raise mart.VERSION and promise anew"


def test_release_is_what_the_data_dictionary_documents(released: Schema) -> None:
    text = DICTIONARY.read_text(encoding="utf-8")
    documented = {}
    for table, section in re.findall(
        r"^### `mart\.(\w+)`\n(.*?)(?=^##|\Z)", text, re.MULTILINE | re.DOTALL
    ):
        for column, kind in re.findall(r"^\| `(\w+)` \| (\w+) \|", section, re.MULTILINE):
            documented[table, column] = kind
    assert documented == released
