/*
doc = """
The intervals that are whole UTC days; others were asked for by somebody and stay in the source.
"""
[reads]
order_metrics = "all"
*/
WITH ends AS (
    SELECT *, split_part(period, '--', 1) AS from_text, split_part(period, '--', 2) AS to_text
    FROM order_metrics
),
days AS (
    SELECT
        *,
        CASE WHEN regexp_like(from_text, 'T00:00(:00)?(Z|\+00:00)$') THEN CAST(left(from_text, 10) AS DATE) END AS from_day,
        CASE WHEN regexp_like(to_text, 'T00:00(:00)?(Z|\+00:00)$') THEN CAST(left(to_text, 10) AS DATE) END AS to_day
    FROM ends
)
SELECT
    from_day AS utc_day,
    marketplace_id,
    max(order_count) AS orders,
    max(order_item_count) AS order_items,
    max(unit_count) AS units,
    max(total_sales) AS sales,
    max(currency) AS currency
FROM days
WHERE to_day = CAST(from_day + INTERVAL '1 day' AS DATE)
GROUP BY from_day, marketplace_id
