/*
doc = """
Refunds and returns per month, marketplace, currency and SKU, against what was sold in the same month. Returns come
from the returns report, which names no marketplace: they take that of their order's refund around the time, if
there was one.
"""
[reads]
daily_profit = "0"
refunds = "-2..1"
returns = "0"
*/
WITH places AS (
    SELECT amazon_order_id, min(marketplace_id) AS marketplace_id, min(currency) AS currency
    FROM refunds
    WHERE amazon_order_id IS NOT NULL
    GROUP BY amazon_order_id
),
facts AS (
    SELECT
        marketplace_id, currency, sku, units, product_sales AS sales,
        CAST(0 AS DECIMAL(18, 4)) AS refunded, CAST(0 AS DECIMAL(18, 4)) AS fees,
        CAST(NULL AS VARCHAR) AS refunded_order_id,
        CAST(0 AS BIGINT) AS units_returned, CAST(0 AS BIGINT) AS units_sellable
    FROM daily_profit
    WHERE units <> 0 OR product_sales <> 0
    UNION ALL
    SELECT
        marketplace_id, currency, sku, 0, CAST(0 AS DECIMAL(18, 4)),
        refunds, fees_returned + refund_admin_fees, order_id, 0, 0
    FROM refunds
    WHERE month_of(local_day) = $month
    UNION ALL
    SELECT
        p.marketplace_id, p.currency, r.sku, 0, CAST(0 AS DECIMAL(18, 4)),
        CAST(0 AS DECIMAL(18, 4)), CAST(0 AS DECIMAL(18, 4)),
        NULL AS refunded_order_id, r.units AS units_returned,
        CASE WHEN r.is_sellable THEN r.units ELSE 0 END AS units_sellable
    FROM returns AS r
    LEFT JOIN places AS p ON r.amazon_order_id = p.amazon_order_id
),
sums AS (
    SELECT
        marketplace_id, currency, sku,
        CAST(sum(units) AS BIGINT) AS units,
        count(DISTINCT refunded_order_id) AS orders_refunded,
        CAST(sum(units_returned) AS BIGINT) AS units_returned,
        CAST(sum(units_sellable) AS BIGINT) AS units_sellable,
        CAST(sum(sales) AS DECIMAL(18, 4)) AS product_sales,
        CAST(sum(refunded) AS DECIMAL(18, 4)) AS refunds,
        CAST(sum(fees) AS DECIMAL(18, 4)) AS refund_fees
    FROM facts
    GROUP BY marketplace_id, currency, sku
)
SELECT
    $month AS local_month, marketplace_id, currency, sku,
    units, orders_refunded, units_returned, units_sellable, product_sales, refunds, refund_fees,
    ratio(orders_refunded, units) AS refund_rate,
    ratio(units_returned, units) AS return_rate,
    ratio(-refunds, CASE WHEN product_sales > 0 THEN product_sales END) AS refunded_share
FROM sums
