/*
doc = """
The newest list of each marketplace, whole: a listing that left it is gone. Amazon names no currency, so the
marketplace's is taken.
"""
[reads]
merchant_listings = "all"
marketplaces = "all"
*/
WITH newest AS (
    SELECT marketplace_id, max(snapshot_day) AS snapshot_day
    FROM merchant_listings
    GROUP BY marketplace_id
)
SELECT
    l.snapshot_day,
    l.marketplace_id,
    l.seller_sku AS sku,
    l.listing_id,
    coalesce(l.asin1, CASE WHEN l.product_id_type = '1' THEN l.product_id END) AS asin,
    l.product_id,
    l.product_id_type,
    l.item_name AS product_name,
    l.price,
    m.currency,
    l.quantity AS mfn_units,
    l.pending_quantity AS pending_units,
    CASE
        WHEN upper(l.fulfillment_channel) = 'DEFAULT' THEN 'MFN'
        WHEN upper(l.fulfillment_channel) LIKE 'AMAZON%' THEN 'AFN'
        ELSE l.fulfillment_channel
    END AS fulfillment_channel,
    l.status,
    CASE
        WHEN lower(l.status) IN ('active', 'aktiv', 'actif', 'activo', 'attivo', '出品中') THEN true
        WHEN lower(l.status) IN ('inactive', 'incomplete', 'inaktiv', 'inactif', 'inactivo', 'inattivo') THEN false
    END AS is_active,
    l.item_condition,
    l.open_date AS opened_at
FROM merchant_listings AS l
INNER JOIN newest AS n
    ON n.snapshot_day = l.snapshot_day AND (n.marketplace_id IS NOT DISTINCT FROM l.marketplace_id)
LEFT JOIN marketplaces AS m ON m.marketplace_id = l.marketplace_id
