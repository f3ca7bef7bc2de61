/*
into = "order_items"
severity = "warn"
doc = "A price without a currency can't be added to anything."
*/
SELECT amazon_order_id, sku, item_price
FROM order_items
WHERE currency IS NULL AND item_price <> 0
