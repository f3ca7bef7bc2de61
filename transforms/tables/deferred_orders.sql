/*
doc = """
Deferred money whose release is told by another view, or not yet (amazon.md: Deferred transactions). A release comes within
three months.
"""
[reads]
ledger_all = "0"
money_days = "0"
deferral_links = "0..3"
*/
SELECT l.amazon_order_id, l.currency, l.is_refund, min(CAST(l.event_at AS DATE)) AS first_day
FROM ledger_all AS l
INNER JOIN money_days AS d
    ON l.source = d.source AND coalesce(l.currency, '') = coalesce(d.currency, '') AND CAST(l.event_at AS DATE) = d.day
WHERE l.source = 'finances' AND l.in_accrual AND NOT l.in_cash AND l.balanced AND l.amazon_order_id IS NOT NULL
    AND l.source_txn_id NOT IN (SELECT deferred_id FROM deferral_links WHERE deferred_found)
GROUP BY l.amazon_order_id, l.currency, l.is_refund
