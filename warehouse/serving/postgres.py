"""A release once more in a PostgreSQL schema, for BI on other machines and by many people.

All of it in one transaction that deletes and inserts: a reader sees the old release or the new one,
and after a failure the old one. Views become tables there.
"""

from __future__ import annotations

import re
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from warehouse.connection import open_readonly
from warehouse.schema import quoted
from warehouse.serving.export.released import facts, reader, relations

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from warehouse.serving.export.released import Relation

MARK: Final = "Published by Tieline; made anew with each release."
_TYPES: Final = {
    "BIGINT": "bigint", "INTEGER": "integer", "DOUBLE": "double precision", "BOOLEAN": "boolean",
    "DATE": "date", "TIMESTAMP": "timestamp without time zone", "VARCHAR": "text",
}  # fmt: skip


class CopyError(Exception):
    """The release could not be copied; what was there before stays. Never tells the password."""


def copy_release(release: Path, dsn: str, *, schema: str, role: str) -> int | None:
    """Make `schema` of the database `dsn` hold what the file `release` does; return its rows.

    None where it does already. `role` may read it and nothing else; it is made if it is not there.
    `schema` and `role` are plain names, and `schema` is not one that something else uses.

    Raises:
        CopyError: no driver, no connection, no rights, or the schema belongs to something else.
    """
    try:
        from adbc_driver_postgresql import dbapi  # noqa: PLC0415  an extra of its own
    except ImportError:
        raise CopyError(
            "no PostgreSQL driver; install it with: pip install 'tieline[postgres]'"
        ) from None
    try:
        with closing(dbapi.connect(dsn)) as server, closing(server.cursor()) as cursor:
            rows = _copied(release, cursor, schema, role)
            server.commit()
            return rows
    except dbapi.Error as error:
        raise CopyError(f"schema {schema}: {_without_secrets(str(error), dsn)}") from None


def _copied(release: Path, cursor: Any, schema: str, role: str) -> int | None:  # noqa: ANN401
    cursor.execute(f"SELECT pg_advisory_xact_lock(hashtext({quoted(f'tieline {schema}')}))")
    cursor.fetchall()
    with open_readonly(release) as con:
        there, told = _tables(cursor, schema), facts(con)
        if there and _published(cursor, schema, there) == told["run_id"]:
            return None
        wanted = relations(con)
        _prepare(cursor, schema, there, wanted)
        rows = 0
        for table in wanted:
            cursor.execute(f"DELETE FROM {schema}.{table.name}")
            rows += cursor.adbc_ingest(
                table.name, reader(con, table), mode="append", db_schema_name=schema
            )
        _grant(cursor, schema, role)
    return rows


def _tables(cursor: Any, schema: str) -> dict[str, dict[str, str]]:  # noqa: ANN401
    """Table → column → type, as the schema has them. Raises CopyError where it is not ours."""
    cursor.execute(
        "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace"
        f" WHERE nspname = {quoted(schema)}"
    )
    if (mark := cursor.fetchall()) and mark != [(MARK,)]:
        raise CopyError(
            f"schema {schema}: is there already and not Tieline's; name another one under"
            " publish.postgres.schema"
        )
    cursor.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns"
        f" WHERE table_schema = {quoted(schema)}"
    )
    found: dict[str, dict[str, str]] = {}
    for table, column, kind in cursor.fetchall():
        found.setdefault(table, {})[column] = kind
    return found


def _published(cursor: Any, schema: str, there: Mapping[str, object]) -> object:  # noqa: ANN401
    if "publication" not in there:
        return None
    cursor.execute(f"SELECT run_id FROM {schema}.publication")
    return next(iter(cursor.fetchall()), (None,))[0]


def _prepare(
    cursor: Any,  # noqa: ANN401
    schema: str,
    there: Mapping[str, Mapping[str, str]],
    wanted: Sequence[Relation],
) -> None:
    """The schema with exactly the tables and columns of the release, all commented."""
    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
    cursor.execute(f"COMMENT ON SCHEMA {schema} IS {quoted(MARK)}")
    for name in there.keys() - {table.name for table in wanted}:
        cursor.execute(f"DROP TABLE {schema}.{name}")
    for table in wanted:
        columns = {field.name: _TYPES[field.type] for field in table.fields}
        old = there.get(table.name, {})
        if old and not old.items() <= columns.items():
            cursor.execute(f"DROP TABLE {schema}.{table.name}")
            old = {}
        if not old:
            listed = ", ".join(f"{name} {kind}" for name, kind in columns.items())
            cursor.execute(f"CREATE TABLE {schema}.{table.name} ({listed})")
        for name in columns.keys() - old.keys() if old else ():
            cursor.execute(f"ALTER TABLE {schema}.{table.name} ADD COLUMN {name} {columns[name]}")
        target = f"{schema}.{table.name}"
        cursor.execute(f"COMMENT ON TABLE {target} IS {quoted(table.description)}")
        for field in table.fields:
            cursor.execute(
                f"COMMENT ON COLUMN {target}.{field.name} IS {quoted(field.description)}"
            )


def _grant(cursor: Any, schema: str, role: str) -> None:  # noqa: ANN401
    cursor.execute(f"SELECT 1 FROM pg_roles WHERE rolname = {quoted(role)}")
    if not cursor.fetchall():
        cursor.execute(f"CREATE ROLE {role} NOLOGIN")
    cursor.execute(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    cursor.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role}")


def _without_secrets(text: str, dsn: str) -> str:
    """An error in one line that tells nothing of the password, nor of a `dsn` that libpq cannot read."""
    line = " ".join(text.split())
    if re.search(
        r"invalid (dsn|URI|connection option|percent-encoded)|missing \"=\"|unterminated", line
    ):
        return (
            "the connection string cannot be read; write postgresql://user:password@host/database"
        )
    for secret in re.findall(r"://[^:/@]*:([^@]*)@|password\s*=\s*('[^']*'|\S+)", dsn):
        for part in secret:
            if part.strip("'"):
                line = line.replace(part.strip("'"), "***")
    return line
