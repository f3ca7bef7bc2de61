/*
doc = """
All items of an order come from one source. The newest version of the order decides: an API's where it is at least as
new as the report's, because the API has item ids. A v0 order whose items were never asked for keeps the report's items,
with the newer status, unless it was cancelled. Orders that neither knows come from order, shipment and unshipped
reports, in this order.
"""
emits = "-1..0"
[reads]
all_orders = "0"
orders_v0 = "0"
order_items_v0 = "all"
orders_2026 = "0"
order_report = "0"
fulfilled_shipments = "0..1"
unshipped_orders = "0..1"
marketplaces = "all"
*/
WITH api AS (
    SELECT
        amazon_order_id, last_update_date AS updated_at, 'orders_v0' AS origin, purchase_date AS purchase_at,
        marketplace_id, sales_channel, order_status AS raw_status, fulfillment_channel,
        is_replacement_order AS is_replacement, is_business_order AS is_business
    FROM orders_v0
    WHERE row_kind = 'order'
    UNION ALL
    SELECT
        order_id, last_updated_time, 'orders_2026', created_time, marketplace_id,
        CASE WHEN channel_name = 'NON_AMAZON' THEN 'Non-Amazon' ELSE marketplace_name END,
        fulfillment_status, fulfilled_by,
        replaced_order_id IS NOT NULL OR exchanged_order_id IS NOT NULL, programs LIKE '%"AMAZON_BUSINESS"%'
    FROM orders_2026
    WHERE row_kind = 'order'
),
newest_api AS (
    SELECT *
    FROM api
    QUALIFY row_number() OVER (PARTITION BY amazon_order_id ORDER BY updated_at DESC, origin) = 1
),
report_versions AS (
    SELECT a.amazon_order_id, max(a.last_updated_date) AS updated_at
    FROM all_orders AS a
    LEFT SEMI JOIN newest_api AS n ON n.amazon_order_id = a.amazon_order_id
    GROUP BY a.amazon_order_id
),
-- Which API versions stand, and whether their items replace the report's.
versions AS (
    SELECT
        n.*,
        r.updated_at IS NULL OR n.updated_at >= r.updated_at AS stands,
        n.origin = 'orders_2026' OR v.amazon_order_id IS NOT NULL
            OR coalesce(lower(n.raw_status) IN ('canceled', 'cancelled'), false) AS brings_items
    FROM newest_api AS n
    LEFT JOIN report_versions AS r ON r.amazon_order_id = n.amazon_order_id
    LEFT JOIN (SELECT DISTINCT amazon_order_id FROM order_items_v0) AS v ON v.amazon_order_id = n.amazon_order_id
),
from_report AS (
    SELECT
        a.amazon_order_id, NULL AS order_item_id, a.purchase_date AS purchase_at,
        v.marketplace_id, a.sales_channel, CASE WHEN v.stands THEN v.raw_status ELSE a.order_status END AS raw_status,
        a.item_status,
        coalesce(
            a.is_replacement_order OR a.is_exchange_order, a.is_replacement_order, a.is_exchange_order, v.is_replacement
        ) AS is_replacement,
        coalesce(a.is_business_order, v.is_business) AS is_business,
        coalesce(a.fulfillment_channel, a.fulfilled_by) AS fulfillment_channel,
        a.sku, a.asin, a.product_name, a.quantity AS units, NULL AS units_shipped, a.currency,
        a.item_price, a.item_tax, a.shipping_price, a.shipping_tax, a.gift_wrap_price, a.gift_wrap_tax,
        a.item_promotion_discount, a.ship_promotion_discount, a.promotion_ids, a.price_designation,
        'all_orders' AS origin
    FROM all_orders AS a
    LEFT JOIN versions AS v ON v.amazon_order_id = a.amazon_order_id
    WHERE v.amazon_order_id IS NULL OR NOT (v.stands AND v.brings_items)
),
from_v0 AS (
    SELECT
        v.amazon_order_id, i.order_item_id, v.purchase_at,
        v.marketplace_id, v.sales_channel, v.raw_status, NULL AS item_status,
        v.is_replacement, v.is_business, v.fulfillment_channel,
        i.seller_sku, i.asin, i.title, i.quantity_ordered, i.quantity_shipped, i.currency,
        i.item_price, i.item_tax, i.shipping_price, i.shipping_tax, i.gift_wrap_price, i.gift_wrap_tax,
        i.promotion_discount, i.shipping_discount, i.promotion_ids, i.price_designation,
        v.origin
    FROM versions AS v
    INNER JOIN order_items_v0 AS i ON i.amazon_order_id = v.amazon_order_id
    WHERE v.stands AND v.origin = 'orders_v0' AND i.row_kind = 'item'
),
amounts_2026 AS (
    SELECT
        order_id, order_item_id, amount, proceeds_type AS kind,
        CASE node_path
            WHEN 'orderItems.proceeds.breakdowns.subtotal' THEN 'ALL'
            ELSE proceeds_subtype
        END AS part
    FROM orders_2026
    WHERE row_kind = 'amount' AND node_path IN (
        'orderItems.proceeds.breakdowns.subtotal', 'orderItems.proceeds.breakdowns.detailedBreakdowns.value'
    )
),
-- Tax and discount tell their parts only sometimes; without parts all of it is taken as the item's.
money_2026 AS (
    SELECT
        order_id, order_item_id,
        sum(amount) FILTER (WHERE kind = 'ITEM' AND part = 'ALL') AS item_price,
        sum(amount) FILTER (WHERE kind = 'SHIPPING' AND part = 'ALL') AS shipping_price,
        sum(amount) FILTER (WHERE kind = 'GIFT_WRAP' AND part = 'ALL') AS gift_wrap_price,
        sum(amount) FILTER (WHERE kind = 'TAX' AND part = 'ITEM') AS item_tax,
        sum(amount) FILTER (WHERE kind = 'TAX' AND part = 'SHIPPING') AS shipping_tax,
        sum(amount) FILTER (WHERE kind = 'TAX' AND part = 'GIFT_WRAP') AS gift_wrap_tax,
        sum(amount) FILTER (WHERE kind = 'TAX' AND part = 'ALL') AS tax,
        count(*) FILTER (WHERE kind = 'TAX' AND part <> 'ALL') AS tax_parts,
        sum(amount) FILTER (WHERE kind = 'DISCOUNT' AND part = 'ITEM') AS item_discount,
        sum(amount) FILTER (WHERE kind = 'DISCOUNT' AND part = 'SHIPPING') AS shipping_discount,
        sum(amount) FILTER (WHERE kind = 'DISCOUNT' AND part = 'ALL') AS discount,
        count(*) FILTER (WHERE kind = 'DISCOUNT' AND part <> 'ALL') AS discount_parts
    FROM amounts_2026
    GROUP BY order_id, order_item_id
),
from_2026 AS (
    SELECT
        v.amazon_order_id, i.order_item_id, v.purchase_at,
        v.marketplace_id, v.sales_channel, v.raw_status,
        -- An item taken out of an order that goes on: nothing shipped, nothing left to ship.
        CASE
            WHEN i.cancelled_by IS NOT NULL
                AND coalesce(i.quantity_fulfilled, 0) = 0 AND coalesce(i.quantity_unfulfilled, 0) = 0
                THEN 'CANCELLED'
        END AS item_status,
        v.is_replacement, v.is_business, v.fulfillment_channel,
        i.seller_sku, i.asin, i.title, i.quantity_ordered, i.quantity_fulfilled, i.item_currency,
        m.item_price, CASE WHEN m.tax_parts = 0 THEN m.tax ELSE m.item_tax END AS item_tax,
        m.shipping_price, m.shipping_tax, m.gift_wrap_price, m.gift_wrap_tax,
        CASE WHEN m.discount_parts = 0 THEN m.discount ELSE m.item_discount END AS item_promotion_discount,
        m.shipping_discount, i.promotions, i.price_designation,
        v.origin
    FROM versions AS v
    INNER JOIN orders_2026 AS i ON i.order_id = v.amazon_order_id
    LEFT JOIN money_2026 AS m ON m.order_id = i.order_id AND m.order_item_id = i.order_item_id
    WHERE v.stands AND v.origin = 'orders_2026' AND i.row_kind = 'item'
),
-- Orders only smaller reports know, by the first of these that has them.
others AS (
    SELECT
        1 AS precedence, order_id AS amazon_order_id, order_item_id, purchase_date AS purchase_at,
        sales_channel, NULL AS raw_status, NULL AS is_replacement, is_business_order AS is_business,
        coalesce(fulfilled_by, 'MFN') AS fulfillment_channel,
        sku, NULL AS asin, product_name, quantity_purchased AS units, quantity_shipped AS units_shipped, currency,
        item_price, item_tax, shipping_price, shipping_tax, gift_wrap_price, gift_wrap_tax,
        item_promotion_discount, ship_promotion_discount, item_promotion_id AS promotion_ids, price_designation,
        'order_report' AS origin
    FROM order_report
    UNION ALL
    SELECT
        2, amazon_order_id, amazon_order_item_id, min(purchase_date),
        max(sales_channel), 'Shipped', NULL, NULL,
        max(fulfillment_channel),
        sku, NULL, max(product_name), sum(quantity_shipped), sum(quantity_shipped), currency,
        sum(item_price), sum(item_tax), sum(shipping_price), sum(shipping_tax), sum(gift_wrap_price),
        sum(gift_wrap_tax), sum(item_promotion_discount), sum(ship_promotion_discount), NULL, NULL,
        'fulfilled_shipments'
    FROM fulfilled_shipments
    WHERE month_of(purchase_date) = $month
    GROUP BY amazon_order_id, amazon_order_item_id, sku, currency
    UNION ALL
    SELECT
        3, order_id, order_item_id, purchase_date,
        NULL, 'Unshipped', coalesce(is_replacement_order OR is_exchange_order, is_replacement_order, is_exchange_order),
        is_business_order,
        'MFN',
        sku, NULL, product_name, quantity_purchased, quantity_shipped, NULL,
        NULL, NULL, NULL, NULL, NULL, NULL,
        NULL, NULL, NULL, price_designation,
        'unshipped_orders'
    FROM unshipped_orders
    WHERE month_of(purchase_date) = $month
    QUALIFY rank() OVER (PARTITION BY order_id ORDER BY snapshot_day DESC) = 1
),
from_others AS (
    SELECT
        o.amazon_order_id, o.order_item_id, o.purchase_at,
        NULL AS marketplace_id, o.sales_channel, o.raw_status, NULL AS item_status,
        o.is_replacement, o.is_business, o.fulfillment_channel,
        o.sku, o.asin, o.product_name, o.units, o.units_shipped, o.currency,
        o.item_price, o.item_tax, o.shipping_price, o.shipping_tax, o.gift_wrap_price, o.gift_wrap_tax,
        o.item_promotion_discount, o.ship_promotion_discount, o.promotion_ids, o.price_designation,
        o.origin
    FROM others AS o
    LEFT ANTI JOIN newest_api AS n ON n.amazon_order_id = o.amazon_order_id
    LEFT ANTI JOIN all_orders AS a ON a.amazon_order_id = o.amazon_order_id
    QUALIFY rank() OVER (PARTITION BY o.amazon_order_id ORDER BY o.precedence) = 1
),
items AS (
    SELECT * FROM from_report
    UNION ALL
    SELECT * FROM from_v0
    UNION ALL
    SELECT * FROM from_2026
    UNION ALL
    SELECT * FROM from_others
),
named AS (
    SELECT *, order_status(raw_status) AS order_status
    FROM items
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
    i.amazon_order_id,
    i.order_item_id,
    i.purchase_at,
    local_day(i.purchase_at, coalesce(p.zone, 'UTC')) AS local_day,
    coalesce(i.marketplace_id, p.marketplace_id) AS marketplace_id,
    i.sales_channel,
    i.sku,
    i.asin,
    i.product_name,
    i.order_status,
    i.item_status,
    coalesce(i.order_status = 'Cancelled' OR order_status(i.item_status) = 'Cancelled', false) AS is_cancelled,
    coalesce(i.sales_channel LIKE 'Non-Amazon%', false) OR i.amazon_order_id LIKE 'S%' AS is_mcf,
    i.is_replacement,
    i.is_business,
    CASE
        WHEN i.fulfillment_channel IN ('Amazon', 'AFN', 'AMAZON') THEN 'AFN'
        WHEN i.fulfillment_channel IN ('Merchant', 'MFN', 'MERCHANT', 'Seller') THEN 'MFN'
        ELSE i.fulfillment_channel
    END AS fulfillment_channel,
    CASE
        WHEN i.order_status = 'Cancelled' OR order_status(i.item_status) = 'Cancelled' THEN 0
        ELSE i.units
    END AS units,
    i.units_shipped,
    i.currency,
    i.item_price,
    i.item_tax,
    i.shipping_price,
    i.shipping_tax,
    i.gift_wrap_price,
    i.gift_wrap_tax,
    abs(i.item_promotion_discount) AS item_promotion_discount,
    abs(i.ship_promotion_discount) AS ship_promotion_discount,
    i.promotion_ids,
    i.price_designation,
    i.origin
FROM named AS i
LEFT JOIN places AS p ON p.key = coalesce(i.marketplace_id, i.sales_channel)
