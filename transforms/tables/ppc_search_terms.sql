/*
doc = """
Search terms by day from the Ads API, and by period from console exports, whose rows say their own days or else cover
the export's window. Rows are marked where the two, or two exports, cover the same days of a profile.
"""
emits = "0..3"
[reads]
ads_sp_search_term = "0..2"
ads_sb_search_term = "0..2"
ads_console_search_terms = "-3..0"
marketplaces = "all"
*/
WITH terms AS (
    SELECT
        date AS period_from, date AS period_to, profile_id, marketplace_id, NULL AS portfolio_name,
        campaign_id, campaign_name, ad_group_id, ad_group_name, coalesce(targeting, keyword) AS targeting,
        match_type, search_term, campaign_budget_currency_code AS currency, impressions, clicks,
        coalesce(cost, spend) AS cost, sales_7d AS attributed_sales, purchases_7d AS attributed_orders,
        units_sold_clicks_7d AS attributed_units, 7 AS attribution_days, 'ads_sp_search_term' AS origin,
        '' AS export
    FROM ads_sp_search_term
    UNION ALL
    SELECT
        date AS period_from, date AS period_to, profile_id, marketplace_id, NULL AS portfolio_name,
        campaign_id, campaign_name, ad_group_id, ad_group_name, keyword_text AS targeting,
        match_type, search_term, campaign_budget_currency_code, impressions, clicks,
        cost, sales, purchases, units_sold, 14, 'ads_sb_search_term', ''
    FROM ads_sb_search_term
    UNION ALL
    SELECT
        coalesce(day, period_from, window_from), coalesce(day, period_to, window_to), profile_id, marketplace_id,
        portfolio, campaign_id, campaign, ad_group_id, ad_group, targeting,
        match_type, search_term, currency, impressions, clicks,
        spend, coalesce(sales_7d, sales_14d, sales), coalesce(orders_7d, orders_14d, orders),
        coalesce(units_7d, units_14d, units),
        CASE
            WHEN coalesce(sales_7d, orders_7d, units_7d) IS NOT NULL THEN 7
            WHEN coalesce(sales_14d, orders_14d, units_14d) IS NOT NULL THEN 14
        END,
        'ads_console_search_terms',
        concat(CAST(window_from AS VARCHAR), '..', CAST(window_to AS VARCHAR))
    FROM ads_console_search_terms
),
periods AS (
    SELECT DISTINCT origin, coalesce(profile_id, '') AS profile, period_from, period_to, export
    FROM terms
),
overlapping AS (
    SELECT DISTINCT a.origin, a.profile, a.period_from, a.period_to, a.export
    FROM periods AS a
    INNER JOIN periods AS b ON b.profile = a.profile
    WHERE a.period_from <= b.period_to AND b.period_from <= a.period_to
        -- The two of the Ads API are of different products, and a console export may be of either.
        AND NOT (a.origin LIKE 'ads_s_%' AND b.origin LIKE 'ads_s_%')
        AND (
            a.origin <> b.origin OR a.period_from <> b.period_from OR a.period_to <> b.period_to
            -- One day in the exports of two windows.
            OR a.export <> b.export
        )
),
only_there AS (
    SELECT currency, min(marketplace_id) AS marketplace_id
    FROM marketplaces
    GROUP BY currency
    HAVING count(*) = 1
)
SELECT
    t.period_from, t.period_to, t.profile_id, coalesce(t.marketplace_id, m.marketplace_id) AS marketplace_id,
    t.portfolio_name, t.campaign_id, t.campaign_name, t.ad_group_id, t.ad_group_name, t.targeting, t.match_type,
    t.search_term, coalesce(t.currency, home.currency) AS currency, t.impressions, t.clicks, t.cost,
    t.attributed_sales, t.attributed_orders, t.attributed_units, t.attribution_days,
    o.origin IS NOT NULL AS overlaps,
    t.origin
FROM marketplaces AS home
RIGHT JOIN terms AS t ON home.marketplace_id = t.marketplace_id
LEFT JOIN overlapping AS o
    ON o.origin = t.origin AND o.profile = coalesce(t.profile_id, '')
    AND o.period_from = t.period_from AND o.period_to = t.period_to AND o.export = t.export
LEFT JOIN only_there AS m ON m.currency = t.currency
WHERE month_of(t.period_from) = $month
