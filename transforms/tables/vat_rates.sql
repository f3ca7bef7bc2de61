/*
doc = """
A rate holds until the next one of the same place and SKU. Lines for all sellers stand in until the seller has one of
its own there, for the SKU or for all. A place no marketplace has is kept and told.
"""
[reads]
tax_rates = "all"
shared_tax_rates = "all"
marketplaces = "all"
*/
WITH places AS (
    SELECT lower(marketplace_id) AS named, marketplace_id, country_code FROM marketplaces
    UNION ALL
    SELECT lower(country_code), marketplace_id, country_code FROM marketplaces
    UNION ALL
    SELECT match_name, marketplace_id, country_code FROM marketplaces
    UNION ALL
    SELECT 'uk', marketplace_id, country_code FROM marketplaces WHERE country_code = 'GB'
),
listed AS (
    SELECT place, sku, valid_from, rate, 'own' AS origin FROM tax_rates
    UNION ALL
    SELECT place, sku, valid_from, rate, 'shared' FROM shared_tax_rates
),
-- Two spellings of one place that say the same are one line.
lines AS (
    SELECT DISTINCT coalesce(p.country_code, l.place) AS place, p.marketplace_id, l.sku, l.valid_from, l.rate, l.origin
    FROM listed AS l
    LEFT JOIN places AS p ON lower(trim(l.place)) = p.named
),
own_since AS (
    SELECT s.place, s.sku, s.valid_from, min(o.valid_from) AS own_from
    FROM lines AS s
    INNER JOIN lines AS o ON s.place = o.place AND (o.sku IS NULL OR s.sku = o.sku)
    WHERE s.origin = 'shared' AND o.origin = 'own'
    GROUP BY s.place, s.sku, s.valid_from
),
standing AS (
    SELECT l.place, l.marketplace_id, l.sku, l.valid_from, l.rate, l.origin, o.own_from
    FROM lines AS l
    LEFT JOIN own_since AS o
        ON l.origin = 'shared' AND l.place = o.place
        AND (l.sku IS NOT DISTINCT FROM o.sku)
        AND l.valid_from = o.valid_from
    WHERE o.own_from IS NULL OR l.valid_from < o.own_from
),
spans AS (
    SELECT *, lead(valid_from) OVER (PARTITION BY place, sku ORDER BY valid_from) AS next_from
    FROM standing
)
SELECT
    place, marketplace_id, sku, valid_from,
    CASE WHEN next_from IS NULL OR own_from < next_from THEN own_from ELSE next_from END AS valid_to,
    rate, origin
FROM spans
