/*
doc = """
One signed line per money fact of a settlement. V1 rows, which have nine amount columns, are unpivoted into V2's
three names. A line is filed under the month it was posted, but never after the settlement's end nor more than three
months before it, so that every line of a settlement is found by reading three months ahead.
"""
emits = "-3..0"
[reads]
settlement_v2 = "0..3"
settlement_v1 = "0..3"
marketplaces = "all"
money_categories = "all"
*/
WITH v2 AS (
    SELECT
        'settlement_v2' AS source, settlement_id, transaction_type, amount_type, amount_description, amount,
        CASE
            WHEN lower(amount_type) = 'itemprice' AND lower(amount_description) = 'principal' THEN quantity_purchased
        END AS quantity,
        -- A day without a time stands at noon UTC: then it is the same day in every marketplace.
        coalesce(
            posted_date_time, arrow_cast(posted_date, 'Timestamp(Microsecond, Some("UTC"))') + INTERVAL '12' HOUR
        ) AS posted_at,
        order_id, merchant_order_id, adjustment_id, shipment_id, marketplace_name, fulfillment_id,
        order_item_code, merchant_adjustment_item_id, sku, promotion_id
    FROM settlement_v2
    WHERE amount IS NOT NULL
),
v1_rows AS (
    SELECT
        settlement_id, transaction_type, posted_date,
        order_id, merchant_order_id, adjustment_id, shipment_id, marketplace_name, fulfillment_id,
        order_item_code, merchant_adjustment_item_id, sku, promotion_id, quantity_purchased,
        shipment_fee_type, shipment_fee_amount, order_fee_type, order_fee_amount, price_type, price_amount,
        item_related_fee_type, item_related_fee_amount, misc_fee_amount,
        other_fee_amount, other_fee_reason_description, promotion_type, promotion_amount,
        direct_payment_type, direct_payment_amount, other_amount
    FROM settlement_v1
    WHERE settlement_id NOT IN (SELECT settlement_id FROM settlement_v2)
),
-- Units stand in a row of their own, without any amount; they belong to the item's first Principal line.
v1_units AS (
    SELECT
        settlement_id, transaction_type, posted_date, order_id, adjustment_id, shipment_id, order_item_code, sku,
        sum(quantity_purchased) AS quantity
    FROM v1_rows
    WHERE coalesce(
        shipment_fee_amount, order_fee_amount, price_amount, item_related_fee_amount, misc_fee_amount,
        other_fee_amount, promotion_amount, direct_payment_amount, other_amount
    ) IS NULL
    GROUP BY settlement_id, transaction_type, posted_date, order_id, adjustment_id, shipment_id, order_item_code, sku
),
-- A fee's tax is named after the fee it comes with; money without a name of its own after its transaction, as in V2.
v1_unpivoted AS (
    SELECT
        r.*,
        k.amount_kind,
        CASE
            WHEN k.amount_kind = 'OtherFee' THEN coalesce(item_related_fee_type, k.amount_kind)
            ELSE k.amount_kind
        END AS amount_type,
        CASE k.amount_kind
            WHEN 'ItemPrice' THEN price_type
            WHEN 'ItemFees' THEN item_related_fee_type
            WHEN 'Promotion' THEN promotion_type
            WHEN 'Shipment-Fees' THEN shipment_fee_type
            WHEN 'Order-Fees' THEN order_fee_type
            WHEN 'OtherFee' THEN coalesce(other_fee_reason_description, transaction_type)
            WHEN 'DirectPayment' THEN direct_payment_type
            ELSE transaction_type
        END AS amount_description,
        CASE k.amount_kind
            WHEN 'ItemPrice' THEN price_amount
            WHEN 'ItemFees' THEN item_related_fee_amount
            WHEN 'Promotion' THEN promotion_amount
            WHEN 'Shipment-Fees' THEN shipment_fee_amount
            WHEN 'Order-Fees' THEN order_fee_amount
            WHEN 'OtherFee' THEN other_fee_amount
            WHEN 'DirectPayment' THEN direct_payment_amount
            WHEN 'MiscFee' THEN misc_fee_amount
            WHEN 'other-transaction' THEN other_amount
        END AS amount
    FROM v1_rows AS r
    CROSS JOIN (
        VALUES ('ItemPrice'), ('ItemFees'), ('Promotion'), ('Shipment-Fees'), ('Order-Fees'), ('OtherFee'),
            ('DirectPayment'), ('MiscFee'), ('other-transaction')
    ) AS k (amount_kind)
),
v1_numbered AS (
    SELECT
        *,
        amount_kind = 'ItemPrice' AND lower(price_type) = 'principal' AND row_number() OVER (
            PARTITION BY
                settlement_id, transaction_type, posted_date, order_id, adjustment_id, shipment_id, order_item_code,
                sku, amount_kind, lower(price_type)
            ORDER BY amount DESC
        ) = 1 AS carries_units
    FROM v1_unpivoted
    WHERE amount IS NOT NULL
),
v1 AS (
    SELECT
        'settlement_v1' AS source, n.settlement_id, n.transaction_type, n.amount_type, n.amount_description, n.amount,
        CASE
            WHEN n.amount_kind = 'ItemPrice' AND lower(n.price_type) = 'principal'
                THEN coalesce(n.quantity_purchased, u.quantity, CASE WHEN NOT n.carries_units THEN 0 END)
        END AS quantity,
        n.posted_date AS posted_at,
        n.order_id, n.merchant_order_id, n.adjustment_id, n.shipment_id, n.marketplace_name, n.fulfillment_id,
        n.order_item_code, n.merchant_adjustment_item_id, n.sku, n.promotion_id
    FROM v1_numbered AS n
    LEFT JOIN v1_units AS u
        ON n.carries_units
        AND n.settlement_id = u.settlement_id
        AND (n.transaction_type IS NOT DISTINCT FROM u.transaction_type)
        AND (n.posted_date IS NOT DISTINCT FROM u.posted_date)
        AND (n.order_id IS NOT DISTINCT FROM u.order_id)
        AND (n.adjustment_id IS NOT DISTINCT FROM u.adjustment_id)
        AND (n.shipment_id IS NOT DISTINCT FROM u.shipment_id)
        AND (n.order_item_code IS NOT DISTINCT FROM u.order_item_code)
        AND (n.sku IS NOT DISTINCT FROM u.sku)
),
lines AS (
    SELECT * FROM v2
    UNION ALL
    SELECT * FROM v1
),
-- Total and dates stand in the summary row; a settlement in both layouts keeps V2's.
heads AS (
    SELECT
        settlement_id, 'settlement_v2' AS source, max(settlement_end_date) AS ended_at, max(currency) AS currency,
        max(total_amount) AS total_amount
    FROM settlement_v2
    GROUP BY settlement_id
    UNION ALL
    SELECT settlement_id, 'settlement_v1', max(settlement_end_date), max(currency), max(total_amount)
    FROM settlement_v1
    WHERE settlement_id NOT IN (SELECT settlement_id FROM settlement_v2)
    GROUP BY settlement_id
),
settlement_facts AS (
    SELECT
        l.settlement_id,
        sum(l.amount) AS lines_total,
        -- The settlement's own marketplace, where its lines name exactly one.
        CASE WHEN min(m.marketplace_id) = max(m.marketplace_id) THEN min(m.marketplace_id) END AS marketplace_id
    FROM lines AS l
    LEFT JOIN marketplaces AS m ON lower(l.marketplace_name) = m.match_name
    GROUP BY l.settlement_id
),
currency_homes AS (
    SELECT currency, min(marketplace_id) AS marketplace_id
    FROM marketplaces
    GROUP BY currency
    HAVING count(*) = 1
),
settlement_heads AS (
    SELECT
        h.settlement_id, h.ended_at, h.currency,
        coalesce(f.lines_total = h.total_amount, false) AS balanced,
        coalesce(f.marketplace_id, home.marketplace_id) AS marketplace_id
    FROM heads AS h
    INNER JOIN settlement_facts AS f ON h.settlement_id = f.settlement_id
    LEFT JOIN currency_homes AS home ON h.currency = home.currency
),
-- Amazon's names are few; they are folded and looked up once each.
spellings AS (
    SELECT DISTINCT
        coalesce(transaction_type, '') AS transaction_text, coalesce(amount_type, '') AS type_text,
        coalesce(amount_description, '') AS description_text
    FROM lines
),
folded AS (
    SELECT
        *,
        regexp_replace(lower(transaction_text), '[^\p{L}\p{N}]', '', 'g') AS transaction_name,
        regexp_replace(lower(type_text), '[^\p{L}\p{N}]', '', 'g') AS type_name,
        regexp_replace(lower(description_text), '[^\p{L}\p{N}]', '', 'g') AS description_name
    FROM spellings
),
ranked AS (
    SELECT
        f.*, c.category, c.category_group,
        row_number() OVER (
            PARTITION BY f.transaction_text, f.type_text, f.description_text ORDER BY c.priority DESC, c.category
        ) AS place
    FROM folded AS f
    LEFT JOIN money_categories AS c
        ON c.source IN ('settlements', 'any')
        AND f.transaction_name LIKE c.transaction_type
        AND f.type_name LIKE c.amount_type
        AND f.description_name LIKE c.amount_description
),
classes AS (
    SELECT
        transaction_text, type_text, description_text,
        coalesce(category, 'unclassified') AS category,
        coalesce(category_group, 'other') AS category_group,
        coalesce(category_group = 'tax', false) OR description_name IN ('taxonfee', 'taxamount') AS is_tax,
        transaction_name LIKE '%refund' OR transaction_name LIKE 'chargeback%' OR transaction_name LIKE 'atozguarantee%'
            AS is_refund
    FROM ranked
    WHERE place = 1
),
booked AS (
    SELECT
        l.*, h.currency, h.ended_at, h.balanced,
        h.marketplace_id AS settlement_marketplace_id,
        CASE
            WHEN l.posted_at IS NULL OR month_of(l.posted_at) > month_of(h.ended_at) THEN h.ended_at
            WHEN month_of(l.posted_at) < month_of(h.ended_at) - INTERVAL '3' MONTH THEN
                arrow_cast(month_of(h.ended_at) - INTERVAL '3' MONTH, 'Timestamp(Microsecond, Some("UTC"))')
                    + INTERVAL '12' HOUR
            ELSE l.posted_at
        END AS booked_at
    FROM settlement_heads AS h
    INNER JOIN lines AS l ON h.settlement_id = l.settlement_id
)
SELECT
    b.settlement_id, b.source, b.ended_at AS settlement_ended_at, b.posted_at, b.booked_at,
    b.transaction_type, b.amount_type, b.amount_description,
    c.category, c.category_group, c.is_tax, c.is_refund,
    b.currency, b.amount, b.quantity,
    b.order_id,
    CASE WHEN is_order_id(b.order_id) THEN b.order_id END AS amazon_order_id,
    b.merchant_order_id, b.adjustment_id, b.shipment_id,
    b.order_item_code AS order_item_id,
    b.merchant_adjustment_item_id, b.sku, b.promotion_id, b.fulfillment_id, b.marketplace_name,
    coalesce(m.marketplace_id, b.settlement_marketplace_id) AS marketplace_id,
    b.balanced
FROM classes AS c
INNER JOIN booked AS b
    ON coalesce(b.transaction_type, '') = c.transaction_text
    AND coalesce(b.amount_type, '') = c.type_text
    AND coalesce(b.amount_description, '') = c.description_text
LEFT JOIN marketplaces AS m ON lower(b.marketplace_name) = m.match_name
WHERE month_of(b.booked_at) = $month
