/*
into = "money_sources"
severity = "warn"
doc = """
Another view of the money begins before the one the account settings name: what it tells of earlier days is in no ledger
and no profit. Pull the named one further back (`sellerlake backfill`), or name none.
"""
*/
SELECT source, currency, first_day FROM money_sources WHERE chosen AND begins_late
