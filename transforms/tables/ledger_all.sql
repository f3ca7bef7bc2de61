/*
doc = """
All three views of a seller's money, line by line, each with its lenses. Accrual: money by the day of the sale or
refund, deferred or not, a release only where the deferred transaction it repeats isn't loaded. Cash: money by the day
it was released (amazon.md: Deferred transactions). A line is one row; within one source and one lens no money is here
twice. Different sources tell the same money.
"""
[reads]
finance_lines = "0"
deferral_links = "0"
settlement_lines = "0"
finance_events = "0"
marketplaces = "all"
*/
WITH superseded AS (
    SELECT release_id, min(deferred_id) AS deferred_id
    FROM deferral_links
    WHERE deferred_found
    GROUP BY release_id
),
lines AS (
    SELECT
        'finances' AS source, f.transaction_id AS source_txn_id, f.posted_at, f.posted_at AS event_at,
        f.transaction_type, f.raw_type, f.category, f.category_group, f.is_tax, f.is_refund,
        f.marketplace_id, f.currency, f.amount, f.quantity,
        f.order_id, f.amazon_order_id, CAST(NULL AS VARCHAR) AS order_item_id, f.item_ordinal,
        f.sku, f.asin, CAST(NULL AS VARCHAR) AS fnsku,
        coalesce(lower(f.transaction_status), 'unknown') AS status,
        s.deferred_id AS supersedes, f.settlement_id,
        s.release_id IS NULL AS in_accrual,
        coalesce(upper(f.transaction_status), 'RELEASED') = 'RELEASED' AS in_cash,
        f.balanced
    FROM finance_lines AS f
    LEFT JOIN superseded AS s ON f.transaction_id = s.release_id
    UNION ALL
    SELECT
        'settlements', settlement_id AS source_txn_id, posted_at, booked_at AS event_at,
        transaction_type, concat_ws('/', amount_type, amount_description), category, category_group, is_tax, is_refund,
        marketplace_id, currency, amount, quantity,
        order_id, amazon_order_id, order_item_id, NULL, sku, NULL, NULL,
        'settled', NULL, settlement_id, true, true, balanced
    FROM settlement_lines
    UNION ALL
    SELECT
        'finance_events', NULL, posted_at, booked_at,
        event_list, concat_ws('/', node_path, raw_name), category, category_group, is_tax, is_refund,
        marketplace_id, currency, amount, quantity,
        order_id, amazon_order_id, order_item_id, NULL, sku, asin, fnsku,
        'released', NULL, NULL, true, true, true
    FROM finance_events
    WHERE line_role = 'money'
)
SELECT
    l.source, l.source_txn_id, l.event_at, l.posted_at,
    local_day(l.event_at, coalesce(m.zone, 'UTC')) AS local_day,
    l.marketplace_id, l.currency, l.amount, l.category, l.category_group, l.transaction_type, l.raw_type,
    l.is_tax, l.is_refund, l.quantity,
    l.order_id, l.amazon_order_id, l.order_item_id, l.item_ordinal, l.sku, l.asin, l.fnsku,
    l.status, l.supersedes, l.settlement_id, l.in_accrual, l.in_cash, l.balanced
FROM lines AS l
LEFT JOIN marketplaces AS m ON l.marketplace_id = m.marketplace_id
