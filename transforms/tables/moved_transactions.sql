/*
doc = """
Which transactions lie under more than one date. They are few, and a table of their own, so that what they tell of the
month before makes none of its lines anew.
"""
[reads]
finance_transactions = "0..1"
*/
SELECT transaction_id, min(posted_date) AS first_posted_at, max(posted_date) AS last_posted_at
FROM finance_transactions
WHERE row_kind = 'transaction' AND transaction_id IS NOT NULL
GROUP BY transaction_id
HAVING min(posted_date) < max(posted_date) AND month_of(min(posted_date)) = $month
