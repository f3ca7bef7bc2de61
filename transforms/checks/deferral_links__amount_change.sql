/*
into = "deferral_links"
severity = "warn"
doc = """
A release with another amount than its deferred transaction: the accrual lens still holds Amazon's estimate. Read the
deferred transaction's day again.
"""
*/
SELECT release_id, deferred_id, deferred_month, currency, release_amount, deferred_amount, amount_change
FROM deferral_links
WHERE amount_change <> 0
