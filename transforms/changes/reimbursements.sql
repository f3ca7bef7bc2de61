/*
doc = "What Amazon granted for lost or damaged stock, as its report explains it; the money is in the ledger too."
[documents]
fba_reimbursements = [{ reimbursement_id = "reimbursement_id" }]
*/
SELECT
    seller_id, CASE WHEN is_reversal THEN 'reimbursements_reversed' ELSE 'reimbursements_granted' END AS category,
    approval_day AS day, CAST(NULL AS VARCHAR) AS marketplace_id, currency, amazon_order_id AS order_id, sku,
    amount_total AS amount, units_total AS units,
    reimbursement_id
FROM reimbursements
