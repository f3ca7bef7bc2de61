"""The other engine: DuckDB over the lake's own files, a statement a line on standard input, an answer a line.

The first line says what to load: {"tables": {REFERENCE: {"files": [...], "columns": {NAME: TYPE}}}}; then each line is
{"sql": ..., "seconds": ...}. An answer is {"rows": [[cell or null, ...], ...]} or {"error": ...}.
"""

import datetime
import decimal
import json
import sys
import threading

import duckdb


def load(db, tables):
    db.execute("CREATE SCHEMA sources")
    for name, table in tables.items():
        files = ", ".join("'" + file.replace("'", "''") + "'" for file in table["files"])
        rows = f"read_parquet([{files}], hive_partitioning = true, hive_types_autocast = false, union_by_name = true)"
        known = {row[0] for row in db.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
        # A column that is newer than every file.
        value = lambda column: f'"{column}"' if column in known else "NULL"
        columns = ", ".join(f'CAST({value(column)} AS {kind}) AS "{column}"' for column, kind in table["columns"].items())
        # Rows that say of a unit that it came out empty.
        shown = ' WHERE "_marker" IS NOT TRUE' if "_marker" in table["columns"] else ""
        db.execute(f"CREATE TABLE {name} AS SELECT {columns} FROM {rows}{shown}")


def cell(value):
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, decimal.Decimal):
        text = format(value, "f")
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text in ("-0", "") else text
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ", timespec="microseconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def answer(db, asked):
    clock = threading.Timer(asked["seconds"], db.interrupt)
    clock.start()
    try:
        # What is an aggregate here is a window function there.
        sql = asked["sql"].replace("first_value/* of rows */", "first").replace("last_value/* of rows */", "last")
        rows = db.execute(sql).fetchall()
        return {"rows": [[cell(value) for value in row] for row in rows]}
    except duckdb.Error as error:
        return {"error": str(error).splitlines()[0]}
    finally:
        clock.cancel()


def main():
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    db.execute("SET default_null_order = 'nulls_last_on_asc_first_on_desc'")
    db.execute("SET threads = 2")
    db.execute("SET order_by_non_integer_literal = true")
    load(db, json.loads(sys.stdin.readline())["tables"])
    for line in sys.stdin:
        print(json.dumps(answer(db, json.loads(line))), flush=True)


main()
