/*
doc = "Names a source, a column and another comparison that don't exist."
[documents]
all_order = [{ amazon_order_id = "order_id" }]
cost_list = [{ skew = "sku" }]
fx_rates = []
[through]
advertisin = { on = ["day", "skew"] }
*/
SELECT seller_id FROM orders
