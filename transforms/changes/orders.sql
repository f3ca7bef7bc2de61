/*
doc = "Items ordered and not cancelled: their units and prices by the day of the order."
[documents]
all_orders = [{ amazon_order_id = "order_id" }]
orders_2026 = [{ order_id = "order_id" }]
orders_v0 = [{ amazon_order_id = "order_id" }]
order_items_v0 = [{ amazon_order_id = "order_id" }]
order_report = [{ order_id = "order_id" }]
unshipped_orders = [{ order_id = "order_id" }]
fulfilled_shipments = [{ amazon_order_id = "order_id" }]
*/
WITH items AS (
    SELECT
        *,
        CASE WHEN is_mcf THEN 'multi_channel_items' WHEN is_replacement THEN 'replacement_items' ELSE 'items' END
            AS category
    FROM order_items
    WHERE NOT is_cancelled
)
SELECT
    seller_id, category, local_day AS day, marketplace_id, currency, amazon_order_id AS order_id, sku,
    item_price AS amount, units
FROM items
UNION ALL
SELECT seller_id, 'item_tax', local_day, marketplace_id, currency, amazon_order_id, sku, item_tax, NULL
FROM items
WHERE item_tax IS NOT NULL
UNION ALL
SELECT seller_id, 'shipping', local_day, marketplace_id, currency, amazon_order_id, sku, shipping_price, NULL
FROM items
WHERE shipping_price IS NOT NULL
UNION ALL
SELECT seller_id, 'gift_wrap', local_day, marketplace_id, currency, amazon_order_id, sku, gift_wrap_price, NULL
FROM items
WHERE gift_wrap_price IS NOT NULL
UNION ALL
SELECT seller_id, 'item_discount', local_day, marketplace_id, currency, amazon_order_id, sku, -item_promotion_discount, NULL
FROM items
WHERE item_promotion_discount IS NOT NULL
UNION ALL
SELECT seller_id, 'shipping_discount', local_day, marketplace_id, currency, amazon_order_id, sku, -ship_promotion_discount, NULL
FROM items
WHERE ship_promotion_discount IS NOT NULL
