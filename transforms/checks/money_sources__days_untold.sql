/*
into = "money_sources"
severity = "left_out"
doc = """
The view of the money that counts tells nothing of days on which another view tells money: that is in no ledger and no profit
(money_days names them: others_tell AND NOT tells). Load what the view lacks; or name another one in account_settings.
"""
*/
SELECT source, currency, days_untold FROM money_sources WHERE days_untold > 0
