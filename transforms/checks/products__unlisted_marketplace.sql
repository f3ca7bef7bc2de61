/*
into = "products"
severity = "warn"
doc = "A marketplace the reference table doesn't know: Amazon has opened one, or an id is misspelt."
*/
SELECT t.marketplace_id, count(*) AS products
FROM products AS t
LEFT ANTI JOIN marketplaces AS m ON m.marketplace_id = t.marketplace_id
WHERE t.marketplace_id IS NOT NULL
GROUP BY t.marketplace_id
