/*
doc = """
Each day's list as it is; twins survive. Amazon names no currency, so the marketplace's is taken.
"""
[reads]
fba_stranded = "0"
marketplaces = "all"
*/
SELECT
    s.snapshot_day,
    s.marketplace_id,
    s.sku,
    s.fnsku,
    s.asin,
    s.product_name,
    s.condition,
    s.date_stranded AS stranded_on,
    CAST(s.snapshot_day - s.date_stranded AS BIGINT) AS days_stranded,
    s.date_to_take_auto_removal AS removal_on,
    s.stranded_reason AS reason,
    concat_ws(': ', s.status_primary, s.status_secondary) AS status,
    s.error_message,
    s.primary_action AS suggested_action,
    s.fulfillable_qty AS fulfillable_units,
    s.unfulfillable_qty AS unfulfillable_units,
    s.reserved_quantity AS reserved_units,
    s.inbound_shipped_qty AS inbound_shipped_units,
    s.your_price AS price,
    m.currency
FROM fba_stranded AS s
LEFT JOIN marketplaces AS m ON m.marketplace_id = s.marketplace_id
