/*
doc = """
A line of the cost list holds until the next one of the same SKU and marketplace. A line without cost ends the one
before it: from then on the cost is unknown. Lines for all sellers stand in until the seller has one of their own for
the SKU, there or everywhere. A line that is there twice is one; two costs from one day on contradict each other, and the
table's key doesn't let them pass.
"""
[reads]
cost_list = "all"
shared_cost_list = "all"
*/
WITH own_since AS (
    SELECT s.sku, s.marketplace_id, s.valid_from, min(o.valid_from) AS own_from
    FROM shared_cost_list AS s
    INNER JOIN cost_list AS o
        ON s.sku = o.sku AND (o.marketplace_id IS NULL OR s.marketplace_id = o.marketplace_id)
    GROUP BY s.sku, s.marketplace_id, s.valid_from
),
lines AS (
    SELECT DISTINCT
        sku, marketplace_id, valid_from, unit_cost, currency, 'own' AS origin, CAST(NULL AS DATE) AS own_from
    FROM cost_list
    UNION ALL
    SELECT DISTINCT s.sku, s.marketplace_id, s.valid_from, s.unit_cost, s.currency, 'shared', o.own_from
    FROM shared_cost_list AS s
    LEFT JOIN own_since AS o
        ON s.sku = o.sku
        AND (s.marketplace_id IS NOT DISTINCT FROM o.marketplace_id)
        AND s.valid_from = o.valid_from
    WHERE o.own_from IS NULL OR s.valid_from < o.own_from
),
spans AS (
    SELECT
        *, lead(valid_from) OVER (PARTITION BY sku, marketplace_id ORDER BY valid_from) AS next_from
    FROM lines
)
SELECT
    sku,
    marketplace_id,
    valid_from,
    CASE WHEN next_from IS NULL OR own_from < next_from THEN own_from ELSE next_from END AS valid_to,
    unit_cost,
    currency,
    origin
FROM spans
