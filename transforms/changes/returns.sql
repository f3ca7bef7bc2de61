/*
doc = "Units customers returned to Amazon's warehouses."
[documents]
fba_returns = [{ order_id = "order_id", sku = "sku" }]
*/
SELECT
    seller_id, 'units_returned' AS category, return_day AS day, CAST(NULL AS VARCHAR) AS marketplace_id,
    CAST(NULL AS VARCHAR) AS currency, amazon_order_id AS order_id, sku,
    CAST(NULL AS DECIMAL(18, 4)) AS amount, units
FROM returns
