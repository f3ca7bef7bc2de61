/*
doc = "Money lines of the books in the cash lens: when Amazon released the money."
[documents]
finance_transactions = [{ transaction_id = "source_txn_id" }, { order_id = "order_id" }]
settlement_v2 = [{ settlement_id = "source_txn_id" }]
settlement_v1 = [{ settlement_id = "source_txn_id" }]
finance_event_pages = [{ amazon_order_id = "order_id" }, { event_list = "transaction_type", posted_date = "posted_at" }]
*/
SELECT
    l.seller_id, l.category, l.local_day AS day, l.marketplace_id, l.currency, l.order_id, l.sku,
    l.amount, CASE WHEN NOT l.is_refund THEN l.quantity END AS units,
    l.source_txn_id, l.transaction_type, l.posted_at
FROM ledger_all AS l
INNER JOIN money_days AS d
    ON l.seller_id = d.seller_id AND l.source = d.source AND coalesce(l.currency, '') = coalesce(d.currency, '')
    AND CAST(l.event_at AS DATE) = d.day
WHERE l.balanced AND l.in_cash
