/*
into = "fx"
severity = "block"
doc = "A rate of 0 or less would erase or turn amounts."
*/
SELECT from_currency, to_currency, valid_from, rate
FROM fx
WHERE rate <= 0
