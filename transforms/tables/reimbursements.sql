/*
doc = "Rows of the reimbursements report as they are; a reversal is told by its reason or by its sign."
[reads]
fba_reimbursements = "0"
*/
SELECT
    approval_date AS approval_day,
    reimbursement_id,
    case_id,
    amazon_order_id,
    reason,
    coalesce(reason = 'Reimbursement_Reversal', false) OR coalesce(amount_total < 0, false)
        OR coalesce(quantity_reimbursed_total < 0, false) AS is_reversal,
    sku,
    fnsku,
    asin,
    product_name,
    condition,
    currency_unit AS currency,
    amount_per_unit,
    amount_total,
    quantity_reimbursed_cash AS units_cash,
    quantity_reimbursed_inventory AS units_inventory,
    quantity_reimbursed_total AS units_total,
    original_reimbursement_id,
    original_reimbursement_type
FROM fba_reimbursements
