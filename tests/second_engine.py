"""Runs every stage again in DuckDB, over the inputs the lake's object was made from, and compares the rows.

    second_engine.py TREE LAKE...

TREE is the source tree, whose schemas and stages count; each LAKE is a lake's folder. What is run is the stage's own
SQL: only words that DuckDB spells otherwise are replaced, and sellerlake's functions are written once more, in SQL.
Rows must be equal in every column, decimals to the last digit. Prints a line for each stage, and its differences.
"""

import csv
import re
import sys
import tomllib
from functools import cache
from glob import glob
from pathlib import Path

import duckdb

TREE, LAKES = Path(sys.argv[1]), [Path(lake) for lake in sys.argv[2:]]
TYPES = {"text": "VARCHAR", "json": "VARCHAR", "int": "BIGINT", "date": "DATE", "bool": "BOOLEAN", "timestamp": "TIMESTAMPTZ"}
SHOWN = 3

# Exact quotients, half to even, by whole numbers: a decimal's digits without its point. DuckDB has no decimal division.
FUNCTIONS = r"""
CREATE MACRO digits(x) AS CAST(replace(CAST(CAST(x AS DECIMAL(38, 9)) AS VARCHAR), '.', '') AS HUGEINT);
CREATE MACRO half_even(n, d) AS n // d + CASE
    WHEN 2 * (n % d) > d OR (2 * (n % d) = d AND (n // d) % 2 = 1) THEN 1 ELSE 0 END;
CREATE MACRO with_point(digits) AS
    CAST((digits // 1000000000) || '.' || lpad(CAST(digits % 1000000000 AS VARCHAR), 9, '0') AS DECIMAL(38, 9));
CREATE MACRO quotient(n, d) AS CASE WHEN d <> 0 THEN
    CAST(sign(n) * sign(d) AS INTEGER) * with_point(half_even(abs(n) * 1000000000, abs(d))) END;
CREATE MACRO ratio(n, d) AS quotient(digits(n), digits(d));

CREATE MACRO month_of(moment) AS CAST(date_trunc('month', moment) AS DATE);
CREATE MACRO local_day(moment, zone) AS CAST(timezone(zone, moment) AS DATE);
CREATE MACRO is_order_id(id) AS regexp_full_match(id, '(\d{3}|S0\d)-\d{7}-\d{7}');
CREATE MACRO order_status(printed) AS CASE
    WHEN lower(printed) IN ('shipped', 'complete', 'enviado', 'versandt', 'versendet', 'expédié', 'expédiée',
        'spedito', '出荷済み') OR lower(printed) LIKE 'shipped - %' THEN 'Shipped'
    WHEN lower(printed) IN ('cancelled', 'canceled', 'cancelado', 'storniert', 'annulé', 'annulée', 'annullato',
        'cancellato', 'キャンセル', 'キャンセル済み') THEN 'Cancelled'
    WHEN lower(printed) IN ('pending', 'pendiente', 'ausstehend', 'en attente', 'in attesa', '保留中') THEN 'Pending'
    WHEN lower(printed) IN ('unshipped', 'shipping', 'pending - waiting for pick up', 'no enviado',
        'nicht versandt', 'non expédié', 'non expédiée', 'non spedito', '未出荷') THEN 'Unshipped'
    WHEN lower(printed) IN ('partiallyshipped', 'partially_shipped', 'partially shipped') THEN 'PartiallyShipped'
    WHEN lower(printed) IN ('pendingavailability', 'pending_availability') THEN 'PendingAvailability'
    WHEN lower(printed) = 'invoiceunconfirmed' THEN 'InvoiceUnconfirmed'
    WHEN lower(printed) = 'unfulfillable' THEN 'Unfulfillable'
    ELSE printed END;

CREATE MACRO arrow_cast(value, kind) AS CAST(value AS TIMESTAMPTZ);
CREATE MACRO btrim(text) AS trim(text), (text, letters) AS trim(text, letters);
CREATE MACRO regexp_like(text, pattern) AS regexp_matches(text, pattern);
"""

# What DuckDB spells otherwise.
SPELLINGS = [(r"\bLEFT (SEMI|ANTI) JOIN\b", r"\1 JOIN"), (r"\$month\b", "getvariable('month')")]


@cache
def declared(kind, name):
    path = TREE / "schemas" / kind / f"{name}.toml"
    return tomllib.loads(path.read_text()) if path.exists() else None


def shared(name):
    """The list that stages read as `shared_…`: what its owner, the seller `shared`, gave for all sellers."""
    return name.removeprefix("shared_")


def columns(name):
    """A dataset's declared columns: name and DuckDB's type."""
    found = (declared("tables", name) or declared("sources", name) or declared("sources", shared(name)))["columns"]
    return {column: TYPES.get(facts["type"], facts["type"]) for column, facts in found.items()}


def stages():
    """Name, months of each input, months of output, and statement; inputs come from the lake, so in any order."""
    for path in sorted(glob(str(TREE / "transforms/tables/*.sql")) + glob(str(TREE / "transforms/rollups/*.sql"))):
        head, sql = Path(path).read_text().removeprefix("/*").split("*/", 1)
        head = tomllib.loads(head)
        for ours, theirs in SPELLINGS:
            sql = re.sub(ours, theirs, sql)
        yield Path(path).stem, head["reads"], offsets(head.get("emits", "0")), sql


def offsets(reach):
    first, _, last = reach.partition("..")
    return int(first), int(last or first)


def later(month, count):
    index = int(month[:4]) * 12 + int(month[5:7]) - 1 + count
    return f"{index // 12:04}-{index % 12 + 1:02}"


class Lake:
    """The objects of one seller in one lake."""

    def __init__(self, folder, seller):
        self.folder, self.seller = folder, seller

    def objects(self, name):
        """Paths by month; the month of an object without one is None."""
        found, seller = {}, self.seller
        if not (declared("tables", name) or declared("sources", name)):
            name, seller = shared(name), "shared"
        for path in glob(str(self.folder / "*" / name / f"seller_id={seller}" / "**/data.parquet"), recursive=True):
            month = Path(path).parent.name
            found[month.removeprefix("month=") if month.startswith("month=") else None] = path
        return found

    def read(self, name, reach, month):
        objects = self.objects(name)
        if reach == "all":
            return list(objects.values())
        first, last = offsets(reach)
        return [objects[at] for at in (later(month, count) for count in range(first, last + 1)) if at in objects]

    def months(self, name, reads, emits):
        """Every month that inputs could reach, and every one that stands; None for a table without months."""
        if declared("tables", name)["grain"] == "none":
            return [None]
        months = set(self.objects(name))
        for source, reach in reads.items():
            if reach == "all":
                continue
            first, last = offsets(reach)
            for month in self.objects(source):
                months |= {later(month, count) for count in range(min(-last, emits[0]), max(-first, emits[1]) + 1)}
        return sorted(months, key=str)


def references(connection):
    for path in glob(str(TREE / "schemas/reference/*.csv")):
        name = Path(path).stem
        kinds = columns(name)
        with open(path, newline="", encoding="utf-8") as file:
            assert next(csv.reader(file)) == list(kinds), f"{name}.csv has other columns than declared"
        connection.execute(f"CREATE TABLE {name} AS SELECT * FROM read_csv('{path}', header = true, columns = {kinds})")
        yield name


def view(connection, name, paths):
    """The declared columns of some objects; one an older object lacks is NULL, and marker rows are left out."""
    kinds = columns(name)
    if not paths:
        cells = ", ".join(f'CAST(NULL AS {kind}) AS "{column}"' for column, kind in kinds.items())
        connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT {cells} WHERE false')
        return
    rows = f"read_parquet({paths!r}, union_by_name = true, hive_partitioning = false)"
    there = {row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
    source = {column: f'"{column}"' if column in there else "NULL" for column in kinds}
    cells = ", ".join(f'CAST({source[column]} AS {kind}) AS "{column}"' for column, kind in kinds.items())
    where = "WHERE NOT coalesce(_marker, false)" if "_marker" in there else ""
    connection.execute(f'CREATE OR REPLACE TEMP VIEW "{name}" AS SELECT {cells} FROM {rows} {where}')


def differences(connection, name, sql, path):
    """How many rows the lake has, and rows only one of the two has, a few of each."""
    cells = ", ".join(f'CAST("{column}" AS {kind}) AS "{column}"' for column, kind in columns(name).items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE again AS SELECT {cells} FROM ({sql})")
    view(connection, name, [path] if path else [])
    count = lambda rows: connection.execute(f"SELECT count(*) FROM ({rows})").fetchall()[0][0]
    found = []
    for whose, rows in (
        ("only in DuckDB", f'FROM again EXCEPT ALL FROM "{name}"'),
        ("only in the lake", f'FROM "{name}" EXCEPT ALL FROM again'),
    ):
        if many := count(rows):
            some = connection.execute(f"SELECT * FROM ({rows}) ORDER BY ALL LIMIT {SHOWN}").fetchall()
            found += [f"{many} rows {whose}"] + [f"  {' | '.join(map(str, row))}" for row in some]
    return count(f'FROM "{name}"'), found


def main():
    connection = duckdb.connect()
    # As DataFusion sorts: NULLs are larger than anything.
    connection.execute("SET TimeZone = 'UTC'; SET threads = 2; SET default_null_order = 'nulls_last_on_asc_first_on_desc'")
    connection.execute(FUNCTIONS)
    known = set(references(connection))
    different = 0
    for name, reads, emits, sql in stages():
        objects = rows = 0
        for folder in LAKES:
            sellers = {Path(path).name.removeprefix("seller_id=") for path in glob(str(folder / "*/*/seller_id=*"))}
            for lake in (Lake(folder, seller) for seller in sorted(sellers - {"shared"})):
                for month in lake.months(name, reads, emits):
                    for source, reach in reads.items():
                        if source not in known:
                            view(connection, source, lake.read(source, reach, month))
                    connection.execute(f"SET VARIABLE month = DATE '{month or '0001-01'}-01'")
                    here, found = differences(connection, name, sql, lake.objects(name).get(month))
                    objects, rows, different = objects + 1, rows + here, different + len(found)
                    for line in found:
                        print(f"{name} {lake.seller} {month or ''}: {line}")
        print(f"{name}: {objects} objects, {rows} rows")
    sys.exit(1 if different else 0)


main()
