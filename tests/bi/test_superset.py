"""Apache Superset itself, over its API: connect, list, comment, chart, and see the next night."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from warehouse.serving.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.slow

SETTINGS = """
SECRET_KEY = "a-key-for-this-test-only-0123456789abcdef"
SQLALCHEMY_DATABASE_URI = "sqlite:///{folder}/superset.db?check_same_thread=false"
PREVENT_UNSAFE_DB_CONNECTIONS = False
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
FILTER_STATE_CACHE_CONFIG = {{"CACHE_TYPE": "SimpleCache"}}
EXPLORE_FORM_DATA_CACHE_CONFIG = {{"CACHE_TYPE": "SimpleCache"}}
"""


class Superset:
    """Superset's API, as a browser uses it."""

    def __init__(self, url: str) -> None:
        self.url, self.token = url, ""
        login = {"username": "admin", "password": "admin", "provider": "db"}
        self.token = self.call("POST", "security/login", login)["access_token"]

    def call(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", method=method)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=180) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            pytest.fail(f"{method} {path}: {error.code} {error.read().decode()[:800]}")


@pytest.fixture(scope="module")
def superset(superset_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    folder = tmp_path_factory.mktemp("superset")
    (folder / "superset_config.py").write_text(SETTINGS.format(folder=folder), encoding="utf-8")
    env = {**os.environ, "SUPERSET_CONFIG_PATH": str(folder / "superset_config.py"),
           "SUPERSET_HOME": str(folder), "FLASK_APP": "superset", "PYTHONWARNINGS": "ignore"}  # fmt: skip
    admin = ["--username", "admin", "--firstname", "A", "--lastname", "B",
             "--email", "admin@example.org", "--password", "admin"]  # fmt: skip
    for words in (["db", "upgrade"], ["fab", "create-admin", *admin], ["init"]):
        done = subprocess.run(
            [str(superset_bin), *words], env=env, check=False, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = (folder / "server.log").open("w")
    server = subprocess.Popen(
        [str(superset_bin), "run", "-p", str(port), "--with-threads"],
        env=env,
        stdout=log,
        stderr=log,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(url, server)
        yield Superset(url)
    finally:
        server.terminate()
        server.wait(timeout=60)
        log.close()


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        assert server.poll() is None, "superset has ended"
        try:
            urllib.request.urlopen(f"{url}/health", timeout=5).close()
        except OSError:
            time.sleep(1)
        else:
            return
    pytest.fail("superset does not answer")


@pytest.fixture(scope="module")
def database(superset: Superset, world: Path, publish_next: Callable[[int], Path]) -> int:
    """The published file as a database of Superset, connected as docs/bi.md says."""
    path = world / "published" / "current" / "bi.duckdb"
    made = superset.call("POST", "database/", {
        "database_name": "Tieline", "sqlalchemy_uri": f"duckdb:///{path}",
        "extra": json.dumps({"engine_params": {"connect_args": {"read_only": True}}}),
    })  # fmt: skip
    return int(made["id"])


@pytest.fixture(scope="module")
def charts(superset: Superset, database: int) -> dict[str, int]:
    """A dataset and a chart per wide view: the weight over time."""
    found = {}
    for view in VIEWS:
        table = {"database": database, "schema": "mart", "table_name": view.name}
        dataset = superset.call("POST", "dataset/", table)["id"]
        weight = {"expressionType": "SQL", "sqlExpression": "MAX(weight)", "label": "weight"}
        query = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [{
                "columns": ["label"], "metrics": [weight], "orderby": [["label", True]],
                "filters": [{"col": "is_hidden", "op": "IS FALSE"}], "row_limit": 1000,
            }],
            "result_format": "json", "result_type": "full",
        }  # fmt: skip
        chart = {
            "slice_name": view.name, "viz_type": "echarts_timeseries_line", "datasource_id": dataset,
            "datasource_type": "table", "query_context": json.dumps(query),
            "params": json.dumps({"x_axis": "period", "metrics": [weight]}),
        }  # fmt: skip
        found[view.name] = superset.call("POST", "chart/", chart)["id"]
    return found


def test_tables_and_views_are_listed(superset: Superset, database: int, world: Path) -> None:
    listed = superset.call("GET", f"database/{database}/tables/?q=(schema_name:mart)")["result"]
    with duckdb.connect(str(world / "published" / "current" / "bi.duckdb"), read_only=True) as con:
        there = con.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'mart'"
        ).fetchall()
    assert {one["value"] for one in listed} == {name for (name,) in there}


def test_comments_become_descriptions(
    superset: Superset, database: int, charts: dict[str, int]
) -> None:
    for view in VIEWS:
        told = superset.call(
            "GET", f"database/{database}/table_metadata/?name={view.name}&schema=mart"
        )
        comments = {column["name"]: column["comment"] for column in told["columns"]}
        assert comments == {column.name: column.description for column in view.columns}
    found = superset.call("GET", "dataset/?q=(page_size:100)")["result"]
    one = next(dataset["id"] for dataset in found if dataset["table_name"] == "monthly_lines")
    columns = superset.call("GET", f"dataset/{one}")["result"]["columns"]
    told = {column["column_name"]: column for column in columns}
    assert told["label"]["description"] == "Name of the period: 2026-W07, 2026-02 or 2026-Q1."
    assert told["period"]["is_dttm"]  # a time axis without settings


def test_a_chart_of_each_wide_view_and_the_next_night_without_restart(
    superset: Superset, charts: dict[str, int], publish_next: Callable[[int], Path]
) -> None:
    for generation in (1, 2, 3):
        path = publish_next(generation)
        with duckdb.connect(str(path), read_only=True) as con:
            for name, chart in charts.items():
                answer = superset.call("GET", f"chart/{chart}/data/?force=true")["result"][0]
                assert answer["status"] == "success", answer
                expected = con.execute(
                    f"SELECT label, max(weight) FROM mart.{name} WHERE NOT is_hidden GROUP BY ALL ORDER BY 1"
                ).fetchall()
                assert [(row["label"], row["weight"]) for row in answer["data"]] == expected
                assert {weight for _, weight in expected} == {float(generation)}


def test_nothing_can_be_written(superset: Superset, database: int) -> None:
    answer = superset.call("GET", f"database/{database}")["result"]
    assert not answer["allow_dml"]
