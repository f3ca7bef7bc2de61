/*
into = "inventory"
severity = "warn"
doc = "Stock isn't negative; a list that says so was cut or misread."
*/
SELECT snapshot_day, marketplace_id, sku, available_units
FROM inventory
WHERE available_units < 0 OR reserved_units < 0 OR unfulfillable_units < 0
