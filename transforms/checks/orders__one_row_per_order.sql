/*
into = "orders"
severity = "block"
doc = "An order has one row; two would count it twice."
*/
SELECT amazon_order_id, count(*) AS copies
FROM orders
GROUP BY amazon_order_id
HAVING count(*) > 1
