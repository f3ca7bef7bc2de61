/*
doc = """
The accrual lens of the views of the money that count. What doesn't add up to its own total stays out, flagged in ledger_all.
What Finances tells while it is deferred, settlements tell at its release: that counts once, when it was deferred.
"""
[reads]
ledger_all = "0"
money_days = "0"
deferred_orders = "-3..0"
*/
WITH deferred AS (
    SELECT amazon_order_id, currency, is_refund, min(first_day) AS first_day
    FROM deferred_orders
    GROUP BY amazon_order_id, currency, is_refund
)
SELECT
    l.source, l.source_txn_id, l.event_at, l.posted_at, l.local_day, l.marketplace_id, l.currency, l.amount,
    l.category, l.category_group, l.transaction_type, l.raw_type, l.is_tax, l.is_refund, l.quantity,
    l.order_id, l.amazon_order_id, l.order_item_id, l.item_ordinal, l.sku, l.asin, l.fnsku,
    l.status, l.settlement_id
FROM ledger_all AS l
INNER JOIN money_days AS d
    ON l.source = d.source AND coalesce(l.currency, '') = coalesce(d.currency, '') AND CAST(l.event_at AS DATE) = d.day
LEFT JOIN deferred AS f
    ON l.source <> 'finances' AND l.amazon_order_id = f.amazon_order_id
    AND coalesce(l.currency, '') = coalesce(f.currency, '') AND l.is_refund = f.is_refund
    AND CAST(l.event_at AS DATE) >= f.first_day
WHERE f.first_day IS NULL AND l.balanced AND l.in_accrual AND l.category_group <> 'balance'
