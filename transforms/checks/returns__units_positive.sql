/*
into = "returns"
severity = "warn"
doc = "A return brings units back."
*/
SELECT amazon_order_id, sku, units
FROM returns
WHERE units <= 0
