/*
into = "costs"
severity = "warn"
doc = "A cost needs a currency and isn't negative."
*/
SELECT sku, marketplace_id, valid_from, unit_cost, currency
FROM costs
WHERE unit_cost < 0 OR (unit_cost IS NOT NULL AND currency IS NULL)
