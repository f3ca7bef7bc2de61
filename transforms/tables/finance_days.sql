/*
doc = """
The days of each account that Finances covers. A row of days that were asked for stands whether anything happened or not.
"""
[reads]
finance_transactions = "0"
*/
SELECT account, CAST(posted_date AS DATE) AS day, transaction_currency AS currency
FROM finance_transactions
WHERE row_kind = 'day' OR row_kind = 'transaction' AND transaction_currency IS NOT NULL
GROUP BY account, CAST(posted_date AS DATE), transaction_currency
