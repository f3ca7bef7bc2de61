/*
into = "settlement_lines"
severity = "warn"
doc = "Amazon's vocabulary is open: names no row of money_categories fits count as other in profit until one does."
*/
SELECT transaction_type, amount_type, amount_description, currency, count(*) AS lines, sum(amount) AS amount
FROM settlement_lines
WHERE category = 'unclassified'
GROUP BY transaction_type, amount_type, amount_description, currency
