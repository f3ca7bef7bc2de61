/*
doc = """
One signed line per amount of the Finances v0 events, filed by the month it was posted in; lists that state no date
count on the first day that was asked for. Events also state sums of their own amounts, prices per unit and the
like: line_role says which amounts are money. Events have no id, so sums are matched within one list, type and
instant of a window. Windows may share days: of events that state their instant, what two of them tell alike counts
once; twins within one window are two. Those without are marked.
"""
emits = "0..6"
[reads]
finance_event_pages = "-13..0"
marketplaces = "all"
money_categories = "all"
*/
WITH told_amounts AS (
    SELECT
        *,
        lower(coalesce(event_list, '')) AS list_key,
        lower(coalesce(node_path, '')) AS path_key,
        coalesce(split_part(node_path, '.', -1), '') AS field
    FROM finance_event_pages
    WHERE row_kind = 'amount' AND amount IS NOT NULL
),
periods AS (
    SELECT DISTINCT period_from, period_to FROM told_amounts
),
overlapping AS (
    SELECT DISTINCT a.period_from, a.period_to
    FROM periods AS a
    INNER JOIN periods AS b ON a.period_from <= b.period_to AND b.period_from <= a.period_to
    WHERE a.period_from <> b.period_from OR a.period_to <> b.period_to
),
-- The first window's copy stays: it is booked in the same month whichever others are read beside it.
copies AS (
    SELECT
        t.*,
        row_number() OVER (
            PARTITION BY
                period_from, period_to, list_key, path_key, posted_date, event_type, currency, amount, charge_type,
                fee_type, promotion_type, promotion_id, amazon_order_id, order_id, seller_order_id, merchant_order_id,
                order_item_id, order_adjustment_item_id, sku, asin, quantity, invoice_id
            ORDER BY ordinal
        ) AS twin
    FROM told_amounts AS t
    LEFT SEMI JOIN overlapping AS o ON t.period_from = o.period_from AND t.period_to = o.period_to
    WHERE t.posted_date IS NOT NULL
),
amounts AS (
    SELECT t.*, o.period_from IS NOT NULL AS overlaps
    FROM told_amounts AS t
    LEFT JOIN overlapping AS o ON t.period_from = o.period_from AND t.period_to = o.period_to
    WHERE o.period_from IS NULL OR t.posted_date IS NULL
    UNION ALL
    SELECT * EXCLUDE (twin), false AS overlaps
    FROM copies
    QUALIFY row_number() OVER (
        PARTITION BY
            twin, list_key, path_key, posted_date, event_type, currency, amount, charge_type,
            fee_type, promotion_type, promotion_id, amazon_order_id, order_id, seller_order_id, merchant_order_id,
            order_item_id, order_adjustment_item_id, sku, asin, quantity, invoice_id
        ORDER BY period_from, period_to
    ) = 1
),
-- Which fields repeat others. A total stands with its parts, and one of the two counts; a note is no money at all.
roles AS (
    SELECT
        *,
        CASE
            WHEN list_key = 'productadspaymenteventlist' THEN
                CASE path_key WHEN 'transactionvalue' THEN 'total' ELSE 'part' END
            WHEN list_key = 'sellerdealpaymenteventlist' THEN
                CASE path_key WHEN 'totalamount' THEN 'total' ELSE 'part' END
            WHEN list_key IN ('couponpaymenteventlist', 'sellerreviewenrollmentpaymenteventlist') THEN
                CASE path_key WHEN 'totalamount' THEN 'total' ELSE 'part' END
            WHEN list_key LIKE 'affordabilityexpense%' THEN
                CASE path_key WHEN 'totalexpense' THEN 'total' ELSE 'part' END
            WHEN list_key = 'safetreimbursementeventlist' THEN
                CASE path_key WHEN 'reimbursedamount' THEN 'total' ELSE 'part' END
            WHEN list_key = 'adjustmenteventlist' THEN
                CASE path_key
                    WHEN 'adjustmentamount' THEN 'total'
                    WHEN 'adjustmentitemlist.totalamount' THEN 'part'
                    ELSE 'note'
                END
            WHEN list_key = 'debtrecoveryeventlist' THEN
                CASE path_key
                    WHEN 'recoveryamount' THEN 'total'
                    WHEN 'debtrecoveryitemlist.recoveryamount' THEN 'part'
                    WHEN 'overpaymentcredit' THEN 'money'
                    ELSE 'note'
                END
            WHEN list_key = 'taxwithholdingeventlist' AND path_key = 'baseamount' THEN 'note'
            WHEN list_key = 'rentaltransactioneventlist' AND path_key = 'rentalinitialvalue' THEN 'note'
            WHEN list_key = 'failedadhocdisbursementeventlist' THEN 'note'
            ELSE 'money'
        END AS stated
    FROM amounts
),
-- Parts carry more detail (SKU, tax), so they count where they make up the totals they stand with; else the totals do.
sums AS (
    SELECT
        period_from, period_to, list_key, posted_date, event_type, currency,
        sum(amount) FILTER (WHERE stated = 'total') IS NULL
            OR coalesce(
                sum(amount) FILTER (WHERE stated = 'total') = sum(amount) FILTER (WHERE stated = 'part'), false
            ) AS parts_count
    FROM roles
    WHERE stated IN ('total', 'part')
    GROUP BY period_from, period_to, list_key, posted_date, event_type, currency
),
-- Pay-on-delivery orders come once when shipped and again when settled (amazon.md: Money told twice).
shipped AS (
    SELECT DISTINCT amazon_order_id, order_item_id, path_key, charge_type, fee_type, currency, amount
    FROM amounts
    WHERE list_key = 'shipmenteventlist'
),
told AS (
    SELECT
        r.*,
        CASE
            WHEN s.amazon_order_id IS NOT NULL THEN 'repeat'
            WHEN r.stated = 'total' AND p.parts_count THEN 'total'
            WHEN r.stated = 'part' AND NOT p.parts_count THEN 'part'
            WHEN r.stated = 'note' THEN 'note'
            ELSE 'money'
        END AS line_role,
        -- Documents disagree about the sign of advertising; its type says which way the money went.
        CASE
            WHEN r.list_key = 'productadspaymenteventlist' AND lower(r.event_type) = 'charge' THEN -abs(r.amount)
            WHEN r.list_key = 'productadspaymenteventlist' AND lower(r.event_type) = 'refund' THEN abs(r.amount)
            ELSE r.amount
        END AS signed_amount,
        -- Held within the window's month and the next, so that no event leaves the months this stage builds. Noon: then
        -- it is the same day in every marketplace.
        CASE
            WHEN r.posted_date IS NULL OR month_of(r.posted_date) < month_of(r.period_from)
                THEN arrow_cast(r.period_from, 'Timestamp(Microsecond, Some("UTC"))') + INTERVAL '12' HOUR
            WHEN month_of(r.posted_date) > month_of(r.period_from) + INTERVAL '1' MONTH THEN
                arrow_cast(month_of(r.period_from) + INTERVAL '1' MONTH, 'Timestamp(Microsecond, Some("UTC"))')
                    + INTERVAL '12' HOUR
            ELSE r.posted_date
        END AS booked_at,
        coalesce(r.charge_type, r.fee_type, r.direct_payment_type, r.promotion_type, r.event_type, r.field) AS raw_name
    FROM roles AS r
    LEFT JOIN sums AS p
        ON r.stated IN ('total', 'part')
        AND r.list_key = p.list_key
        AND r.period_from = p.period_from
        AND r.period_to = p.period_to
        AND (r.posted_date IS NOT DISTINCT FROM p.posted_date)
        AND (r.event_type IS NOT DISTINCT FROM p.event_type)
        AND (r.currency IS NOT DISTINCT FROM p.currency)
    LEFT JOIN shipped AS s
        ON r.list_key = 'shipmentsettleeventlist'
        AND r.amazon_order_id = s.amazon_order_id
        AND r.path_key = s.path_key
        AND r.amount = s.amount
        AND (r.order_item_id IS NOT DISTINCT FROM s.order_item_id)
        AND (r.charge_type IS NOT DISTINCT FROM s.charge_type)
        AND (r.fee_type IS NOT DISTINCT FROM s.fee_type)
        AND (r.currency IS NOT DISTINCT FROM s.currency)
),
booked AS (
    SELECT * FROM told WHERE month_of(booked_at) = $month
),
-- Amazon's names are few; they are folded and looked up once each.
spellings AS (
    SELECT DISTINCT list_key, path_key, raw_name FROM booked
),
folded AS (
    SELECT
        *,
        regexp_replace(list_key, '[^\p{L}\p{N}]', '', 'g') AS list_name,
        regexp_replace(path_key, '[^\p{L}\p{N}]', '', 'g') AS path_name,
        regexp_replace(lower(raw_name), '[^\p{L}\p{N}]', '', 'g') AS class_name
    FROM spellings
),
ranked AS (
    SELECT
        f.*, c.category, c.category_group,
        row_number() OVER (
            PARTITION BY f.list_key, f.path_key, f.raw_name ORDER BY c.priority DESC, c.category
        ) AS place
    FROM folded AS f
    LEFT JOIN money_categories AS c
        ON c.source IN ('finance_events', 'any')
        AND f.list_name LIKE c.transaction_type
        AND f.path_name LIKE c.amount_type
        AND f.class_name LIKE c.amount_description
),
classes AS (
    SELECT
        list_key, path_key, raw_name,
        coalesce(category, 'unclassified') AS category,
        coalesce(category_group, 'other') AS category_group,
        coalesce(category_group = 'tax', false) OR path_key IN ('taxvalue', 'taxamount') OR class_name = 'tax'
            AS is_tax,
        list_key IN ('refundeventlist', 'guaranteeclaimeventlist', 'chargebackeventlist') AS is_refund
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
    b.period_from, b.period_to,
    b.posted_date AS posted_at,
    b.booked_at, b.event_list, b.event_type,
    b.node_path, b.raw_name, b.line_role,
    c.category, c.category_group, c.is_tax, c.is_refund,
    coalesce(b.marketplace_id, m.marketplace_id, home.marketplace_id) AS marketplace_id,
    b.currency,
    b.signed_amount AS amount,
    -- Every amount repeats its item's units.
    CASE
        WHEN c.category = 'product_sales' AND b.quantity IS NOT NULL AND b.ordinal > min(b.ordinal) OVER (
            PARTITION BY
                b.period_from, b.period_to, b.list_key, b.path_key, b.posted_date, c.category, b.amazon_order_id,
                b.order_id, b.seller_order_id, b.order_item_id, b.order_adjustment_item_id, b.sku
        )
            THEN 0
        WHEN c.category = 'product_sales' THEN CAST(b.quantity AS BIGINT)
    END AS quantity,
    b.amazon_order_id,
    coalesce(b.amazon_order_id, b.order_id, b.merchant_order_id, b.seller_order_id) AS order_id,
    b.order_item_id, b.order_adjustment_item_id, b.sku, b.asin,
    b.fn_sku AS fnsku,
    b.promotion_id, b.invoice_id, b.overlaps
FROM classes AS c
INNER JOIN booked AS b ON b.list_key = c.list_key AND b.path_key = c.path_key AND b.raw_name = c.raw_name
LEFT JOIN marketplaces AS m ON lower(b.marketplace_name) = m.match_name
LEFT JOIN currency_homes AS home ON b.currency = home.currency
