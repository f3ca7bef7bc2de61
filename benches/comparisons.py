"""The comparisons, one function each: they return plain numbers, and stop where two engines disagree."""

import csv
import json
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

import generate
import measure
from lake import Lake, written

TABLES = ("orders", "order_items")

SUMS = """
    SELECT currency, count(*), count(DISTINCT amazon_order_id), sum(units), sum(item_price), sum(item_tax)
    FROM read_parquet('{}') GROUP BY currency ORDER BY currency
"""


def _same(left, right):
    """Stops unless two sets of files hold the same rows: every column of each row, hashed and summed."""
    import duckdb

    db = duckdb.connect()
    db.execute(f"SET threads = {measure.THREADS}; SET TimeZone = 'UTC'")
    scan = lambda files: f"read_parquet('{files}', hive_partitioning = false)"
    columns = ", ".join(row[0] for row in db.execute(f"DESCRIBE SELECT * FROM {scan(right)}").fetchall())
    total = f"SELECT count(*), sum(CAST(hash({columns}) AS HUGEINT)) FROM "
    found = [db.execute(total + scan(files)).fetchone() for files in (left, right)]
    if found[0] != found[1]:
        raise SystemExit(f"the engines disagree on {left} and {right}: {found}")


def _sums(files):
    import duckdb

    return duckdb.connect().execute(SUMS.format(files)).fetchall()


class Peer:
    """One task of peers.py, in a process of its own."""

    def __init__(self, task, scratch):
        self.task, self.directory = task, Path(scratch) / task

    def run(self, report):
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        script = Path(__file__).with_name("peers.py")
        sample = measure.run([sys.executable, script, self.task, report, self.directory])
        # Their start isn't what is compared; ours is counted.
        took = json.loads(sample.output.splitlines()[-1])
        sample.wall, sample.cpu = took["wall"], took["cpu"]
        return sample

    def files(self, name):
        return str(self.directory / name / "*" / "data.parquet")


def ingest(binary, scratch, rows, runs):
    """A big report into a fresh lake, against DuckDB and polars."""
    report = scratch / f"all_orders_{rows}.txt"
    if not report.exists():
        generate.big_report(report, rows)
    peers = {name: Peer(name, scratch) for name in ("duckdb-tables", "duckdb-everything", "polars-items")}
    taken = {"ours": [], "ours: ingest --no-rollup": [], "ours: rollup": [], "ours, every rollup": []}
    taken |= {name: [] for name in peers}
    report.read_bytes()  # Everybody finds the file in memory.
    for turn in range(runs):
        _settle()
        lake = Lake(binary, scratch / "lake")
        loaded = lake.ingest(report, rollup=False)
        rolled = lake.rollup(*TABLES)
        taken["ours: ingest --no-rollup"].append(loaded)
        taken["ours: rollup"].append(rolled)
        taken["ours"].append(loaded + rolled)
        for name, peer in peers.items():
            _settle()
            taken[name].append(peer.run(report))
        if turn == 0:
            for table in TABLES:
                for peer in ("duckdb-tables", "duckdb-everything"):
                    _same(lake.files("tables", table), peers[peer].files(table))
            sums = _sums(lake.files("tables", "order_items"))
            assert sums == _sums(peers["polars-items"].files("order_items")), "polars disagrees"
        _settle()
        taken["ours, every rollup"].append(Lake(binary, scratch / "full").ingest(report))
    sizes = {name: sum(map(_size, found)) for name, found in {
        "sources": (scratch / "lake/lake/sources").rglob("*.parquet"),
        "tables": (scratch / "lake/lake/tables").rglob("*.parquet"),
        "DuckDB all columns": peers["duckdb-everything"].directory.glob("all_orders/*/*.parquet"),
        "DuckDB tables": peers["duckdb-tables"].directory.rglob("*.parquet"),
    }.items()}
    return {
        "rows": rows, "bytes": report.stat().st_size, "runs": runs, "sizes": sizes,
        "table_rows": sum(row[1] for row in sums), "orders": sum(row[2] for row in sums),
        "taken": {
            name: vars(measure.median(samples)) | {"output": "", "walls": [sample.wall for sample in samples]}
            for name, samples in taken.items()
        },
    }


def increments(binary, scratch, rows_a_month, runs):
    """An hour of about 1,000 rows, after one month of history and after twenty-four."""
    orders = int(rows_a_month / 1.325)
    shop = generate.Shop(seed=24, start="2024-01-01", orders_per_day=orders / 30.4375)
    months = [int(orders * (month * 30.4375 + 15) / 30.4375) for month in range(25)]
    lakes = {}
    for months_before in (1, 24):
        lakes[months_before] = lake = Lake(binary, scratch / f"increments-{months_before}")
        files = []
        for month in range(24 - months_before, 24):
            files.append(scratch / f"history_{rows_a_month}_{month}.txt")
            generate.write(files[-1], generate.history(shop, months[month], months[month + 1]))
        lake.ingest(*files)
    taken, wrote = {1: [], 24: []}, {1: [], 24: []}
    first = months[24]
    for turn in range(runs):
        report = scratch / f"hour_{turn}.txt"
        _, arrived = generate.write(report, generate.hour(shop, first, first + 377, behind=1200))
        first += 377
        for months_before in ((1, 24) if turn % 2 else (24, 1)):
            lake = lakes[months_before]
            before = lake.objects()
            taken[months_before].append(lake.ingest(report))
            wrote[months_before].append(written(before, lake.objects()))
    return {
        "rows_a_month": rows_a_month, "runs": runs, "arrived": arrived,
        "lakes": {
            months_before: vars(measure.median(taken[months_before])) | {
                "output": "", "objects": sorted(wrote[months_before][-1]),
                "walls": [sample.wall for sample in taken[months_before]],
                "bytes": statistics.median(sum(objects.values()) for objects in wrote[months_before]),
            } for months_before in (1, 24)
        },
    }


def amplification(binary, scratch, orders_an_hour, hours):
    """Bytes written for the bytes of an hourly report, in the middle of a month: the average over the month."""
    shop = generate.Shop(seed=3, start="2026-03-01", orders_per_day=orders_an_hour * 24)
    before_now = int(orders_an_hour * 24 * 15.5)
    lake = Lake(binary, scratch / "amplification")
    history = scratch / "amplification.txt"
    generate.write(history, generate.history(shop, 0, before_now))
    lake.ingest(history)
    bytes_in, out, walls, cpu = 0, {}, [], []
    for hour in range(hours):
        first = before_now + hour * orders_an_hour
        report = scratch / "amplification_hour.txt"
        _, size = generate.write(report, generate.hour(shop, first, first + orders_an_hour, orders_an_hour * 30))
        before = lake.objects()
        sample = lake.ingest(report)
        walls.append(sample.wall)
        cpu.append(sample.cpu)
        bytes_in += size
        for name, length in written(before, lake.objects()).items():
            area = name.split("/")[0]
            out[area] = out.get(area, 0) + length
    return {
        "orders_an_hour": orders_an_hour, "hours": hours, "arrived": bytes_in / hours,
        "written": {area: length / hours for area, length in out.items()},
        "wall": statistics.median(walls), "cpu": statistics.median(cpu),
    }


QUERIES = {
    "revenue by day": """
        SELECT local_day, currency, count(*) AS items, sum(units) AS units, sum(item_price) AS revenue
        FROM order_items WHERE NOT is_cancelled GROUP BY local_day, currency ORDER BY local_day, currency""",
    "best sellers of a month": """
        SELECT sku, sum(units) AS units, sum(item_price) AS revenue FROM order_items
        WHERE local_day >= DATE '2026-03-01' AND local_day < DATE '2026-04-01' AND currency = 'USD'
            AND NOT is_cancelled
        GROUP BY sku ORDER BY revenue DESC, sku LIMIT 20""",
    "orders by status": """
        SELECT sales_channel, status, count(*) AS orders, sum(item_revenue) AS revenue FROM orders
        GROUP BY sales_channel, status ORDER BY sales_channel, status""",
    "basket sizes": """
        SELECT items, count(*) AS orders FROM (
            SELECT amazon_order_id, count(*) AS items FROM order_items GROUP BY amazon_order_id
        ) GROUP BY items ORDER BY items""",
    "promotions by state": """
        SELECT o.ship_country, o.ship_state, count(*) AS items, sum(i.item_promotion_discount) AS discount
        FROM order_items AS i JOIN orders AS o ON o.amazon_order_id = i.amazon_order_id
        WHERE i.item_promotion_discount > 0 GROUP BY o.ship_country, o.ship_state ORDER BY items DESC, 1, 2 LIMIT 30""",
    "one order": """
        SELECT sku, units, item_price FROM order_items
        WHERE amazon_order_id = '{order}' ORDER BY sku""",
    "daily sales by marketplace": """
        SELECT local_day, marketplace_id, sum(units) AS units, sum(gross_sales) AS sales FROM daily_sales
        GROUP BY local_day, marketplace_id ORDER BY local_day, marketplace_id""",
    "month over month by SKU": """
        SELECT sku, sum(CASE WHEN local_day < DATE '2026-03-01' THEN units ELSE 0 END) AS before,
            sum(CASE WHEN local_day >= DATE '2026-03-01' THEN units ELSE 0 END) AS after
        FROM daily_sales GROUP BY sku ORDER BY after - before, sku LIMIT 20""",
}


def queries(binary, scratch, runs):
    """Eight questions to the lake the last ingest left, and to DuckDB over the same files."""
    import duckdb

    lake = Lake.opened(binary, scratch / "full")
    db = duckdb.connect()
    db.execute(f"SET threads = {measure.THREADS}; SET TimeZone = 'UTC'")
    for area, name in (("tables", "orders"), ("tables", "order_items"), ("rollups", "daily_sales")):
        files = lake.files(area, name)
        db.execute(f"CREATE VIEW {name} AS SELECT * FROM read_parquet('{files}', hive_partitioning = true)")
    order = db.execute("SELECT max(amazon_order_id) FROM orders").fetchone()[0]
    start = [lake.sql("SELECT 1").wall for _ in range(runs)]
    taken = {}
    for name, statement in QUERIES.items():
        statement = statement.format(order=order)
        ours, theirs = [], []
        for _ in range(runs):
            sample = lake.sql(statement)
            ours.append(sample.wall)
            began = time.perf_counter()
            rows = db.execute(statement).fetchall()
            theirs.append(time.perf_counter() - began)
        answered = [tuple(row) for row in csv.reader(sample.output.splitlines()[1:])]
        expected = [tuple("" if cell is None else str(cell) for cell in row) for row in rows]
        if answered != expected:
            wrong = next(pair for pair in zip(answered, expected) if pair[0] != pair[1])
            raise SystemExit(f"{name}: the engines disagree: {wrong}")
        taken[name] = {"ours": statistics.median(ours), "duckdb": statistics.median(theirs), "rows": len(rows)}
    return {"runs": runs, "start": statistics.median(start), "taken": taken}


def _size(path):
    return path.stat().st_size


def _settle():
    """Lets earlier writes reach the disk, so that nobody pays for a predecessor."""
    subprocess.run(["sync"], check=True)
