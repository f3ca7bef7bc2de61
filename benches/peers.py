"""What the peers do with the same report. `peers.py TASK REPORT DIRECTORY` prints wall and CPU seconds, as JSON.

The interpreter's start and the imports are not counted.
"""

import json
import os
import shutil
import sys
import time
from pathlib import Path

THREADS = 2

TEXT = "VARCHAR"
MONEY = "DECIMAL(18,4)"
COLUMNS = {
    "amazon_order_id": TEXT, "merchant_order_id": TEXT, "purchase_date": "TIMESTAMPTZ",
    "last_updated_date": "TIMESTAMPTZ", "order_status": TEXT, "fulfillment_channel": TEXT, "sales_channel": TEXT,
    "order_channel": TEXT, "url": TEXT, "ship_service_level": TEXT, "product_name": TEXT, "sku": TEXT, "asin": TEXT,
    "item_status": TEXT, "quantity": "BIGINT", "currency": TEXT, "item_price": MONEY, "item_tax": MONEY,
    "shipping_price": MONEY, "shipping_tax": MONEY, "gift_wrap_price": MONEY, "gift_wrap_tax": MONEY,
    "item_promotion_discount": MONEY, "ship_promotion_discount": MONEY, "ship_city": TEXT, "ship_state": TEXT,
    "ship_postal_code": TEXT, "ship_country": TEXT, "promotion_ids": TEXT, "is_business_order": "BOOLEAN",
    "purchase_order_number": TEXT, "price_designation": TEXT, "is_replacement_order": "BOOLEAN",
    "is_exchange_order": "BOOLEAN", "original_order_id": TEXT,
}

# What `orders` and `order_items` don't need.
UNREAD = {"order_channel", "url", "ship_service_level", "ship_city", "ship_postal_code", "purchase_order_number"}

PLACES = {
    "Amazon.com": "ATVPDKIKX0DER", "Amazon.ca": "A2EUQ1WTGCTBG2", "Amazon.com.mx": "A1AM78C64UM0Y8",
}
ZONE = "America/Los_Angeles"

STATUS = """CASE
    WHEN {0} IN ('Shipped', 'Cancelled', 'Pending', 'Unshipped') THEN {0}
    WHEN lower({0}) LIKE 'shipped - %' THEN 'Shipped'
    ELSE {0} END"""
FULFILMENT = "CASE {0} WHEN 'Amazon' THEN 'AFN' WHEN 'Merchant' THEN 'MFN' ELSE {0} END"
LOCAL_DAY = f"CAST(timezone(CASE WHEN p.id IS NULL THEN 'UTC' ELSE '{ZONE}' END, {{0}}) AS DATE)"
IS_MCF = "coalesce({0} LIKE 'Non-Amazon%', false) OR {1} LIKE 'S%'"

ORDERS = f"""
    WITH o AS (
        SELECT
            amazon_order_id, max(merchant_order_id) AS seller_order_id, min(purchase_date) AS purchase_at,
            max(last_updated_date) AS updated_at, max(order_status) AS raw_status,
            max(fulfillment_channel) AS fulfillment_channel, max(sales_channel) AS sales_channel,
            bool_or(is_business_order) AS is_business,
            bool_or(is_replacement_order OR is_exchange_order) AS is_replacement,
            max(original_order_id) AS original_order_id, max(ship_country) AS ship_country,
            max(ship_state) AS ship_state, count(*) AS item_count, CAST(sum(quantity) AS BIGINT) AS units,
            max(currency) AS currency,
            CASE WHEN min(currency) = max(currency)
                AND count(*) FILTER (WHERE item_price IS NULL AND quantity IS DISTINCT FROM 0) = 0
                THEN CAST(sum(item_price) AS {MONEY}) END AS item_revenue
        FROM report WHERE month = ?
        GROUP BY amazon_order_id
    )
    SELECT
        o.amazon_order_id, o.seller_order_id, o.purchase_at, {LOCAL_DAY.format("o.purchase_at")} AS local_day,
        o.updated_at, {STATUS.format("o.raw_status")} AS status, o.raw_status,
        {FULFILMENT.format("o.fulfillment_channel")} AS fulfillment_channel, o.sales_channel, p.id AS marketplace_id,
        {IS_MCF.format("o.sales_channel", "o.amazon_order_id")} AS is_mcf, o.is_business, o.is_replacement,
        o.original_order_id, o.ship_country, o.ship_state, o.item_count, o.units, o.currency, o.item_revenue,
        CAST(NULL AS {MONEY}) AS order_total, 'all_orders' AS origin
    FROM o LEFT JOIN places AS p ON p.name = o.sales_channel
    ORDER BY o.amazon_order_id
"""

ITEMS = f"""
    SELECT
        i.amazon_order_id, CAST(NULL AS VARCHAR) AS order_item_id, i.purchase_date AS purchase_at,
        {LOCAL_DAY.format("i.purchase_date")} AS local_day, i.sales_channel, p.id AS marketplace_id, i.sku, i.asin,
        i.product_name, {STATUS.format("i.order_status")} AS order_status, i.item_status,
        coalesce(i.order_status = 'Cancelled', false) OR coalesce(i.item_status = 'Cancelled', false) AS is_cancelled,
        {IS_MCF.format("i.sales_channel", "i.amazon_order_id")} AS is_mcf,
        i.is_replacement_order OR i.is_exchange_order AS is_replacement, i.is_business_order AS is_business,
        {FULFILMENT.format("i.fulfillment_channel")} AS fulfillment_channel, i.quantity AS units,
        CAST(NULL AS BIGINT) AS units_shipped, i.currency, i.item_price, i.item_tax, i.shipping_price, i.shipping_tax,
        i.gift_wrap_price, i.gift_wrap_tax, abs(i.item_promotion_discount) AS item_promotion_discount,
        abs(i.ship_promotion_discount) AS ship_promotion_discount, i.promotion_ids, i.price_designation,
        'all_orders' AS origin
    FROM report AS i LEFT JOIN places AS p ON p.name = i.sales_channel
    WHERE i.month = ?
    ORDER BY i.amazon_order_id
"""


def duckdb_tables(report, directory, everything):
    """DuckDB: the newest version of each order, twins kept; a sorted file a month, as the lake has them."""
    import duckdb

    began = time.perf_counter()
    if everything:
        with open(report, "rb") as source, open(directory / "raw.txt", "wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
            os.fsync(copy.fileno())
    db = duckdb.connect()
    db.execute(f"SET threads = {THREADS}; SET TimeZone = 'UTC'; SET preserve_insertion_order = false")
    db.execute(f"SET temp_directory = '{directory / 'spill'}'")
    db.execute("CREATE TABLE places (name VARCHAR, id VARCHAR)")
    db.executemany("INSERT INTO places VALUES (?, ?)", list(PLACES.items()))
    kept = ", ".join(name for name in COLUMNS if everything or name not in UNREAD)
    db.execute(f"""
        CREATE TEMP TABLE arrived AS
        SELECT {kept}, strftime(purchase_date, '%Y-%m') AS month
        FROM read_csv('{report}', delim = '\t', header = true, quote = '', escape = '', columns = {COLUMNS!r})
    """)
    # An aggregate and a join: several times cheaper here than a window over every row.
    db.execute("""
        CREATE TEMP TABLE report AS
        SELECT a.* FROM arrived AS a
        JOIN (SELECT amazon_order_id AS id, max(last_updated_date) AS newest FROM arrived GROUP BY 1) AS n
            ON n.id = a.amazon_order_id AND n.newest = a.last_updated_date
    """)
    db.execute("DROP TABLE arrived")
    months = [month for (month,) in db.execute("SELECT DISTINCT month FROM report ORDER BY 1").fetchall()]
    tables = {"orders": ORDERS, "order_items": ITEMS}
    if everything:
        source = "SELECT * EXCLUDE (month) FROM report WHERE month = ? ORDER BY amazon_order_id, last_updated_date"
        tables = {"all_orders": source, **tables}
    for name, query in tables.items():
        for month in months:
            target = directory / name / f"month={month}"
            target.mkdir(parents=True)
            copy = f"COPY ({query}) TO '{target}/data.parquet' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
            db.execute(copy, [month])
    return time.perf_counter() - began


def polars_items(report, directory):
    """polars: `order_items` alone."""
    import polars as pl

    began = time.perf_counter()
    kinds = {"BIGINT": pl.Int64}
    money = pl.Decimal(18, 4)
    schema = {name: kinds.get(kind, pl.String) for name, kind in COLUMNS.items()}
    text = pl.scan_csv(
        report, separator="\t", has_header=False, skip_rows=1, quote_char=None, schema=schema, null_values=[""]
    )
    instant = lambda name: pl.col(name).str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="us", time_zone="UTC")
    typed = text.drop(UNREAD).with_columns(
        instant("purchase_date"), instant("last_updated_date"),
        *[pl.col(name).str.to_decimal(scale=4).cast(money) for name, kind in COLUMNS.items() if kind == MONEY],
        *[pl.col(name) == "true" for name, kind in COLUMNS.items() if kind == "BOOLEAN"],
    )
    newest = pl.col("last_updated_date") == pl.col("last_updated_date").max().over("amazon_order_id")
    channel, status, item_status = pl.col("sales_channel"), pl.col("order_status"), pl.col("item_status")
    place = channel.replace_strict(PLACES, default=None, return_dtype=pl.String)
    local = pl.col("purchase_date").dt.convert_time_zone(ZONE).dt.date()
    null = lambda kind: pl.lit(None, dtype=kind)
    items = typed.filter(newest).select(
        pl.col("purchase_date").dt.strftime("%Y-%m").alias("month"),
        "amazon_order_id", null(pl.String).alias("order_item_id"), pl.col("purchase_date").alias("purchase_at"),
        pl.when(place.is_null()).then(pl.col("purchase_date").dt.date()).otherwise(local).alias("local_day"),
        "sales_channel", place.alias("marketplace_id"), "sku", "asin", "product_name",
        pl.when(status.str.to_lowercase().str.starts_with("shipped - ")).then(pl.lit("Shipped")).otherwise(status)
        .alias("order_status"), "item_status",
        ((status == "Cancelled").fill_null(False) | (item_status == "Cancelled").fill_null(False))
        .alias("is_cancelled"),
        (channel.str.starts_with("Non-Amazon").fill_null(False) | pl.col("amazon_order_id").str.starts_with("S"))
        .alias("is_mcf"),
        (pl.col("is_replacement_order") | pl.col("is_exchange_order")).alias("is_replacement"),
        pl.col("is_business_order").alias("is_business"),
        pl.col("fulfillment_channel").replace({"Amazon": "AFN", "Merchant": "MFN"}), pl.col("quantity").alias("units"),
        null(pl.Int64).alias("units_shipped"), "currency", "item_price", "item_tax", "shipping_price", "shipping_tax",
        "gift_wrap_price", "gift_wrap_tax", pl.col("item_promotion_discount").abs(),
        pl.col("ship_promotion_discount").abs(), "promotion_ids", "price_designation",
        pl.lit("all_orders").alias("origin"),
    )
    frame = items.sort("month", "amazon_order_id").collect(engine="streaming")
    for (month,), part in frame.partition_by("month", as_dict=True, include_key=False).items():
        target = directory / "order_items" / f"month={month}"
        target.mkdir(parents=True)
        part.write_parquet(target / "data.parquet", compression="zstd", compression_level=1)
    return time.perf_counter() - began


TASKS = {
    "duckdb-tables": lambda report, directory: duckdb_tables(report, directory, everything=False),
    "duckdb-everything": lambda report, directory: duckdb_tables(report, directory, everything=True),
    "polars-items": polars_items,
}

if __name__ == "__main__":
    os.environ.setdefault("POLARS_MAX_THREADS", str(THREADS))
    task, report, directory = sys.argv[1:]
    spent = time.process_time()
    wall = TASKS[task](report, Path(directory))
    print(json.dumps({"wall": wall, "cpu": time.process_time() - spent}))
