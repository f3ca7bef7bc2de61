/*
into = "costs"
severity = "block"
doc = "A negative cost would count as profit: costs are positive."
*/
SELECT sku, marketplace_id, valid_from, unit_cost, currency FROM costs WHERE unit_cost < 0
