/*
doc = """
One view of the money for each day, so that no day's money is taken twice or, while another view has it, not at all
(amazon.md: Money told twice). All of them date their money alike.
"""
[reads]
account_settings = "all"
finance_days = "0"
settlements = "0..3"
ledger_all = "0"
*/
-- Accounts of one seller that name different views cancel out: the rows can't tell whose money they are.
WITH declared AS (
    SELECT min(lower(money_source)) AS source
    FROM account_settings
    WHERE lower(money_source) IN ('finances', 'settlements', 'finance_events')
    HAVING count(DISTINCT lower(money_source)) = 1
),
told AS (
    SELECT
        source, currency, CAST(event_at AS DATE) AS day,
        bool_or(in_cash AND category_group <> 'balance') AS tells_money
    FROM ledger_all
    WHERE balanced
    GROUP BY source, currency, CAST(event_at AS DATE)
),
-- An account is asked for all its currencies at once: those it tells anything of in the month.
asked AS (
    SELECT a.currency, d.day
    FROM finance_days AS d
    INNER JOIN (SELECT DISTINCT account, currency FROM finance_days WHERE currency IS NOT NULL) AS a
        ON coalesce(d.account, '') = coalesce(a.account, '')
    WHERE d.currency IS NULL
),
settled AS (
    SELECT t.currency, t.day
    FROM told AS t
    INNER JOIN settlements AS s
        ON coalesce(t.currency, '') = coalesce(s.currency, '')
        AND t.day BETWEEN CAST(s.started_at AS DATE) AND CAST(s.ended_at AS DATE)
    WHERE s.balanced
),
covered AS (
    SELECT 'finances' AS source, currency, day, false AS tells, false AS tells_money FROM asked
    UNION ALL
    SELECT 'finances', currency, day, false, false FROM finance_days WHERE currency IS NOT NULL
    UNION ALL
    SELECT 'settlements', currency, day, false, false FROM settled
    UNION ALL
    SELECT source, currency, day, true, tells_money FROM told
),
views AS (
    SELECT currency, day, source, bool_or(tells) AS tells, bool_or(tells_money) AS tells_money
    FROM covered
    GROUP BY currency, day, source
),
days AS (
    SELECT
        v.currency, v.day, d.source IS NOT NULL AS is_declared,
        coalesce(
            min(d.source),
            CASE
                WHEN bool_or(v.source = 'finances') THEN 'finances'
                WHEN bool_or(v.source = 'settlements') THEN 'settlements'
                ELSE 'finance_events'
            END
        ) AS source
    FROM views AS v
    LEFT JOIN declared AS d ON true
    GROUP BY v.currency, v.day, d.source IS NOT NULL
)
SELECT
    d.currency, d.day, d.source,
    CASE WHEN d.is_declared THEN 'account_settings' ELSE 'loaded' END AS chosen_by,
    bool_or(v.source = d.source AND v.tells) AS tells,
    bool_or(v.source <> d.source AND v.tells_money) AS others_tell
FROM days AS d
INNER JOIN views AS v ON d.day = v.day AND coalesce(d.currency, '') = coalesce(v.currency, '')
GROUP BY d.currency, d.day, d.source, d.is_declared
