/*
doc = """
Which deferred transaction each release repeats (amazon.md: Deferred transactions). Filed by month of the release,
reading back a year for the deferred side, so that a late delivery of either corrects the months of their releases and
no other.
"""
[reads]
finance_transactions = "-12..0"
*/
WITH transactions AS (
    SELECT
        transaction_id,
        max(posted_date) AS posted_at, max(transaction_status) AS status,
        max(transaction_currency) AS currency, max(transaction_amount) AS amount,
        max(deferred_transaction_id) AS deferred_id, max(release_transaction_id) AS release_id
    FROM finance_transactions
    WHERE row_kind = 'transaction' AND transaction_id IS NOT NULL
    GROUP BY transaction_id
),
-- Either side may name the other; both naming each other is one link.
links AS (
    SELECT transaction_id AS release_id, deferred_id FROM transactions
    WHERE deferred_id IS NOT NULL AND deferred_id <> transaction_id
    UNION
    SELECT release_id, transaction_id AS deferred_id FROM transactions
    WHERE release_id IS NOT NULL AND release_id <> transaction_id
)
SELECT
    l.release_id,
    r.posted_at AS release_posted_at,
    l.deferred_id,
    d.transaction_id IS NOT NULL AS deferred_found,
    d.posted_at AS deferred_posted_at,
    month_of(d.posted_at) AS deferred_month,
    d.status AS deferred_status,
    r.currency, r.amount AS release_amount,
    d.amount AS deferred_amount,
    CASE WHEN r.currency = d.currency THEN CAST(r.amount - d.amount AS DECIMAL(18, 4)) END AS amount_change
FROM links AS l
INNER JOIN transactions AS r ON l.release_id = r.transaction_id
LEFT JOIN transactions AS d ON l.deferred_id = d.transaction_id
WHERE month_of(r.posted_at) = $month
