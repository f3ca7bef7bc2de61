/*
into = "reimbursement_gap"
severity = "warn"
doc = "Stock was adjusted or reimbursed for a reason that loss_reasons doesn't know: it is in no sum."
*/
SELECT fnsku, stock_pool, units_unknown FROM reimbursement_gap WHERE units_unknown > 0
