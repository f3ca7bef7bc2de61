/*
doc = """
Amazon's Ads reports overlap, so one per ad product counts. The campaign report of Sponsored Products is their
control: where its total of a day exceeds the advertised products (ads without a product, rows dropped for privacy),
the difference becomes a row without SKU, metric by metric, so that sums equal the control. A total whose cost
is below the products' sum is an older report and adds nothing. The marketplace of a profile is the one its deliveries name, else the
only one with its currency; a report that names no currency is in its marketplace's.
"""
[reads]
ads_sp_advertised_product = "0"
ads_sp_campaigns = "0"
ads_sb_campaigns = "0"
ads_sd_advertised_product = "0"
marketplaces = "all"
*/
WITH sp AS (
    SELECT
        date AS day, profile_id, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id,
        advertised_sku AS sku, advertised_asin AS asin, campaign_budget_currency_code AS currency,
        impressions, clicks, coalesce(cost, spend) AS cost,
        sales_7d AS attributed_sales, purchases_7d AS attributed_orders, units_sold_clicks_7d AS attributed_units
    FROM ads_sp_advertised_product
),
sp_products AS (
    SELECT
        day, profile_id, campaign_id,
        sum(impressions) AS impressions, sum(clicks) AS clicks, sum(cost) AS cost,
        sum(attributed_sales) AS attributed_sales, sum(attributed_orders) AS attributed_orders,
        sum(attributed_units) AS attributed_units
    FROM sp
    GROUP BY day, profile_id, campaign_id
),
sp_totals AS (
    SELECT
        date AS day, profile_id, campaign_id,
        max(campaign_name) AS campaign_name, max(campaign_budget_currency_code) AS currency,
        sum(impressions) AS impressions, sum(clicks) AS clicks, sum(coalesce(cost, spend)) AS cost,
        sum(sales_7d) AS attributed_sales, sum(purchases_7d) AS attributed_orders,
        sum(units_sold_clicks_7d) AS attributed_units
    FROM ads_sp_campaigns
    GROUP BY date, profile_id, campaign_id
),
differences AS (
    SELECT
        t.day, t.profile_id, t.campaign_id, t.campaign_name, t.currency,
        t.impressions - coalesce(p.impressions, 0) AS impressions,
        t.clicks - coalesce(p.clicks, 0) AS clicks,
        t.cost - coalesce(p.cost, 0) AS cost,
        t.attributed_sales - coalesce(p.attributed_sales, 0) AS attributed_sales,
        t.attributed_orders - coalesce(p.attributed_orders, 0) AS attributed_orders,
        t.attributed_units - coalesce(p.attributed_units, 0) AS attributed_units
    FROM sp_totals AS t
    LEFT JOIN sp_products AS p
        ON p.day = t.day AND p.profile_id = t.profile_id AND p.campaign_id = t.campaign_id
),
rows_of_all AS (
    SELECT 'SP' AS ad_product, sp.*, 7 AS attribution_days, false AS is_remainder
    FROM sp
    UNION ALL
    SELECT
        'SP', day, profile_id, campaign_id, campaign_name, NULL, NULL, NULL, NULL, NULL, currency,
        impressions, clicks, cost, attributed_sales, attributed_orders, attributed_units, 7, true
    FROM differences
    WHERE cost > 0 OR (
        coalesce(cost, 0) = 0
        AND (clicks > 0 OR impressions > 0 OR attributed_sales > 0 OR attributed_orders > 0 OR attributed_units > 0)
    )
    UNION ALL
    SELECT
        'SB', date, profile_id, campaign_id, campaign_name, NULL, NULL, NULL, NULL, NULL,
        campaign_budget_currency_code, impressions, clicks, cost, sales, purchases, units_sold, 14, false
    FROM ads_sb_campaigns
    UNION ALL
    SELECT
        'SD', date, profile_id, campaign_id, campaign_name, ad_group_id, ad_group_name, ad_id,
        promoted_sku, promoted_asin, campaign_budget_currency_code,
        impressions, clicks, cost, sales, purchases, units_sold, 14, false
    FROM ads_sd_advertised_product
),
named_profiles AS (
    SELECT profile_id, max(marketplace_id) AS marketplace_id
    FROM (
        SELECT profile_id, marketplace_id FROM ads_sp_advertised_product
        UNION ALL
        SELECT profile_id, marketplace_id FROM ads_sp_campaigns
        UNION ALL
        SELECT profile_id, marketplace_id FROM ads_sb_campaigns
        UNION ALL
        SELECT profile_id, marketplace_id FROM ads_sd_advertised_product
    )
    GROUP BY profile_id
),
profiles AS (
    SELECT n.profile_id, n.marketplace_id, m.currency
    FROM named_profiles AS n
    LEFT JOIN marketplaces AS m ON m.marketplace_id = n.marketplace_id
),
only_there AS (
    SELECT currency, min(marketplace_id) AS marketplace_id
    FROM marketplaces
    GROUP BY currency
    HAVING count(*) = 1
)
SELECT
    r.day, r.profile_id, coalesce(p.marketplace_id, m.marketplace_id) AS marketplace_id, r.ad_product,
    r.campaign_id, r.campaign_name, r.ad_group_id, r.ad_group_name, r.ad_id, r.sku, r.asin,
    coalesce(r.currency, p.currency) AS currency,
    r.impressions, r.clicks, r.cost, r.attributed_sales, r.attributed_orders, r.attributed_units,
    r.attribution_days, r.is_remainder
FROM rows_of_all AS r
LEFT JOIN profiles AS p ON p.profile_id = r.profile_id
LEFT JOIN only_there AS m ON m.currency = r.currency
