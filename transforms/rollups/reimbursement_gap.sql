/*
doc = """
Losses, finds and damage from the inventory ledger's adjustments against the reimbursements for them, codes decoded by
loss_reasons (amazon.md: Ledger and reimbursements). A reversal counts as what it reverses, by the type it names or by
the reimbursement it names; one that names neither is unknown. Reimbursements for returns,
fees and shipments on the way are no answer to a loss in a warehouse and stay out.
"""
[reads]
inventory_movements = "all"
reimbursements = "all"
loss_reasons = "all"
marketplaces = "all"
*/
WITH countries AS (
    SELECT country_code, stock_pool FROM marketplaces
    UNION ALL
    -- Warehouses stand in more countries than there are marketplaces, and Amazon writes one country in two ways.
    SELECT * FROM (VALUES ('CZ', 'EU'), ('SK', 'EU'), ('UK', 'GB')) AS more (country_code, stock_pool)
),
currencies AS (
    SELECT currency, min(stock_pool) AS stock_pool
    FROM marketplaces
    GROUP BY currency
    HAVING min(stock_pool) = max(stock_pool)
),
-- Rows of one reimbursement have one reason.
originals AS (
    SELECT reimbursement_id, CASE WHEN min(reason) = max(reason) THEN min(reason) END AS reason
    FROM reimbursements
    WHERE NOT is_reversal
    GROUP BY reimbursement_id
),
facts AS (
    SELECT
        i.fnsku, c.stock_pool, i.sku, i.asin, i.movement_day AS day, 'ledger' AS source,
        regexp_replace(lower(i.reason), '[^a-z0-9]', '', 'g') AS code,
        i.units, 0 AS units_cash, 0 AS units_stock, CAST(NULL AS VARCHAR) AS currency,
        CAST(NULL AS DECIMAL(18, 4)) AS amount, CAST(NULL AS DECIMAL(18, 4)) AS amount_per_unit
    FROM inventory_movements AS i
    LEFT JOIN countries AS c ON upper(i.country_code) = c.country_code
    WHERE i.event_type = 'Adjustments' AND i.fnsku IS NOT NULL
    UNION ALL
    SELECT
        r.fnsku, c.stock_pool, r.sku, r.asin, r.approval_day, 'reimbursements',
        regexp_replace(
            lower(CASE
                WHEN lower(r.reason) = 'reimbursement_reversal' THEN coalesce(r.original_reimbursement_type, o.reason)
                WHEN r.is_reversal THEN coalesce(r.original_reimbursement_type, o.reason, r.reason)
                ELSE r.reason
            END),
            '[^a-z0-9]', '', 'g'
        ),
        r.units_total, coalesce(r.units_cash, 0), coalesce(r.units_inventory, 0), r.currency,
        r.amount_total, r.amount_per_unit
    FROM reimbursements AS r
    LEFT JOIN currencies AS c ON r.currency = c.currency
    LEFT JOIN originals AS o ON r.original_reimbursement_id = o.reimbursement_id
    WHERE r.fnsku IS NOT NULL
),
-- A seller with one pool needs neither country nor currency to know it.
only_pool AS (
    SELECT CASE WHEN min(stock_pool) = max(stock_pool) THEN min(stock_pool) END AS stock_pool FROM facts
),
decoded AS (
    SELECT f.*, coalesce(f.stock_pool, o.stock_pool) AS pool, l.kind
    FROM facts AS f
    CROSS JOIN only_pool AS o
    LEFT JOIN loss_reasons AS l ON f.source = l.source AND f.code = l.code
),
sums AS (
    SELECT
        fnsku, pool, max(sku) AS sku, max(asin) AS asin,
        coalesce(sum(-units) FILTER (WHERE source = 'ledger' AND kind = 'lost' AND units < 0), 0) AS units_lost,
        coalesce(sum(units) FILTER (WHERE source = 'ledger' AND kind = 'found' AND units > 0), 0) AS units_found,
        coalesce(sum(-units) FILTER (WHERE source = 'ledger' AND kind = 'damaged' AND units < 0), 0) AS units_damaged,
        max(day) FILTER (WHERE source = 'ledger' AND kind IN ('lost', 'damaged') AND units < 0) AS last_loss_day,
        coalesce(sum(units_cash) FILTER (WHERE source = 'reimbursements' AND kind IN ('lost', 'damaged')), 0)
            AS units_cash,
        coalesce(sum(units_stock) FILTER (WHERE source = 'reimbursements' AND kind IN ('lost', 'damaged')), 0)
            AS units_stock,
        coalesce(sum(abs(units)) FILTER (WHERE kind IS NULL), 0) AS units_unknown,
        min(currency) FILTER (WHERE kind IN ('lost', 'damaged')) AS currency,
        max(currency) FILTER (WHERE kind IN ('lost', 'damaged')) AS other_currency,
        sum(amount) FILTER (WHERE kind IN ('lost', 'damaged')) AS amount
    FROM decoded
    GROUP BY fnsku, pool
),
last_paid AS (
    SELECT fnsku, pool, currency, max(amount_per_unit) AS amount_per_unit
    FROM (
        SELECT
            fnsku, pool, currency, amount_per_unit,
            rank() OVER (PARTITION BY fnsku, pool ORDER BY day DESC) AS place
        FROM decoded
        WHERE source = 'reimbursements' AND kind IN ('lost', 'damaged') AND units_cash > 0
    ) AS paid
    WHERE place = 1
    GROUP BY fnsku, pool, currency
),
owed AS (
    SELECT
        s.*, CASE WHEN s.currency = s.other_currency THEN s.currency END AS only_currency,
        CASE WHEN s.units_lost > s.units_found THEN s.units_lost - s.units_found ELSE 0 END + s.units_damaged
            - s.units_cash - s.units_stock AS balance
    FROM sums AS s
)
SELECT
    o.fnsku, o.pool AS stock_pool, o.sku, o.asin,
    o.units_lost, o.units_found, o.units_damaged,
    o.units_cash AS units_reimbursed_cash,
    o.units_stock AS units_reimbursed_stock,
    CASE WHEN o.balance > 0 THEN o.balance ELSE 0 END AS units_owed,
    CASE WHEN o.balance < 0 THEN -o.balance ELSE 0 END AS units_overpaid,
    o.units_unknown,
    o.last_loss_day,
    o.only_currency AS currency,
    CASE WHEN o.only_currency IS NOT NULL THEN CAST(o.amount AS DECIMAL(18, 4)) END AS amount_reimbursed,
    p.amount_per_unit,
    CAST(CASE WHEN o.balance > 0 THEN o.balance ELSE 0 END * p.amount_per_unit AS DECIMAL(18, 4)) AS amount_owed
FROM owed AS o
LEFT JOIN last_paid AS p
    ON o.fnsku = p.fnsku AND (o.pool IS NOT DISTINCT FROM p.pool) AND o.only_currency = p.currency
WHERE o.units_lost <> 0 OR o.units_found <> 0 OR o.units_damaged <> 0 OR o.units_cash <> 0 OR o.units_stock <> 0
    OR o.units_unknown <> 0
