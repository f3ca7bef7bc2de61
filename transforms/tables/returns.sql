/*
doc = """
Rows of the FBA returns report as they are. A row whose status changed arrives again with its whole day, so nothing is
merged here.
"""
[reads]
fba_returns = "0"
*/
SELECT
    return_date AS returned_at,
    CAST(return_date AS DATE) AS return_day,
    order_id AS amazon_order_id,
    sku,
    asin,
    fnsku,
    product_name,
    quantity AS units,
    fulfillment_center_id,
    detailed_disposition AS disposition,
    upper(detailed_disposition) = 'SELLABLE' AS is_sellable,
    reason,
    status,
    license_plate_number
FROM fba_returns
