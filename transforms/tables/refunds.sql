/*
doc = """
What refunds, chargebacks and A-to-z claims gave back, by local day, order and SKU, in the accrual lens.
"""
emits = "-1..1"
[reads]
ledger_accrual = "-1..1"
*/
SELECT
    local_day, marketplace_id, currency, order_id, sku,
    min(amazon_order_id) AS amazon_order_id,
    min(asin) AS asin,
    min(event_at) AS first_event_at,
    CAST(coalesce(sum(amount) FILTER (WHERE category = 'product_sales'), 0) AS DECIMAL(18, 4)) AS principal,
    CAST(coalesce(sum(amount) FILTER (WHERE category = 'shipping_income'), 0) AS DECIMAL(18, 4)) AS shipping,
    CAST(coalesce(sum(amount) FILTER (WHERE category = 'giftwrap_income'), 0) AS DECIMAL(18, 4)) AS giftwrap,
    CAST(coalesce(sum(amount) FILTER (WHERE category = 'promo_rebate'), 0) AS DECIMAL(18, 4)) AS promo_rebates,
    CAST(coalesce(sum(amount) FILTER (WHERE category = 'other_charge'), 0) AS DECIMAL(18, 4)) AS other_charges,
    CAST(coalesce(sum(amount) FILTER (WHERE category_group = 'sales'), 0) AS DECIMAL(18, 4)) AS refunds,
    CAST(coalesce(sum(amount) FILTER (WHERE category_group = 'tax'), 0) AS DECIMAL(18, 4)) AS tax,
    CAST(coalesce(sum(amount) FILTER (
        WHERE category_group = 'order_fees' AND category <> 'refund_admin_fee'
    ), 0) AS DECIMAL(18, 4)) AS fees_returned,
    CAST(coalesce(sum(amount) FILTER (WHERE category = 'refund_admin_fee'), 0) AS DECIMAL(18, 4)) AS refund_admin_fees,
    CAST(sum(amount) AS DECIMAL(18, 4)) AS total
FROM ledger_accrual
WHERE is_refund AND month_of(local_day) = $month
GROUP BY local_day, marketplace_id, currency, order_id, sku
