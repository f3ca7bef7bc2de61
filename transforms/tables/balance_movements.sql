/*
doc = """
What the chosen views of the money move without earning or spending it, when it is released.
"""
[reads]
ledger_all = "0"
money_sources = "all"
*/
SELECT
    l.source, l.source_txn_id, l.event_at, l.posted_at, l.local_day, l.marketplace_id, l.currency, l.amount,
    l.category, l.category_group, l.transaction_type, l.raw_type, l.is_tax, l.is_refund, l.quantity,
    l.order_id, l.amazon_order_id, l.order_item_id, l.sku, l.asin, l.fnsku,
    l.status, l.settlement_id
FROM ledger_all AS l
INNER JOIN money_sources AS s
    ON l.source = s.source AND coalesce(l.currency, '') = coalesce(s.currency, '') AND s.chosen
    AND (s.counts_before IS NULL OR CAST(l.event_at AS DATE) < s.counts_before)
WHERE l.balanced AND l.in_cash AND l.category_group = 'balance'
