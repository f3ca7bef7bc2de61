/*
into = "finance_lines"
severity = "warn"
doc = "A status Amazon has added since: such lines count in the accrual lens, and not as cash."
*/
SELECT transaction_status, count(*) AS lines
FROM finance_lines
WHERE upper(transaction_status) NOT IN ('DEFERRED', 'DEFERRED_RELEASED', 'RELEASED')
GROUP BY transaction_status
