/*
into = "order_items"
severity = "warn"
doc = "Amazon's item ids don't repeat; a repeated one is an item counted twice."
*/
SELECT amazon_order_id, order_item_id, count(*) AS copies
FROM order_items
WHERE order_item_id IS NOT NULL
GROUP BY amazon_order_id, order_item_id
HAVING count(*) > 1
