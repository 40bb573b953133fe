"""How each client connects to the published database."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def connections(path: Path) -> dict[str, list[str]]:
    """Client → what to type, for the database `path`. docs/bi.md has the steps around it.

    The path goes through `current`, so whoever opens it anew sees the newest release.
    """
    text = path.absolute().as_posix()
    url = f"duckdb:///{text}"
    odbc = f"Driver={{DuckDB Driver}};Database={text};access_mode=READ_ONLY"
    return {
        "path": [text, "schema mart; open it read-only, and anew for every look"],
        "duckdb": [f"duckdb -readonly '{text}'"],
        "python": [f'duckdb.connect("{text}", read_only=True)'],
        "sqlalchemy": [
            url,
            f'create_engine("{url}", poolclass=NullPool, connect_args={{"read_only": True}})',
            "NullPool: a pool that keeps connections keeps the release that they opened",
        ],
        "superset": [
            url,
            'Advanced, Other, Engine parameters: {"connect_args": {"read_only": true}}',
            "pip install duckdb-engine (or duckdb-sqlalchemy) beside Superset",
        ],
        "metabase": [f"DuckDB driver; database file {text}; read only on"],
        "jdbc": [f"jdbc:duckdb:{text}", "property duckdb.read_only = true"],
        "odbc": [odbc],
        "powerbi": [f"Get Data, ODBC, Advanced, connection string: {odbc}", "Import mode"],
        "tableau": [f"Other databases (JDBC): jdbc:duckdb:{text}", "property duckdb.read_only = true"],
        "grafana": [f"DuckDB data source; path {text}"],
        "excel": [
            "tieline export FOLDER --format excel",
            f"or Data, From ODBC, connection string: {odbc}",
        ],
        "harlequin": [f"harlequin -r '{text}'"],
        "node": [
            f'DuckDBInstance.create("{text}", {{access_mode: "READ_ONLY"}})',
            "from @duckdb/node-api",
        ],
        "adbc": [
            "adbc_driver_manager.dbapi.connect(driver=adbc_driver_duckdb.driver_path(),"
            ' entrypoint="duckdb_adbc_init",',
            f'db_kwargs={{"path": "{text}", "access_mode": "read_only"}})',
        ],
    }  # fmt: skip
