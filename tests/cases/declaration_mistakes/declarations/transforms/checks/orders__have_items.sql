/*
into = "orders"
severity = "warn"
doc = "Every order has an item."
*/
SELECT o.amazon_order_id
FROM orders AS o
LEFT ANTI JOIN order_items AS i ON i.amazon_order_id = o.amazon_order_id
