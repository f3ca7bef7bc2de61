/*
into = "finance_lines"
severity = "warn"
doc = "Amazon's vocabulary is open: names no row of money_categories fits count as other in profit until one does."
*/
SELECT transaction_type, description, raw_type, currency, count(*) AS lines, sum(amount) AS amount
FROM finance_lines
WHERE category = 'unclassified' AND amount <> 0
GROUP BY transaction_type, description, raw_type, currency
