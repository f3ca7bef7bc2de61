/*
doc = """
A rate holds until the pair's next, over weekends too. A line without a rate ends the one before it: from then on the
rate is unknown. A line tells the inverse as well, where the list has none for that day. Rates for all sellers stand in until the seller has
one of their own for the pair, in either direction.
A line that is there twice is one; two rates of a day contradict each other, and the table's key doesn't let them pass.
"""
[reads]
fx_rates = "all"
shared_fx_rates = "all"
*/
WITH listed AS (
    SELECT DISTINCT from_currency, to_currency, day, rate, 'own' AS origin
    FROM fx_rates
    UNION ALL
    SELECT DISTINCT from_currency, to_currency, day, rate, 'shared'
    FROM shared_fx_rates
),
both_ways AS (
    SELECT from_currency, to_currency, day, rate, origin, false AS is_inverse
    FROM listed
    UNION ALL
    SELECT to_currency, from_currency, day, ratio(1, rate), origin, true
    FROM listed
    WHERE (rate IS NULL OR ratio(1, rate) > 0) AND from_currency <> to_currency
),
own_since AS (
    SELECT from_currency, to_currency, min(day) AS own_from
    FROM both_ways
    WHERE origin = 'own'
    GROUP BY from_currency, to_currency
),
ranked AS (
    SELECT
        b.from_currency, b.to_currency, b.day, b.rate, b.origin, b.is_inverse,
        rank() OVER (
            PARTITION BY b.from_currency, b.to_currency, b.day ORDER BY b.is_inverse
        ) AS place
    FROM both_ways AS b
    LEFT JOIN own_since AS o ON b.from_currency = o.from_currency AND b.to_currency = o.to_currency
    WHERE b.origin = 'own' OR o.own_from IS NULL OR b.day < o.own_from
)
SELECT
    from_currency,
    to_currency,
    day AS valid_from,
    lead(day) OVER (PARTITION BY from_currency, to_currency ORDER BY day) AS valid_to,
    rate,
    origin,
    is_inverse
FROM ranked
WHERE place = 1
