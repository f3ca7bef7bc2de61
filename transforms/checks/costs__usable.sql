/*
into = "costs"
severity = "warn"
doc = "A cost needs a currency."
*/
SELECT sku, marketplace_id, valid_from, unit_cost, currency
FROM costs
WHERE unit_cost IS NOT NULL AND currency IS NULL
