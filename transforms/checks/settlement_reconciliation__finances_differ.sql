/*
into = "settlement_reconciliation"
severity = "warn"
doc = """
Settlement and Finances tell the same money; where both are loaded for the whole period, what was earned and spent
should be equal.
"""
*/
SELECT settlement_id, currency, activity, matched_by, finances_activity, finances_difference
FROM settlement_reconciliation
WHERE finances_difference <> 0
