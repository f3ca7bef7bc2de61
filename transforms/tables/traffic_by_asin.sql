/*
doc = """
The report's rows by ASIN, each over the whole period asked for; periods that share days are marked, since the same
sales are in both.
"""
[reads]
sales_and_traffic = "-1..1"
*/
WITH asins AS (
    SELECT
        *,
        coalesce(asin_granularity, 'PARENT') AS granularity,
        coalesce(coalesce(marketplace_id, nullif(btrim(report_marketplace_ids, '[]" '), '')), '') AS market
    FROM sales_and_traffic
    WHERE row_kind = 'asin'
),
periods AS (
    SELECT DISTINCT market, granularity, period_from, period_to
    FROM asins
),
overlapping AS (
    SELECT DISTINCT a.market, a.granularity, a.period_from, a.period_to
    FROM periods AS a
    INNER JOIN periods AS b ON b.market = a.market AND b.granularity = a.granularity
    WHERE a.period_from <= b.period_to AND b.period_from <= a.period_to
        AND (a.period_from <> b.period_from OR a.period_to <> b.period_to)
)
SELECT
    r.period_from,
    r.period_to,
    r.granularity,
    nullif(r.market, '') AS marketplace_id,
    r.parent_asin,
    r.child_asin,
    r.sku,
    r.currency,
    r.units_ordered AS ordered_units,
    r.units_ordered_b2b AS ordered_units_b2b,
    r.total_order_items AS ordered_items,
    r.total_order_items_b2b AS ordered_items_b2b,
    r.ordered_product_sales AS ordered_sales,
    r.ordered_product_sales_b2b AS ordered_sales_b2b,
    r.page_views,
    r.browser_page_views,
    r.mobile_app_page_views,
    r.page_views_percentage AS page_views_percent,
    r.sessions,
    r.browser_sessions,
    r.mobile_app_sessions,
    r.session_percentage AS session_percent,
    r.buy_box_percentage AS buy_box_percent,
    r.unit_session_percentage AS unit_session_percent,
    o.market IS NOT NULL AS overlaps
FROM asins AS r
LEFT JOIN overlapping AS o
    ON o.market = r.market AND o.granularity = r.granularity
    AND o.period_from = r.period_from AND o.period_to = r.period_to
WHERE month_of(r.period_from) = $month
