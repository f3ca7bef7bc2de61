/*
doc = """
The newest list of each marketplace, whole: a listing that left it is gone. A listing's facts are gathered from the
sections the answer comes in.
"""
[reads]
listings_items = "all"
*/
WITH newest AS (
    SELECT marketplace_id, max(snapshot_day) AS snapshot_day
    FROM listings_items
    GROUP BY marketplace_id
)
SELECT
    l.snapshot_day,
    l.marketplace_id,
    l.sku,
    max(l.asin) AS asin,
    max(l.fn_sku) AS fnsku,
    max(l.item_name) AS product_name,
    max(l.product_type) AS product_type,
    max(l.condition_type) AS item_condition,
    bool_or(strpos(l.status, '"BUYABLE"') > 0) AS is_buyable,
    bool_or(strpos(l.status, '"DISCOVERABLE"') > 0) AS is_discoverable,
    coalesce(bool_or(strpos(l.issue_actions, 'SUPPRESSED') > 0), false) AS is_suppressed,
    count(*) FILTER (WHERE l.issue_severity = 'ERROR') AS errors,
    count(*) FILTER (WHERE l.issue_severity = 'WARNING') AS warnings,
    max(l.price) FILTER (WHERE l.offer_type = 'B2C') AS price,
    max(l.currency) FILTER (WHERE l.offer_type = 'B2C') AS currency,
    max(l.quantity) FILTER (WHERE upper(l.fulfillment_channel_code) = 'DEFAULT') AS mfn_units,
    max(l.created_date) AS listed_at,
    max(l.last_updated_date) AS updated_at,
    max(l.main_image) AS image_url
FROM listings_items AS l
INNER JOIN newest AS n
    ON n.snapshot_day = l.snapshot_day AND (n.marketplace_id IS NOT DISTINCT FROM l.marketplace_id)
GROUP BY l.snapshot_day, l.marketplace_id, l.sku
