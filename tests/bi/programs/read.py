"""Read the published file again and again with one client, as a dashboard does; say what was seen.

Runs in the clients' own environment: python read.py CLIENT PATH STOP QUERY
"""

import json
import sys
import time
from pathlib import Path

CLIENT, PATH, STOP, QUERY = sys.argv[1:5]


def sqlalchemy():
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    engine = sa.create_engine(
        f"duckdb:///{PATH}", poolclass=NullPool, connect_args={"read_only": True}
    )

    def read():
        with engine.connect() as con:
            return list(con.execute(sa.text(QUERY)).one())

    return read


def pandas():
    import pandas as pd
    import sqlalchemy as sa
    from sqlalchemy.pool import NullPool

    engine = sa.create_engine(
        f"duckdb:///{PATH}", poolclass=NullPool, connect_args={"read_only": True}
    )
    return lambda: [int(v) for v in pd.read_sql(QUERY, engine).iloc[0]]


def polars():
    import duckdb

    def read():
        with duckdb.connect(PATH, read_only=True) as con:
            return list(con.sql(QUERY).pl().row(0))

    return read


def adbc():
    import adbc_driver_duckdb
    from adbc_driver_manager import dbapi

    driver = adbc_driver_duckdb.driver_path()
    options = {"path": PATH, "access_mode": "read_only"}

    def read():
        with (
            dbapi.connect(driver=driver, entrypoint="duckdb_adbc_init", db_kwargs=options) as con,
            con.cursor() as cursor,
        ):
            cursor.execute(QUERY)
            return [column[0].as_py() for column in cursor.fetch_arrow_table().columns]

    return read


read, seen, errors = (
    {"sqlalchemy": sqlalchemy, "pandas": pandas, "polars": polars, "adbc": adbc}[CLIENT](),
    [],
    [],
)
while True:
    last = Path(STOP).exists()
    try:
        seen.append(read())
    except Exception as error:  # noqa: BLE001  whatever it is, it is told
        errors.append(repr(error))
    if last:
        break
    time.sleep(1)  # a dashboard, not a load test
print(json.dumps({"seen": seen, "errors": errors}))
