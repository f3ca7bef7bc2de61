/*
doc = "Ad spend by the day of the click, negative."
[documents]
ads_sp_advertised_product = [{ date = "day", profile_id = "profile_id", campaign_id = "campaign_id" }]
ads_sp_campaigns = [{ date = "day", profile_id = "profile_id", campaign_id = "campaign_id" }]
ads_sb_campaigns = [{ date = "day", profile_id = "profile_id", campaign_id = "campaign_id" }]
ads_sd_advertised_product = [{ date = "day", profile_id = "profile_id", campaign_id = "campaign_id" }]
*/
SELECT
    p.seller_id,
    CASE p.ad_product
        WHEN 'SP' THEN 'sponsored_products' WHEN 'SB' THEN 'sponsored_brands' ELSE 'sponsored_display'
    END AS category,
    p.day, p.marketplace_id, coalesce(p.currency, m.currency) AS currency, CAST(NULL AS VARCHAR) AS order_id, p.sku,
    -p.cost AS amount, CAST(NULL AS BIGINT) AS units,
    p.profile_id, p.campaign_id
FROM ppc AS p
LEFT JOIN marketplaces AS m ON p.marketplace_id = m.marketplace_id
