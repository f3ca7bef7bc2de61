/*
into = "finance_lines"
severity = "left_out"
doc = "A transaction's lines must add up to its total. One that doesn't stays out of the ledgers."
*/
SELECT
    transaction_id, transaction_type, posted_at, currency, max(transaction_amount) AS transaction_amount,
    sum(amount) AS lines_total
FROM finance_lines
WHERE NOT balanced
GROUP BY transaction_id, transaction_type, posted_at, currency
