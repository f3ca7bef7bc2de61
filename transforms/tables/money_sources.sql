/*
doc = """
Which of the three views of the money the ledgers take for this seller: the one its account settings name; else
Finances 2024-06-19 where any of it is loaded, else settlements, else Finances v0 (amazon.md: Money told twice).
"""
[reads]
account_settings = "all"
finance_transactions = "all"
settlement_v2 = "all"
settlement_v1 = "all"
finance_event_pages = "all"
*/
WITH views AS (
    SELECT 'finances' AS source, 1 AS place, count(*) > 0 AS has_rows, CAST(min(posted_date) AS DATE) AS first_day
    FROM finance_transactions
    UNION ALL
    SELECT 'settlements', 2, count(*) > 0, CAST(min(settlement_end_date) AS DATE)
    FROM (
        SELECT settlement_end_date FROM settlement_v2 UNION ALL SELECT settlement_end_date FROM settlement_v1
    ) AS layouts
    UNION ALL
    SELECT 'finance_events', 3, count(*) > 0, CAST(min(posted_date) AS DATE) FROM finance_event_pages
),
-- Accounts of one seller that name different views cancel out: the rows can't tell whose money they are.
declared AS (
    SELECT min(lower(money_source)) AS source
    FROM account_settings
    WHERE lower(money_source) IN ('finances', 'settlements', 'finance_events')
    HAVING count(DISTINCT lower(money_source)) = 1
),
loaded AS (
    SELECT min(place) AS place FROM views WHERE has_rows
)
SELECT
    v.source, v.has_rows, coalesce(v.first_day > min(v.first_day) OVER (), false) AS begins_late,
    CASE WHEN d.source IS NOT NULL THEN d.source = v.source ELSE coalesce(l.place = v.place, false) END AS chosen,
    CASE WHEN d.source IS NOT NULL THEN 'account_settings' ELSE 'loaded' END AS chosen_by
FROM views AS v
CROSS JOIN loaded AS l
LEFT JOIN declared AS d ON true
