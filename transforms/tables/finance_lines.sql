/*
doc = """
One signed line per leaf of a Finances 2024-06-19 transaction. Amazon tells the same money in two trees and in every
parent (amazon.md: Breakdown trees): an item's leaves count where items have breakdowns, the transaction's own leaves
only where no item has any or where the items lack part of the money and its own leaves don't, and a transaction without
either is one line with its total. Every transaction is here once per id, deferred ones and releases alike: what counts
when is decided in ledger_all. One whose date moved, in this month or into the next, counts where it was posted last.
"""
[reads]
finance_transactions = "0"
moved_transactions = "0"
marketplaces = "all"
money_categories = "all"
*/
WITH standing AS (
    SELECT t.*
    FROM moved_transactions AS m
    RIGHT JOIN finance_transactions AS t ON m.transaction_id = t.transaction_id
    WHERE t.row_kind <> 'day' AND (m.last_posted_at IS NULL OR t.posted_date = m.last_posted_at)
),
keyed AS (
    -- Old answers can lack the id; twins without one can't be told apart: their totals are added up like their lines.
    SELECT
        *,
        coalesce(
            transaction_id,
            concat_ws(
                '|', CAST(posted_date AS VARCHAR), transaction_type, description, order_id,
                CAST(transaction_amount AS VARCHAR)
            )
        ) AS transaction_key
    FROM standing
),
transactions AS (
    SELECT
        transaction_key,
        count(amount) FILTER (WHERE row_kind = 'item_leaf') AS item_leaves,
        count(amount) FILTER (WHERE row_kind = 'leaf') AS own_leaves,
        sum(amount) FILTER (WHERE row_kind = 'item_leaf') AS items_sum,
        sum(amount) FILTER (WHERE row_kind = 'leaf') AS own_sum,
        sum(transaction_amount) FILTER (WHERE row_kind = 'transaction') AS total,
        bool_or(coalesce(currency <> transaction_currency, false)) AS mixed,
        bool_or(row_kind = 'leaf' AND coalesce(currency <> transaction_currency, false)) AS own_mixed
    FROM keyed
    GROUP BY transaction_key
),
-- Storage fees list but some of the products they are for: there the transaction's own leaves tell all of the money.
partly_told AS (
    SELECT transaction_key
    FROM transactions
    WHERE item_leaves > 0 AND own_leaves > 0 AND NOT own_mixed AND own_sum = total AND (mixed OR items_sum <> total)
),
-- Only the exceptions are joined: nearly every transaction is told by its items and adds up.
not_by_items AS (
    SELECT
        transaction_key, own_leaves > 0 AS has_own_leaves,
        CASE WHEN item_leaves > 0 THEN 'stand_in' WHEN own_leaves > 0 THEN 'transaction' ELSE 'total' END AS told_by
    FROM transactions
    WHERE item_leaves = 0 OR transaction_key IN (SELECT transaction_key FROM partly_told)
),
unbalanced AS (
    SELECT transaction_key
    FROM transactions
    WHERE transaction_key NOT IN (SELECT transaction_key FROM partly_told) AND (
        mixed OR NOT coalesce(
            CASE WHEN item_leaves > 0 THEN items_sum WHEN own_leaves > 0 THEN own_sum ELSE total END = total, false
        )
    )
),
-- Money told by the transaction belongs to a product where all its items are that product.
only_products AS (
    SELECT
        k.transaction_key,
        CASE WHEN min(k.sku) = max(k.sku) THEN min(k.sku) END AS sku,
        CASE WHEN min(k.asin) = max(k.asin) THEN min(k.asin) END AS asin
    FROM not_by_items AS w
    INNER JOIN keyed AS k ON w.transaction_key = k.transaction_key
    WHERE k.row_kind = 'item' AND w.told_by <> 'stand_in'
    GROUP BY k.transaction_key, w.has_own_leaves
),
lines AS (
    SELECT
        'item' AS told_by, k.breakdown_path AS raw_type, k.amount AS line_amount,
        coalesce(k.currency, k.transaction_currency) AS line_currency, k.sku AS line_sku, k.asin AS line_asin, k.*
    FROM keyed AS k
    WHERE k.row_kind = 'item_leaf' AND k.amount IS NOT NULL
        AND k.transaction_key NOT IN (SELECT transaction_key FROM partly_told)
    UNION ALL
    SELECT
        w.told_by,
        CASE WHEN w.has_own_leaves THEN k.breakdown_path ELSE concat_ws('/', k.transaction_type, k.description) END
            AS raw_type,
        CASE WHEN w.has_own_leaves THEN k.amount ELSE k.transaction_amount END AS line_amount,
        CASE WHEN w.has_own_leaves THEN coalesce(k.currency, k.transaction_currency) ELSE k.transaction_currency END
            AS line_currency,
        coalesce(k.sku, p.sku) AS line_sku, coalesce(k.asin, p.asin) AS line_asin, k.*
    FROM not_by_items AS w
    INNER JOIN keyed AS k ON w.transaction_key = k.transaction_key
    LEFT JOIN only_products AS p ON w.transaction_key = p.transaction_key
    WHERE (w.has_own_leaves AND k.row_kind = 'leaf' AND k.amount IS NOT NULL)
        OR (NOT w.has_own_leaves AND k.row_kind = 'transaction' AND k.transaction_amount IS NOT NULL)
),
-- Amazon's names are few; they are folded and looked up once each.
spellings AS (
    SELECT DISTINCT
        coalesce(transaction_type, '') AS type_text, coalesce(description, '') AS description_text,
        coalesce(breakdown_path, '') AS path_text
    FROM standing
),
folded AS (
    SELECT
        *,
        regexp_replace(lower(type_text), '[^\p{L}\p{N}]', '', 'g') AS type_name,
        regexp_replace(lower(description_text), '[^\p{L}\p{N}]', '', 'g') AS description_name,
        regexp_replace(lower(split_part(path_text, ' > ', -1)), '[^\p{L}\p{N}]', '', 'g') AS leaf_name,
        regexp_replace(lower(split_part(path_text, ' > ', -2)), '[^\p{L}\p{N}]', '', 'g') AS parent_name
    FROM spellings
),
named AS (
    -- Base and Tax under a fee are that fee, net and VAT; Tax under Sales is the buyer's.
    SELECT
        *,
        CASE
            WHEN path_text = '' THEN type_name
            WHEN leaf_name IN ('base', 'tax', 'basefee', 'taxonfee')
                AND parent_name NOT IN ('', 'sales', 'refundedsales') THEN parent_name
            ELSE leaf_name
        END AS class_name
    FROM folded
),
ranked AS (
    SELECT
        n.*, c.category, c.category_group,
        row_number() OVER (
            PARTITION BY n.type_text, n.description_text, n.path_text ORDER BY c.priority DESC, c.category
        ) AS place
    FROM named AS n
    LEFT JOIN money_categories AS c
        ON c.source IN ('finances', 'any')
        AND n.type_name LIKE c.transaction_type
        AND n.description_name LIKE c.amount_type
        AND n.class_name LIKE c.amount_description
),
classes AS (
    SELECT
        type_text, description_text, path_text,
        coalesce(category, 'unclassified') AS category,
        coalesce(category_group, 'other') AS category_group,
        coalesce(category_group = 'tax', false) OR leaf_name IN ('tax', 'taxonfee') AS is_tax,
        (type_name LIKE 'refund%' AND type_name NOT LIKE '%retrocharge%') OR type_name LIKE 'chargeback%'
            OR type_name LIKE 'guaranteeclaim%' OR type_name LIKE 'atoz%' AS is_refund
    FROM ranked
    WHERE place = 1
),
currency_homes AS (
    SELECT currency, min(marketplace_id) AS marketplace_id
    FROM marketplaces
    GROUP BY currency
    HAVING count(*) = 1
)
SELECT
    l.transaction_id, l.transaction_type, l.description, l.transaction_status,
    l.posted_date AS posted_at,
    l.account_type, l.told_by, l.raw_type,
    c.category, c.category_group, c.is_tax, c.is_refund,
    coalesce(l.marketplace_id, home.marketplace_id) AS marketplace_id,
    l.line_currency AS currency,
    l.line_amount AS amount,
    -- Every leaf repeats its item's units. What was loaded before items were numbered can't be told apart.
    CASE
        WHEN c.category = 'product_sales' AND l.quantity_shipped IS NOT NULL
            AND (l.told_by <> 'item' OR l.item_ordinal IS NOT NULL)
            AND row_number() OVER (
                PARTITION BY l.transaction_key, l.told_by, l.item_ordinal, c.category
                ORDER BY l.raw_type, l.ordinal, l.line_amount DESC
            ) > 1
            THEN 0
        WHEN c.category = 'product_sales' THEN l.quantity_shipped
    END AS quantity,
    l.order_id,
    CASE WHEN is_order_id(l.order_id) THEN l.order_id END AS amazon_order_id,
    l.shipment_id, l.refund_id, l.invoice_id, l.financial_event_group_id, l.settlement_id,
    l.order_adjustment_item_id, l.item_ordinal,
    l.line_sku AS sku, l.line_asin AS asin, l.fulfillment_network,
    l.deferred_transaction_id, l.release_transaction_id, l.deferral_reason,
    l.maturity_date AS maturity_at,
    l.transaction_amount,
    u.transaction_key IS NULL AS balanced
FROM classes AS c
INNER JOIN lines AS l
    ON coalesce(l.transaction_type, '') = c.type_text
    AND coalesce(l.description, '') = c.description_text
    AND coalesce(l.breakdown_path, '') = c.path_text
LEFT JOIN unbalanced AS u ON l.transaction_key = u.transaction_key
LEFT JOIN currency_homes AS home ON l.line_currency = home.currency
