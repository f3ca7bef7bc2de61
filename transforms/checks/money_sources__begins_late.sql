/*
into = "money_sources"
severity = "warn"
doc = """
Another view of the money begins before the one the ledgers take: what it tells of earlier days is in no ledger and no
profit. Pull the chosen one further back (`sellerlake backfill`), or name the other as money_source in account_settings.
"""
*/
SELECT source FROM money_sources WHERE chosen AND begins_late
