/*
into = "money_sources"
severity = "block"
doc = """
Finances ends days before the settlements do, so the ledgers would lack the money of those days. Pull it to the present,
or name settlements as money_source in account_settings.
"""
*/
SELECT source, currency, last_day FROM money_sources WHERE ends_early
