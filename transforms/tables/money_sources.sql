/*
doc = """
What each of the three views of the money tells of, and how many days of it count (money_days).
"""
[reads]
account_settings = "all"
ledger_all = "all"
money_days = "all"
*/
-- Reserves stand at a settlement's end, and in no transaction.
WITH told AS (
    SELECT
        source, currency, CAST(min(event_at) AS DATE) AS first_day,
        CAST(max(CASE WHEN category_group <> 'balance' THEN posted_at END) AS DATE) AS last_day
    FROM ledger_all
    GROUP BY source, currency
),
-- While nothing is loaded, one row a view.
currencies AS (
    SELECT DISTINCT currency FROM told
    UNION ALL
    SELECT CAST(NULL AS VARCHAR) AS currency FROM (SELECT count(*) AS lines FROM told) AS t WHERE t.lines = 0
),
views AS (
    SELECT
        c.currency, v.source, t.first_day, t.last_day,
        min(t.first_day) OVER (PARTITION BY c.currency) AS first_day_of_any
    FROM currencies AS c
    CROSS JOIN (VALUES ('finances'), ('settlements'), ('finance_events')) AS v (source)
    LEFT JOIN told AS t ON v.source = t.source AND coalesce(c.currency, '') = coalesce(t.currency, '')
),
-- Accounts of one seller that name different views cancel out: the rows can't tell whose money they are.
declared AS (
    SELECT min(lower(money_source)) AS source
    FROM account_settings
    WHERE lower(money_source) IN ('finances', 'settlements', 'finance_events')
    HAVING count(DISTINCT lower(money_source)) = 1
),
counted AS (
    SELECT
        v.source, v.currency, count(*) AS days,
        -- Before and after a view that the user has chosen, others may go further.
        count(*) FILTER (
            WHERE d.others_tell AND NOT d.tells AND (d.chosen_by = 'loaded' OR d.day BETWEEN v.first_day AND v.last_day)
        ) AS days_untold
    FROM views AS v
    INNER JOIN money_days AS d ON v.source = d.source AND coalesce(v.currency, '') = coalesce(d.currency, '')
    GROUP BY v.source, v.currency
)
SELECT
    v.source, v.currency, v.first_day IS NOT NULL AS has_rows, v.first_day, v.last_day,
    CASE WHEN d.source IS NOT NULL THEN d.source = v.source ELSE c.days IS NOT NULL END AS chosen,
    coalesce(c.days, 0) AS days_counted,
    coalesce(c.days_untold, 0) AS days_untold,
    CASE WHEN d.source IS NOT NULL THEN 'account_settings' ELSE 'loaded' END AS chosen_by,
    d.source IS NOT NULL AND coalesce(v.first_day > v.first_day_of_any, false) AS begins_late
FROM views AS v
LEFT JOIN declared AS d ON true
LEFT JOIN counted AS c ON v.source = c.source AND coalesce(v.currency, '') = coalesce(c.currency, '')
