"""Works out two rollups from the tables they are made of, and compares them with sellerlake's answers.

    polars_check.py LAKE ANSWERS MARKETPLACES

LAKE is the lake's folder, read by glob as any tool would; ANSWERS holds what `sellerlake sql --format parquet` said,
one file a rollup; MARKETPLACES is the reference list. Numbers must be equal to the last digit: they are decimals.
"""

import sys
from datetime import timedelta
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, localcontext
from pathlib import Path

import polars as pl

LAKE, ANSWERS, MARKETPLACES = map(Path, sys.argv[1:4])


def table(area, name):
    glob = LAKE / area / name / "**" / "*.parquet"
    return pl.read_parquet(glob, hive_partitioning=True, try_parse_hive_dates=False)


def total(column, where):
    """A sum that is NULL where nothing is known, as in SQL; polars calls an empty sum 0."""
    known = column.filter(where & column.is_not_null())
    return pl.when(known.len() > 0).then(known.sum())


def ratio(numerator, denominator):
    if numerator is None or not denominator:
        return None
    with localcontext() as context:
        context.prec = 76
        return (numerator / denominator).quantize(Decimal("1e-9"), rounding=ROUND_HALF_EVEN)


def standing(lines, row, sku=False):
    """The line of a list that holds on a row's day in its marketplace, for all products or for the row's."""
    for line in lines:
        ends = line["valid_to"]
        if line["seller_id"] == row["seller_id"] and line["marketplace_id"] == row["marketplace_id"]:
            if line.get("sku") == (row["sku"] if sku else None):
                if line["valid_from"] <= row["local_day"] and (ends is None or row["local_day"] < ends):
                    return line


def contained_tax(row, told, untold, inclusive, registrations, rates):
    """The tax in what was paid for goods: what Amazon told, and what the lists say of the rest."""
    if row["gross_sales"] is None or inclusive is None:
        return None
    if not inclusive:
        return Decimal(0)
    registered = (standing(registrations, row) or {}).get("registered")
    if untold == 0 or registered is False:
        return -told
    rate = (standing(rates, row, sku=True) or standing(rates, row) or {}).get("rate")
    if registered is None or rate is None:
        return None
    return (-told - ratio(untold * rate, 100 + rate)).quantize(Decimal("1e-4"), rounding=ROUND_HALF_UP)


def daily_sales():
    inclusive = dict(pl.read_csv(MARKETPLACES).select("marketplace_id", "vat_inclusive").iter_rows())
    registrations, rates = (table("tables", name).to_dicts() for name in ("vat_registrations", "vat_rates"))
    marketplaces = pl.read_csv(MARKETPLACES).select("marketplace_id", pl.col("currency").alias("market_currency"))
    items = table("tables", "order_items").filter(~pl.col("is_cancelled"))
    items = items.join(marketplaces, on="marketplace_id", how="left").with_columns(
        pl.coalesce("currency", "market_currency").alias("currency"),
        pl.col("local_day").dt.strftime("%Y-%m").alias("month"),
        pl.col("is_replacement").fill_null(False),
    )
    sale = ~pl.col("is_mcf") & ~pl.col("is_replacement")
    unpriced = pl.col("item_price").is_null()
    units = pl.col("units")
    sums = {
        "gross_sales": "item_price",
        "item_tax": "item_tax",
        "item_promotion_discount": "item_promotion_discount",
        "shipping_sales": "shipping_price",
        "shipping_tax": "shipping_tax",
        "ship_promotion_discount": "ship_promotion_discount",
        "gift_wrap_sales": "gift_wrap_price",
        "gift_wrap_tax": "gift_wrap_tax",
    }
    keys = ["seller_id", "month", "local_day", "marketplace_id", "currency", "sku", "asin"]
    sales = items.group_by(keys).agg(
        pl.col("amazon_order_id").filter(sale).n_unique().alias("orders"),
        sale.sum().alias("order_items"),
        units.filter(sale).sum().alias("units"),
        units.filter(sale & unpriced).sum().alias("unpriced_units"),
        units.filter(pl.col("is_mcf")).sum().alias("mcf_units"),
        units.filter(pl.col("is_replacement") & ~pl.col("is_mcf")).sum().alias("replacement_units"),
        units.filter(sale & ~unpriced).sum().alias("priced_units"),
        pl.col("item_tax").filter(sale & ~unpriced & (pl.col("item_tax") != 0)).sum().alias("told"),
        (pl.col("item_price") - pl.col("item_promotion_discount").fill_null(0))
        .filter(sale & (pl.col("item_tax").fill_null(0) == 0))
        .sum()
        .alias("untold"),
        *(total(pl.col(column), sale).alias(name) for name, column in sums.items()),
    )
    rows = []
    for row in sales.iter_rows(named=True):
        row["average_unit_price"] = ratio(row["gross_sales"], row.pop("priced_units"))
        told, untold = (row.pop(name) or Decimal(0) for name in ("told", "untold"))
        row["vat"] = contained_tax(row, told, untold, inclusive.get(row["marketplace_id"]), registrations, rates)
        rows.append(row)
    return rows


def months_before(month, count):
    index = int(month[:4]) * 12 + int(month[5:7]) - 1 - count
    return f"{index // 12:04}-{index % 12 + 1:02}"


def add(amounts):
    return sum(amounts, Decimal(0))


def finances(settlement, activity, lines):
    """Which released Finances lines tell a settlement's money: how they were found, by which group, and their sum."""
    named = [line for line in lines if line["settlement_id"] == settlement["settlement_id"]]
    named = [line for line in named if line["currency"] == settlement["currency"]]
    if named:
        return "settlement_id", None, add(line["amount"] for line in named)
    groups = {}
    for line in lines:
        if line["settlement_id"] is None and line["financial_event_group_id"] is not None:
            key = line["financial_event_group_id"], line["currency"]
            groups.setdefault(key, []).append(line)
    fitting = {}
    for (group, currency), members in groups.items():
        within = all(settlement["started_at"] <= line["posted_at"] <= settlement["ended_at"] for line in members)
        if currency == settlement["currency"] and within:
            fitting[group] = add(line["amount"] for line in members)
    equal = [group for group, amount in fitting.items() if amount == activity]
    if len(equal) == 1:
        return "financial_event_group", equal[0], activity
    if len(fitting) == 1:
        return "financial_event_group", *next(iter(fitting.items()))
    return None, None, None


def reaches_over(settlement, lines, regions):
    """Whether the lines of a settlement's region begin on its first day or before, and end three days after it."""
    region = regions.get(settlement["currency"])
    known = [line["posted_at"] for line in lines if region and regions.get(line["currency"]) == region]
    if not known or settlement["started_at"] is None or settlement["ended_at"] is None:
        return False
    first = min(known).replace(hour=0, minute=0, second=0, microsecond=0)
    return first <= settlement["started_at"] and settlement["ended_at"] <= max(known) - timedelta(days=3)


def settlement_reconciliation():
    regions = dict(pl.read_csv(MARKETPLACES).select("currency", "region").iter_rows())
    lines = table("tables", "settlement_lines").to_dicts()
    released = pl.col("transaction_status").str.to_uppercase().fill_null("RELEASED") == "RELEASED"
    earned = pl.col("category_group") != "balance"
    finance_lines = table("tables", "finance_lines")
    cash = finance_lines.filter(released & earned).to_dicts()
    finance_lines = finance_lines.to_dicts()
    rows = []
    for settlement in table("tables", "settlements").to_dicts():
        month = settlement["month"]
        reach = {months_before(month, count) for count in range(4)}
        own = [line for line in lines if line["settlement_id"] == settlement["settlement_id"]]
        assert all(line["month"] in reach for line in own), "a settlement's lines lie within the months it reads"
        activity = add(line["amount"] for line in own if line["category_group"] != "balance")
        reach.add(months_before(month, -1))
        known = [line for line in cash if line["month"] in reach]
        complete = reaches_over(settlement, [line for line in finance_lines if line["month"] in reach], regions)
        how, group, amount = finances(settlement, activity, known) if own else (None, None, None)
        kept = ["seller_id", "month", "settlement_id", "source", "currency", "started_at", "ended_at", "deposit_at"]
        kept += ["total_amount"]
        stated = settlement["total_amount"]
        in_all = add(line["amount"] for line in own)
        rows.append(
            {name: settlement[name] for name in kept}
            | {
                "lines_total": in_all,
                "difference": None if stated is None else in_all - stated,
                "balanced": stated is not None and in_all == stated,
                "balance_movements": in_all - activity,
                "activity": activity,
                "unclassified": add(line["amount"] for line in own if line["category"] == "unclassified"),
                "matched_by": how,
                "financial_event_group_id": group,
                "finances_activity": amount,
                "finances_difference": amount - activity if complete and amount is not None else None,
            }
        )
    return rows


def compare(name, worked_out):
    answer = pl.read_parquet(ANSWERS / f"{name}.parquet")
    decimals = [column for column, kind in answer.schema.items() if kind.base_type() == pl.Decimal]
    assert decimals, f"{name} has amounts"
    found = answer.to_dicts()
    if {key for row in found for key in row} != {key for row in worked_out for key in row}:
        sys.exit(f"{name}: columns differ: {sorted(found[0])} / {sorted(worked_out[0])}")
    order = lambda row: [(row[key] is not None, str(row[key])) for key in sorted(row) if key not in decimals]
    found, worked_out = sorted(found, key=order), sorted(worked_out, key=order)
    for one, other in zip(found, worked_out):
        differing = {key: (one[key], other[key]) for key in one if one[key] != other[key]}
        if differing:
            sys.exit(f"{name}: sellerlake and polars differ in {differing} of {one}")
    if len(found) != len(worked_out):
        sys.exit(f"{name}: {len(found)} rows, polars has {len(worked_out)}")
    for column in found[0]:
        if all(row[column] is None for row in found):
            print(f"{name}: {column} is NULL everywhere")
    print(f"{name}: {len(found)} rows are equal")


compare("daily_sales", daily_sales())
compare("settlement_reconciliation", settlement_reconciliation())
