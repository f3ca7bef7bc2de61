/*
doc = "A rate holds until the pair's next, over weekends too. A rate taken back leaves the one before it in force."
[reads]
fx_rates = "all"
*/
SELECT
    from_currency,
    to_currency,
    day AS valid_from,
    lead(day) OVER (PARTITION BY from_currency, to_currency ORDER BY day) AS valid_to,
    rate
FROM fx_rates
WHERE rate IS NOT NULL
