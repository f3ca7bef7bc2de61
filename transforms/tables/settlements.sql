/*
doc = """
One row per settlement: what Amazon said it comes to, and what its lines add up to. Where a settlement arrived in
both layouts, V2 counts and V1 is left aside (amazon.md: Money told twice).
"""
[reads]
settlement_v2 = "0"
settlement_v1 = "0"
*/
WITH v2 AS (
    SELECT
        settlement_id, 'settlement_v2' AS source,
        max(currency) AS currency, max(total_amount) AS total_amount,
        max(settlement_start_date) AS started_at, max(settlement_end_date) AS ended_at, max(deposit_date) AS deposit_at,
        coalesce(sum(amount), 0) AS lines_total, count(amount) AS lines
    FROM settlement_v2
    GROUP BY settlement_id
),
v1 AS (
    -- No line is no money: here, and only here, a blank amount adds nothing to a total.
    SELECT
        settlement_id, 'settlement_v1' AS source,
        max(currency) AS currency, max(total_amount) AS total_amount,
        max(settlement_start_date) AS started_at, max(settlement_end_date) AS ended_at, max(deposit_date) AS deposit_at,
        coalesce(sum(shipment_fee_amount), 0) + coalesce(sum(order_fee_amount), 0) + coalesce(sum(price_amount), 0)
            + coalesce(sum(item_related_fee_amount), 0) + coalesce(sum(misc_fee_amount), 0)
            + coalesce(sum(other_fee_amount), 0) + coalesce(sum(promotion_amount), 0)
            + coalesce(sum(direct_payment_amount), 0) + coalesce(sum(other_amount), 0) AS lines_total,
        count(shipment_fee_amount) + count(order_fee_amount) + count(price_amount) + count(item_related_fee_amount)
            + count(misc_fee_amount) + count(other_fee_amount) + count(promotion_amount)
            + count(direct_payment_amount) + count(other_amount) AS lines
    FROM settlement_v1
    WHERE settlement_id NOT IN (SELECT settlement_id FROM settlement_v2)
    GROUP BY settlement_id
),
both_layouts AS (
    SELECT settlement_id, source, currency, total_amount, started_at, ended_at, deposit_at, lines_total, lines FROM v2
    UNION ALL
    SELECT settlement_id, source, currency, total_amount, started_at, ended_at, deposit_at, lines_total, lines FROM v1
)
SELECT
    settlement_id, source, currency, started_at, ended_at, deposit_at,
    total_amount,
    CAST(lines_total AS DECIMAL(18, 4)) AS lines_total,
    lines,
    coalesce(lines_total = total_amount, false) AS balanced
FROM both_layouts
