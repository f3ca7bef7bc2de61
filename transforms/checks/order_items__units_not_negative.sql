/*
into = "order_items"
severity = "warn"
doc = "Nobody orders fewer than no units."
*/
SELECT amazon_order_id, sku, units
FROM order_items
WHERE units < 0
