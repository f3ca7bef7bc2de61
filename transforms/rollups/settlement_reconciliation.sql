/*
doc = """
Does each settlement add up, and does Finances 2024-06-19 tell the same money? Transactions are matched by the
settlement id they name; else by their financial event group, where one group of the settlement's currency lies
within its dates, or one of several has its amount (amazon.md: Reconciliation). Compared is what was earned and spent,
without balance movements, in the cash lens, and only where the transactions loaded reach over the settlement's whole
period: a part of them always differs.
"""
[reads]
settlements = "0"
settlement_lines = "-3..0"
finance_lines = "-3..1"
marketplaces = "all"
*/
-- A settlement without lines is one in which nothing was earned or spent.
WITH line_sums AS (
    SELECT
        s.settlement_id,
        CAST(coalesce(sum(l.amount) FILTER (WHERE l.category_group = 'balance'), 0) AS DECIMAL(18, 4))
            AS balance_movements,
        CAST(coalesce(sum(l.amount) FILTER (WHERE l.category_group <> 'balance'), 0) AS DECIMAL(18, 4)) AS activity,
        CAST(coalesce(sum(l.amount) FILTER (WHERE l.category = 'unclassified'), 0) AS DECIMAL(18, 4)) AS unclassified
    FROM settlements AS s
    LEFT JOIN settlement_lines AS l ON s.settlement_id = l.settlement_id
    GROUP BY s.settlement_id
),
-- A transaction is listed up to two days late, and its day is read again once a day. Transactions are pulled by region,
-- and a currency is at home in one.
regions AS (
    SELECT currency, min(region) AS region
    FROM marketplaces
    GROUP BY currency
),
covered AS (
    SELECT
        r.region,
        date_trunc('day', min(f.posted_at)) AS first_at,
        max(f.posted_at) - INTERVAL '3' DAY AS last_at
    FROM finance_lines AS f
    INNER JOIN regions AS r ON f.currency = r.currency
    GROUP BY r.region
),
cash AS (
    SELECT settlement_id, financial_event_group_id, currency, posted_at, amount
    FROM finance_lines
    WHERE coalesce(upper(transaction_status), 'RELEASED') = 'RELEASED' AND category_group <> 'balance'
),
by_settlement AS (
    SELECT settlement_id, currency, CAST(sum(amount) AS DECIMAL(18, 4)) AS activity
    FROM cash
    WHERE settlement_id IS NOT NULL
    GROUP BY settlement_id, currency
),
by_group AS (
    SELECT
        financial_event_group_id, currency, min(posted_at) AS first_at, max(posted_at) AS last_at,
        CAST(sum(amount) AS DECIMAL(18, 4)) AS activity
    FROM cash
    WHERE settlement_id IS NULL AND financial_event_group_id IS NOT NULL
    GROUP BY financial_event_group_id, currency
),
candidates AS (
    SELECT
        s.settlement_id,
        count(*) AS groups,
        min(g.financial_event_group_id) AS only_group,
        min(g.activity) AS only_activity,
        count(*) FILTER (WHERE g.activity = l.activity) AS equal_groups,
        min(g.financial_event_group_id) FILTER (WHERE g.activity = l.activity) AS equal_group
    FROM settlements AS s
    INNER JOIN line_sums AS l ON s.settlement_id = l.settlement_id
    INNER JOIN by_group AS g ON s.currency = g.currency AND g.first_at >= s.started_at AND g.last_at <= s.ended_at
    GROUP BY s.settlement_id
),
matched AS (
    SELECT
        s.settlement_id, l.balance_movements, l.activity, l.unclassified,
        CASE
            WHEN b.settlement_id IS NOT NULL THEN 'settlement_id'
            WHEN c.equal_groups = 1 OR c.groups = 1 THEN 'financial_event_group'
        END AS matched_by,
        CASE
            WHEN b.settlement_id IS NOT NULL THEN NULL
            WHEN c.equal_groups = 1 THEN c.equal_group
            WHEN c.groups = 1 THEN c.only_group
        END AS financial_event_group_id,
        CASE
            WHEN b.settlement_id IS NOT NULL THEN b.activity
            WHEN c.equal_groups = 1 THEN l.activity
            WHEN c.groups = 1 THEN c.only_activity
        END AS finances_activity
    FROM settlements AS s
    INNER JOIN line_sums AS l ON s.settlement_id = l.settlement_id
    LEFT JOIN by_settlement AS b ON s.settlement_id = b.settlement_id AND s.currency = b.currency
    LEFT JOIN candidates AS c ON s.settlement_id = c.settlement_id
)
SELECT
    s.settlement_id, s.source, s.currency, s.started_at, s.ended_at, s.deposit_at,
    s.total_amount, s.lines_total,
    CAST(s.lines_total - s.total_amount AS DECIMAL(18, 4)) AS difference,
    s.balanced,
    m.balance_movements, m.activity, m.unclassified, m.matched_by, m.financial_event_group_id, m.finances_activity,
    CASE
        WHEN s.started_at >= c.first_at AND s.ended_at <= c.last_at
            THEN CAST(m.finances_activity - m.activity AS DECIMAL(18, 4))
    END AS finances_difference
FROM settlements AS s
INNER JOIN matched AS m ON s.settlement_id = m.settlement_id
LEFT JOIN regions AS r ON s.currency = r.currency
LEFT JOIN covered AS c ON r.region = c.region
