/*
doc = """
What the views of the money that count move without earning or spending it, when it is released.
"""
[reads]
ledger_all = "0"
money_days = "0"
*/
SELECT
    l.source, l.source_txn_id, l.event_at, l.posted_at, l.local_day, l.marketplace_id, l.currency, l.amount,
    l.category, l.category_group, l.transaction_type, l.raw_type, l.is_tax, l.is_refund, l.quantity,
    l.order_id, l.amazon_order_id, l.order_item_id, l.sku, l.asin, l.fnsku,
    l.status, l.settlement_id
FROM ledger_all AS l
INNER JOIN money_days AS d
    ON l.source = d.source AND coalesce(l.currency, '') = coalesce(d.currency, '') AND CAST(l.event_at AS DATE) = d.day
WHERE l.balanced AND l.in_cash AND l.category_group = 'balance'
