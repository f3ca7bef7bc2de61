/*
doc = "Storage fees as Amazon estimates them by month, negative; the charge itself is in the ledger."
[documents]
storage_fee_charges = [{ month_of_charge = "day", fnsku = "fnsku" }]
*/
SELECT
    seller_id, 'storage_fee_estimate' AS category, charge_month AS day, CAST(NULL AS VARCHAR) AS marketplace_id,
    currency, CAST(NULL AS VARCHAR) AS order_id, sku,
    -estimated_fee AS amount, CAST(NULL AS BIGINT) AS units,
    fnsku
FROM storage_fees
