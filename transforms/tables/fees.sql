/*
doc = """
Amazon's fees line by line, in the accrual lens: fees of orders and fees of services; advertising is not among them.
"""
[reads]
ledger_accrual = "0"
*/
SELECT
    event_at, local_day, marketplace_id, currency, category, category_group, transaction_type, raw_type, amount,
    is_tax, is_refund, order_id, amazon_order_id, order_item_id, sku, asin, fnsku, source, source_txn_id, status
FROM ledger_accrual
WHERE category_group IN ('order_fees', 'service_fees')
