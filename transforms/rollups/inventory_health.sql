/*
doc = """
The newest stock list of each marketplace, its SKUs' rows added up, against the demand of the 30 days before it. Stock
that several marketplaces share is sold by all of them, under whatever SKU: it is one where its FNSKU is, so cover counts
what the pool sold of that.
"""
[reads]
inventory = "all"
daily_sales = "all"
listings = "all"
marketplaces = "all"
*/
WITH newest AS (
    SELECT coalesce(marketplace_id, '') AS market, max(snapshot_day) AS snapshot_day
    FROM inventory
    GROUP BY 1
),
-- Lists of one pool may be of different days: the newest one that has the stock counts, the others repeat it.
snapshots AS (
    SELECT
        i.*, n.market,
        i.stock_pool IS NOT NULL AND i.fnsku IS NOT NULL
            AND dense_rank() OVER (
                PARTITION BY i.stock_pool, i.fnsku ORDER BY i.snapshot_day DESC, i.marketplace_id
            ) > 1 AS repeats
    FROM inventory AS i
    INNER JOIN newest AS n ON n.market = coalesce(i.marketplace_id, '') AND n.snapshot_day = i.snapshot_day
),
stock AS (
    SELECT
        i.snapshot_day, i.market, i.sku,
        coalesce(max(i.stock_pool), i.market) AS pool,
        coalesce(max(CASE WHEN i.stock_pool IS NOT NULL THEN i.fnsku END), i.sku) AS goods,
        max(i.asin) AS asin,
        max(i.product_name) AS product_name,
        bool_and(i.repeats) AS is_pool_repeat,
        sum(i.available_units) AS available_units,
        sum(coalesce(i.inbound_working_units, 0) + coalesce(i.inbound_shipped_units, 0)
            + coalesce(i.inbound_receiving_units, 0)) FILTER (
            WHERE coalesce(i.inbound_working_units, i.inbound_shipped_units, i.inbound_receiving_units) IS NOT NULL
        ) AS inbound_units,
        sum(i.reserved_units) AS reserved_units,
        sum(i.unfulfillable_units) AS unfulfillable_units,
        sum(i.age_181_270_units + i.age_271_365_units + i.age_365_plus_units) AS aged_181_plus_units,
        sum(i.excess_units) AS excess_units
    FROM snapshots AS i
    GROUP BY i.snapshot_day, i.market, i.sku
),
sales AS (
    SELECT
        s.local_day, coalesce(s.marketplace_id, '') AS market, coalesce(m.stock_pool, s.marketplace_id, '') AS pool,
        s.sku, sum(s.units + s.mcf_units + s.replacement_units) AS units
    FROM daily_sales AS s
    LEFT JOIN marketplaces AS m ON m.marketplace_id = s.marketplace_id
    WHERE s.local_day >= (SELECT min(snapshot_day) FROM newest) - INTERVAL '30 days'
    GROUP BY 1, 2, 3, 4
),
demand AS (
    SELECT n.market, s.sku, sum(s.units) AS units
    FROM sales AS s
    INNER JOIN newest AS n ON n.market = s.market
    WHERE s.local_day >= n.snapshot_day - INTERVAL '30 days' AND s.local_day < n.snapshot_day
    GROUP BY n.market, s.sku
),
-- A marketplace whose list doesn't have the SKU sells what the others' lists call so.
pool_sales AS (
    SELECT s.local_day, s.pool, coalesce(own.goods, pooled.goods, s.sku) AS goods, s.units
    FROM sales AS s
    LEFT JOIN stock AS own ON own.market = s.market AND own.sku = s.sku
    LEFT JOIN (SELECT pool, sku, min(goods) AS goods FROM stock GROUP BY pool, sku) AS pooled
        ON pooled.pool = s.pool AND pooled.sku = s.sku
),
pool_demand AS (
    SELECT n.market, s.goods, sum(s.units) AS units
    FROM pool_sales AS s
    INNER JOIN (SELECT DISTINCT market, pool, snapshot_day FROM stock) AS n ON n.pool = s.pool
    WHERE s.local_day >= n.snapshot_day - INTERVAL '30 days' AND s.local_day < n.snapshot_day
    GROUP BY n.market, s.goods
),
-- Where a marketplace has sales at all, a SKU without any sold 0; elsewhere nobody knows.
known AS (
    SELECT DISTINCT market FROM demand
),
pool_known AS (
    SELECT DISTINCT market FROM pool_demand
),
listed AS (
    SELECT
        coalesce(marketplace_id, '') AS market, sku, bool_or(is_active) AS is_active, max(status) AS status
    FROM listings
    GROUP BY 1, 2
),
listed_markets AS (
    SELECT DISTINCT market FROM listed
),
joined AS (
    SELECT
        k.*,
        CASE WHEN kn.market IS NOT NULL THEN coalesce(d.units, 0) END AS units_sold_30d,
        CASE WHEN pk.market IS NOT NULL THEN coalesce(p.units, 0) END AS pool_units_sold_30d,
        l.status AS listing_status,
        CASE WHEN lm.market IS NOT NULL AND k.available_units > 0 THEN l.sku IS NULL OR NOT l.is_active
            WHEN lm.market IS NOT NULL THEN false END AS is_stranded
    FROM stock AS k
    LEFT JOIN demand AS d ON d.market = k.market AND d.sku = k.sku
    LEFT JOIN pool_demand AS p ON p.market = k.market AND p.goods = k.goods
    LEFT JOIN known AS kn ON kn.market = k.market
    LEFT JOIN pool_known AS pk ON pk.market = k.market
    LEFT JOIN listed AS l ON l.market = k.market AND l.sku = k.sku
    LEFT JOIN listed_markets AS lm ON lm.market = k.market
),
covered AS (
    SELECT
        j.*,
        ratio(j.available_units * 30, j.pool_units_sold_30d) AS days_of_cover,
        ratio((j.available_units + coalesce(j.inbound_units, 0)) * 30, j.pool_units_sold_30d) AS days_of_cover_inbound
    FROM joined AS j
)
SELECT
    snapshot_day,
    nullif(market, '') AS marketplace_id,
    sku,
    asin,
    product_name,
    is_pool_repeat,
    available_units,
    inbound_units,
    reserved_units,
    unfulfillable_units,
    aged_181_plus_units,
    excess_units,
    units_sold_30d,
    pool_units_sold_30d,
    ratio(pool_units_sold_30d, 30) AS units_per_day,
    days_of_cover,
    days_of_cover_inbound,
    available_units = 0 AND pool_units_sold_30d > 0 AS is_out_of_stock,
    CASE WHEN pool_units_sold_30d = 0 THEN false ELSE days_of_cover < 28 END AS is_low_stock,
    CASE
        WHEN excess_units IS NOT NULL THEN excess_units > 0
        WHEN pool_units_sold_30d = 0 THEN available_units > 0
        ELSE days_of_cover > 90
    END AS is_excess,
    is_stranded,
    listing_status
FROM covered
