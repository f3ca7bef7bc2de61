/*
into = "finance_lines"
severity = "warn"
doc = "A marketplace the reference table doesn't know: Amazon has opened one. Its days are UTC's."
*/
SELECT t.marketplace_id, count(*) AS lines
FROM finance_lines AS t
LEFT ANTI JOIN marketplaces AS m ON m.marketplace_id = t.marketplace_id
WHERE t.marketplace_id IS NOT NULL
GROUP BY t.marketplace_id
