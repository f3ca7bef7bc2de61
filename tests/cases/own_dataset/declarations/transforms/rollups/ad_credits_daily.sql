/*
doc = "Credits per day and currency."
[reads]
ad_credits = "0"
*/
SELECT granted_on AS day, currency, sum(amount) AS credited, count(*) AS credits
FROM ad_credits
GROUP BY granted_on, currency
