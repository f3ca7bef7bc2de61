/*
into = "ledger_all"
severity = "block"
doc = "Within the accrual lens a release and the deferred transaction it repeats must never both count."
[reads]
deferral_links = "0"
*/
SELECT DISTINCT l.source_txn_id
FROM ledger_all AS l
INNER JOIN deferral_links AS d ON l.source_txn_id = d.release_id
WHERE l.source = 'finances' AND l.in_accrual AND d.deferred_found
