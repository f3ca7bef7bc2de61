/*
into = "ad_credits_daily"
severity = "block"
doc = "A credit is money granted; a negative one is a typing mistake in the sheet."
*/
SELECT day, currency, credited FROM ad_credits_daily WHERE credited < 0
