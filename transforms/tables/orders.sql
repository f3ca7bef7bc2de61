/*
doc = """
One row per order, from its newest version: an API's where it is at least as new as the All Orders report's. What never
changes in an order is taken from the other version where the newest leaves it blank. Item facts of API orders come from
order_items; the report's rows are their own. Orders only smaller reports know follow from their items.
"""
emits = "-1..0"
[reads]
all_orders = "0"
orders_v0 = "0"
orders_2026 = "0"
order_items = "0"
order_report = "0"
fulfilled_shipments = "0..1"
unshipped_orders = "0..1"
marketplaces = "all"
*/
WITH api AS (
    SELECT
        amazon_order_id, last_update_date AS updated_at, 'orders_v0' AS origin, purchase_date AS purchase_at,
        marketplace_id, sales_channel, order_status AS raw_status, fulfillment_channel,
        is_replacement_order AS is_replacement, is_business_order AS is_business,
        seller_order_id, replaced_order_id AS original_order_id,
        ship_country, ship_state, order_total, order_currency
    FROM orders_v0
    WHERE row_kind = 'order'
    UNION ALL
    SELECT
        order_id, last_updated_time, 'orders_2026', created_time, marketplace_id,
        CASE WHEN channel_name = 'NON_AMAZON' THEN 'Non-Amazon' ELSE marketplace_name END,
        fulfillment_status, fulfilled_by,
        replaced_order_id IS NOT NULL OR exchanged_order_id IS NOT NULL, programs LIKE '%"AMAZON_BUSINESS"%',
        seller_order_id, coalesce(replaced_order_id, exchanged_order_id),
        ship_country, ship_state, grand_total, order_currency
    FROM orders_2026
    WHERE row_kind = 'order'
),
newest_api AS (
    SELECT *
    FROM api
    QUALIFY row_number() OVER (PARTITION BY amazon_order_id ORDER BY updated_at DESC, origin) = 1
),
report_versions AS (
    SELECT
        a.amazon_order_id,
        max(a.last_updated_date) AS updated_at,
        max(a.merchant_order_id) AS seller_order_id,
        max(a.sales_channel) AS sales_channel,
        bool_or(a.is_business_order) AS is_business,
        bool_or(a.is_replacement_order OR a.is_exchange_order) AS is_replacement,
        max(a.original_order_id) AS original_order_id,
        max(a.ship_country) AS ship_country,
        max(a.ship_state) AS ship_state
    FROM all_orders AS a
    LEFT SEMI JOIN newest_api AS n ON n.amazon_order_id = a.amazon_order_id
    GROUP BY a.amazon_order_id
),
report AS (
    SELECT
        amazon_order_id,
        max(last_updated_date) AS updated_at,
        min(purchase_date) AS purchase_at,
        max(merchant_order_id) AS seller_order_id,
        max(order_status) AS raw_status,
        max(coalesce(fulfillment_channel, fulfilled_by)) AS fulfillment_channel,
        max(sales_channel) AS sales_channel,
        bool_or(is_business_order) AS is_business,
        bool_or(coalesce(is_replacement_order OR is_exchange_order, is_replacement_order, is_exchange_order))
            AS is_replacement,
        max(original_order_id) AS original_order_id,
        max(ship_country) AS ship_country,
        max(ship_state) AS ship_state,
        count(*) AS item_count,
        sum(CASE WHEN order_status(item_status) = 'Cancelled' THEN 0 ELSE quantity END) AS units,
        max(currency) AS currency,
        CASE
            WHEN (min(currency) = max(currency) OR count(item_price) = 0)
                AND count(*) FILTER (
                    WHERE item_price IS NULL
                        AND (quantity IS DISTINCT FROM 0) AND (order_status(item_status) IS DISTINCT FROM 'Cancelled')
                ) = 0
                -- What was cancelled keeps its price in some reports.
                THEN coalesce(sum(
                    CASE
                        WHEN order_status(item_status) = 'Cancelled' THEN CAST(0 AS DECIMAL(18, 4))
                        ELSE item_price
                    END
                ), 0)
        END AS item_revenue
    FROM all_orders
    GROUP BY amazon_order_id
),
standing AS (
    SELECT
        n.amazon_order_id, n.updated_at, n.origin, n.purchase_at, n.marketplace_id,
        coalesce(n.sales_channel, r.sales_channel) AS sales_channel,
        n.raw_status, n.fulfillment_channel,
        coalesce(n.is_replacement, r.is_replacement) AS is_replacement,
        coalesce(n.is_business, r.is_business) AS is_business,
        coalesce(n.seller_order_id, r.seller_order_id) AS seller_order_id,
        coalesce(n.original_order_id, r.original_order_id) AS original_order_id,
        coalesce(n.ship_country, r.ship_country) AS ship_country,
        coalesce(n.ship_state, r.ship_state) AS ship_state,
        n.order_total, n.order_currency
    FROM newest_api AS n
    LEFT JOIN report_versions AS r ON r.amazon_order_id = n.amazon_order_id
    WHERE r.updated_at IS NULL OR n.updated_at >= r.updated_at
),
from_report AS (
    SELECT
        r.amazon_order_id, r.updated_at, 'all_orders' AS origin, r.purchase_at, n.marketplace_id,
        coalesce(r.sales_channel, n.sales_channel) AS sales_channel, r.raw_status,
        coalesce(r.fulfillment_channel, n.fulfillment_channel) AS fulfillment_channel,
        coalesce(r.is_replacement, n.is_replacement) AS is_replacement,
        coalesce(r.is_business, n.is_business) AS is_business,
        coalesce(r.seller_order_id, n.seller_order_id) AS seller_order_id,
        coalesce(r.original_order_id, n.original_order_id) AS original_order_id,
        r.ship_country, r.ship_state, NULL AS order_total, r.currency, r.item_count, r.units, r.item_revenue
    FROM report AS r
    LEFT ANTI JOIN standing AS s ON s.amazon_order_id = r.amazon_order_id
    LEFT JOIN newest_api AS n ON n.amazon_order_id = r.amazon_order_id
),
from_api AS (
    SELECT
        s.amazon_order_id, s.updated_at, s.origin, s.purchase_at, s.marketplace_id, s.sales_channel, s.raw_status,
        s.fulfillment_channel, s.is_replacement, s.is_business, s.seller_order_id, s.original_order_id,
        s.ship_country, s.ship_state, s.order_total, coalesce(s.order_currency, f.currency) AS currency,
        coalesce(f.item_count, 0) AS item_count, f.units, f.item_revenue
    FROM standing AS s
    LEFT JOIN (
        SELECT
            i.amazon_order_id, count(*) AS item_count, sum(i.units) AS units, max(i.currency) AS currency,
            CASE
                WHEN (min(i.currency) = max(i.currency) OR count(i.item_price) = 0)
                    AND count(*) FILTER (
                        WHERE i.item_price IS NULL AND (i.units IS DISTINCT FROM 0) AND NOT i.is_cancelled
                    ) = 0
                    THEN coalesce(sum(CASE WHEN i.is_cancelled THEN CAST(0 AS DECIMAL(18, 4)) ELSE i.item_price END), 0)
            END AS item_revenue
        FROM order_items AS i
        LEFT SEMI JOIN standing AS s ON s.amazon_order_id = i.amazon_order_id
        GROUP BY i.amazon_order_id
    ) AS f ON f.amazon_order_id = s.amazon_order_id
),
details AS (
    SELECT
        'order_report' AS origin, order_id AS amazon_order_id, NULL AS seller_order_id, NULL AS original_order_id,
        max(ship_country) AS ship_country, max(ship_state) AS ship_state
    FROM order_report
    GROUP BY order_id
    UNION ALL
    SELECT
        'fulfilled_shipments', amazon_order_id, max(merchant_order_id), NULL,
        max(ship_country), max(ship_state)
    FROM fulfilled_shipments
    GROUP BY amazon_order_id
    UNION ALL
    SELECT
        'unshipped_orders', order_id, NULL, max(original_order_id),
        max(ship_country), max(ship_state)
    FROM unshipped_orders
    GROUP BY order_id
),
from_others AS (
    SELECT
        i.amazon_order_id, NULL AS updated_at, i.origin, min(i.purchase_at) AS purchase_at, NULL AS marketplace_id,
        max(i.sales_channel) AS sales_channel,
        CASE i.origin WHEN 'unshipped_orders' THEN 'Unshipped' WHEN 'fulfilled_shipments' THEN 'Shipped' END
            AS raw_status,
        max(i.fulfillment_channel) AS fulfillment_channel, bool_or(i.is_replacement) AS is_replacement,
        bool_or(i.is_business) AS is_business, max(d.seller_order_id) AS seller_order_id,
        max(d.original_order_id) AS original_order_id, max(d.ship_country) AS ship_country,
        max(d.ship_state) AS ship_state,
        NULL AS order_total, max(i.currency) AS currency, count(*) AS item_count, sum(i.units) AS units,
        CASE
            WHEN (min(i.currency) = max(i.currency) OR count(i.item_price) = 0)
                AND count(*) FILTER (
                    WHERE i.item_price IS NULL AND (i.units IS DISTINCT FROM 0) AND NOT i.is_cancelled
                ) = 0
                THEN coalesce(sum(CASE WHEN i.is_cancelled THEN CAST(0 AS DECIMAL(18, 4)) ELSE i.item_price END), 0)
        END AS item_revenue
    FROM order_items AS i
    INNER JOIN details AS d ON d.amazon_order_id = i.amazon_order_id AND d.origin = i.origin
    GROUP BY i.amazon_order_id, i.origin
),
every AS (
    SELECT * FROM from_report
    UNION ALL
    SELECT * FROM from_api
    UNION ALL
    SELECT * FROM from_others
),
named AS (
    SELECT
        *, order_status(raw_status) AS status,
        coalesce(sales_channel LIKE 'Non-Amazon%', false) OR amazon_order_id LIKE 'S%' AS is_mcf
    FROM every
),
-- One lookup for both: APIs give the id, reports the name.
places AS (
    SELECT marketplace_id AS key, marketplace_id, zone FROM marketplaces
    UNION ALL
    SELECT marketplace_name, marketplace_id, zone FROM marketplaces
    UNION ALL
    SELECT match_name, marketplace_id, zone FROM marketplaces
)
SELECT
    o.amazon_order_id,
    o.seller_order_id,
    o.purchase_at,
    local_day(o.purchase_at, coalesce(p.zone, 'UTC')) AS local_day,
    o.updated_at,
    o.status,
    o.raw_status,
    CASE
        WHEN o.fulfillment_channel IN ('Amazon', 'AFN', 'AMAZON') THEN 'AFN'
        WHEN o.fulfillment_channel IN ('Merchant', 'MFN', 'MERCHANT', 'Seller') THEN 'MFN'
        ELSE o.fulfillment_channel
    END AS fulfillment_channel,
    o.sales_channel,
    coalesce(o.marketplace_id, p.marketplace_id) AS marketplace_id,
    o.is_mcf,
    o.is_business,
    o.is_replacement,
    o.original_order_id,
    o.ship_country,
    o.ship_state,
    o.item_count,
    CASE WHEN o.status = 'Cancelled' THEN 0 ELSE o.units END AS units,
    o.currency,
    -- The price of another shop's order is that shop's (amazon.md: Money told twice).
    CASE
        WHEN coalesce(o.status = 'Cancelled', false) OR o.is_mcf THEN CAST(0 AS DECIMAL(18, 4))
        ELSE o.item_revenue
    END AS item_revenue,
    o.order_total,
    o.origin
FROM named AS o
LEFT JOIN places AS p ON p.key = coalesce(o.marketplace_id, o.sales_channel)
