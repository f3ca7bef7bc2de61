"""The other engine: DuckDB over the lake's own files, a statement a line on standard input, an answer a line.

The first line says what to load: {"tables": {NAME: {"files": [...], "columns": {NAME: TYPE}}}}; then each line is
{"sql": ..., "seconds": ...}. An answer is {"rows": [[cell or null, ...], ...]} or {"error": ...}.
"""

import datetime
import decimal
import json
import sys
import threading

import duckdb


def load(db, tables):
    for name, table in tables.items():
        files = ", ".join("'" + file.replace("'", "''") + "'" for file in table["files"])
        columns = ", ".join(f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in table["columns"].items())
        rows = f"read_parquet([{files}], hive_partitioning = true, hive_types_autocast = false, union_by_name = true)"
        db.execute(f'CREATE TABLE "{name}" AS SELECT {columns} FROM {rows}')


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
        rows = db.execute(asked["sql"]).fetchall()
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
    load(db, json.loads(sys.stdin.readline())["tables"])
    for line in sys.stdin:
        print(json.dumps(answer(db, json.loads(line))), flush=True)


main()
