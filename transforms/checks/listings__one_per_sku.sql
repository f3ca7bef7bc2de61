/*
into = "listings"
severity = "warn"
doc = "A SKU has one listing in a marketplace."
*/
SELECT marketplace_id, sku, count(*) AS copies
FROM listings
GROUP BY marketplace_id, sku
HAVING count(*) > 1
