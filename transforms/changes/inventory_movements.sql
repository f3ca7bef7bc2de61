/*
doc = "Units that came into and left Amazon's warehouses."
[documents]
ledger_detail = [{ date = "day", event_type = "raw_event_type", fnsku = "fnsku" }]
*/
SELECT
    seller_id, event_type AS category, movement_day AS day, CAST(NULL AS VARCHAR) AS marketplace_id,
    CAST(NULL AS VARCHAR) AS currency, CAST(NULL AS VARCHAR) AS order_id, sku,
    CAST(NULL AS DECIMAL(18, 4)) AS amount, units,
    raw_event_type, fnsku
FROM inventory_movements
