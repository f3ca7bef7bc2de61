/*
doc = "Reads a column and a table that don't exist."
[reads]
order_itmes = "all"
orders = "0"
*/
SELECT amazon_order_id, count(*) AS item FROM orders GROUP BY amazon_order_id
