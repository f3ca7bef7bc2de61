/*
doc = """
A line holds until the next one of the same place. Lines for all sellers stand in until the seller has one of its own
there. A place no marketplace has is kept and told.
"""
[reads]
tax_registrations = "all"
shared_tax_registrations = "all"
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
    SELECT place, valid_from, registered, reclaims, 'own' AS origin FROM tax_registrations
    UNION ALL
    SELECT place, valid_from, registered, reclaims, 'shared' FROM shared_tax_registrations
),
-- Two spellings of one place that say the same are one line.
lines AS (
    SELECT DISTINCT
        coalesce(p.country_code, l.place) AS place, p.marketplace_id, l.valid_from, l.registered, l.reclaims,
        l.origin
    FROM listed AS l
    LEFT JOIN places AS p ON lower(trim(l.place)) = p.named
),
own_since AS (
    SELECT place, min(valid_from) AS own_from
    FROM lines
    WHERE origin = 'own'
    GROUP BY place
),
standing AS (
    SELECT l.*
    FROM lines AS l
    LEFT JOIN own_since AS o ON l.origin = 'shared' AND l.place = o.place
    WHERE o.own_from IS NULL OR l.valid_from < o.own_from
)
SELECT
    place, marketplace_id, valid_from,
    lead(valid_from) OVER (PARTITION BY place ORDER BY valid_from) AS valid_to,
    registered, reclaims, origin
FROM standing
