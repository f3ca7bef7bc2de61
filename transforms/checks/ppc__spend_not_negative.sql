/*
into = "ppc"
severity = "warn"
doc = "Spend, clicks and impressions are never negative; corrections lower a day, not below 0."
*/
SELECT day, ad_product, campaign_id, sku, impressions, clicks, cost
FROM ppc
WHERE cost < 0 OR ((clicks < 0 OR impressions < 0) AND NOT is_remainder)
