/*
into = "fee_estimates"
severity = "warn"
doc = "The fees named don't add up to more than the estimate's total; more than that was read twice."
*/
SELECT marketplace_id, sku, asin, total_fee, other_fee
FROM fee_estimates
WHERE other_fee < 0
