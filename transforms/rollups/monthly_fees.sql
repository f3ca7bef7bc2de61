/*
doc = "Fees per month of local days, marketplace, currency and category, in the accrual lens."
emits = "-1..1"
[reads]
fees = "-1..1"
*/
SELECT
    $month AS local_month, marketplace_id, currency, category,
    min(category_group) AS category_group,
    CAST(sum(amount) AS DECIMAL(18, 4)) AS amount,
    CAST(coalesce(sum(amount) FILTER (WHERE is_tax), 0) AS DECIMAL(18, 4)) AS tax,
    CAST(coalesce(sum(amount) FILTER (WHERE is_refund), 0) AS DECIMAL(18, 4)) AS from_refunds,
    count(*) AS lines,
    count(DISTINCT amazon_order_id) AS orders
FROM fees
WHERE month_of(local_day) = $month
GROUP BY marketplace_id, currency, category
