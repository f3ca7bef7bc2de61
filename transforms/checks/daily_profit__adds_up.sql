/*
into = "daily_profit"
severity = "block"
doc = "The shown parts of profit_before_cogs are all there is in it, and they are the ledger's: nothing is lost on the way."
[reads]
ledger = "-1..1"
*/
WITH booked AS (
    SELECT currency, sum(amount) AS amount
    FROM ledger
    WHERE in_accrual AND category_group NOT IN ('balance', 'tax', 'advertising') AND month_of(local_day) = $month
    GROUP BY currency
),
shown AS (
    SELECT currency, sum(profit_before_cogs - advertising) AS amount FROM daily_profit GROUP BY currency
)
SELECT b.currency, b.amount AS ledger_amount, s.amount AS profit_amount
FROM booked AS b
LEFT JOIN shown AS s ON coalesce(b.currency, '') = coalesce(s.currency, '')
WHERE s.amount IS NULL OR s.amount <> b.amount
