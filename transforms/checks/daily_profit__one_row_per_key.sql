/*
into = "daily_profit"
severity = "block"
doc = "Costs and rates must not multiply rows: one per day, marketplace, currency and SKU."
*/
SELECT local_day, marketplace_id, currency, sku, count(*) AS rows
FROM daily_profit
GROUP BY local_day, marketplace_id, currency, sku
HAVING count(*) > 1
