/*
into = "ledger_all"
severity = "block"
doc = "A release whose deferred transaction is loaded must not count in the accrual lens: the sale would be double."
*/
SELECT DISTINCT source, source_txn_id, supersedes FROM ledger_all WHERE supersedes IS NOT NULL AND in_accrual
