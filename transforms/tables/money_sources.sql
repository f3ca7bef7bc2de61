/*
doc = """
Which of the three views of the money the ledgers take: the one the seller's account settings name, alone. Else, in each
currency, Finances 2024-06-19 from the first day it tells anything of; before that the settlements, and before these
Finances v0. All of them date their money alike, so that no two tell of the same days (amazon.md: Money told twice).
Finances that begins no earlier than the settlements and ends days before them is a sample, not the books: the settlements
count.
"""
[reads]
account_settings = "all"
ledger_all = "all"
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
    SELECT c.currency, v.source, v.place, t.first_day, t.last_day
    FROM currencies AS c
    CROSS JOIN (VALUES ('finances', 2), ('settlements', 3), ('finance_events', 4)) AS v (source, place)
    LEFT JOIN told AS t ON v.source = t.source AND coalesce(c.currency, '') = coalesce(t.currency, '')
),
-- A settlement may be here before the transactions of its last days are.
shortfalls AS (
    SELECT
        *,
        source = 'finances' AND coalesce(
            last_day + INTERVAL '3' DAY
                < max(CASE WHEN source = 'settlements' THEN last_day END) OVER (PARTITION BY currency),
            false
        ) AS ends_early,
        coalesce(
            first_day >= max(CASE WHEN source = 'settlements' THEN first_day END) OVER (PARTITION BY currency), false
        ) AS begins_within
    FROM views
),
spans AS (
    SELECT
        *,
        min(first_day) OVER (
            PARTITION BY currency ORDER BY CASE WHEN ends_early AND begins_within THEN 5 ELSE place END
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS counts_before
    FROM shortfalls
),
-- Accounts of one seller that name different views cancel out: the rows can't tell whose money they are.
declared AS (
    SELECT min(lower(money_source)) AS source
    FROM account_settings
    WHERE lower(money_source) IN ('finances', 'settlements', 'finance_events')
    HAVING count(DISTINCT lower(money_source)) = 1
)
SELECT
    s.source, s.currency, s.first_day IS NOT NULL AS has_rows, s.first_day, s.last_day,
    CASE
        WHEN d.source IS NOT NULL THEN d.source = s.source
        ELSE s.first_day IS NOT NULL AND (s.counts_before IS NULL OR s.first_day < s.counts_before)
    END AS chosen,
    CASE WHEN d.source IS NULL THEN s.counts_before END AS counts_before,
    CASE WHEN d.source IS NOT NULL THEN 'account_settings' ELSE 'loaded' END AS chosen_by,
    d.source IS NOT NULL AND coalesce(s.first_day > min(s.first_day) OVER (PARTITION BY s.currency), false)
        AS begins_late,
    d.source IS NULL AND s.ends_early AND NOT s.begins_within AS ends_early
FROM spans AS s
LEFT JOIN declared AS d ON true
