/*
doc = """
Rows of the FBA returns report. A row whose status changed arrives again with its whole day. One whose date moved, in this
month or into the next, arrives again on another day: of one order, SKU and licence plate the rows of the last day count.
"""
[reads]
fba_returns = "0..1"
*/
WITH moved AS (
    SELECT order_id, sku, license_plate_number, max(CAST(return_date AS DATE)) AS last_day
    FROM fba_returns
    WHERE license_plate_number <> ''
    GROUP BY order_id, sku, license_plate_number
    HAVING min(CAST(return_date AS DATE)) < max(CAST(return_date AS DATE))
)
SELECT
    r.return_date AS returned_at,
    CAST(r.return_date AS DATE) AS return_day,
    r.order_id AS amazon_order_id,
    r.sku,
    r.asin,
    r.fnsku,
    r.product_name,
    r.quantity AS units,
    r.fulfillment_center_id,
    r.detailed_disposition AS disposition,
    upper(r.detailed_disposition) = 'SELLABLE' AS is_sellable,
    r.reason,
    r.status,
    r.license_plate_number
FROM fba_returns AS r
LEFT JOIN moved AS m
    ON m.order_id = r.order_id AND m.sku = r.sku AND m.license_plate_number = r.license_plate_number
WHERE month_of(CAST(r.return_date AS DATE)) = $month
    AND (m.last_day IS NULL OR CAST(r.return_date AS DATE) = m.last_day)
