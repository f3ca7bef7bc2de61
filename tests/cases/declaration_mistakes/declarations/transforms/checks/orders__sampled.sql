/*
doc = "A clause that isn't understood."
into = "orders"
severity = "warn"
*/
SELECT amazon_order_id FROM orders TABLESAMPLE (10 PERCENT) WHERE purchase_at IS NULL
