/*
doc = "Advertising of a day against all sales of the day. Only the same marketplace and currency are compared."
[reads]
ppc = "0"
daily_sales = "0"
*/
WITH ads AS (
    SELECT
        day, marketplace_id, currency, ad_product,
        sum(impressions) AS impressions, sum(clicks) AS clicks, sum(cost) AS cost,
        sum(attributed_sales) AS attributed_sales, sum(attributed_orders) AS attributed_orders,
        sum(attributed_units) AS attributed_units
    FROM ppc
    GROUP BY day, marketplace_id, currency, ad_product
),
sales AS (
    SELECT local_day, marketplace_id, currency, sum(gross_sales) AS total_sales
    FROM daily_sales
    GROUP BY local_day, marketplace_id, currency
)
SELECT
    a.day,
    a.marketplace_id,
    a.currency,
    a.ad_product,
    a.impressions,
    a.clicks,
    a.cost,
    a.attributed_sales,
    a.attributed_orders,
    a.attributed_units,
    s.total_sales,
    ratio(a.cost, a.attributed_sales) AS acos,
    ratio(a.attributed_sales, a.cost) AS roas,
    ratio(a.cost, s.total_sales) AS tacos,
    ratio(a.clicks, a.impressions) AS ctr,
    ratio(a.cost, a.clicks) AS cpc,
    ratio(a.attributed_orders, a.clicks) AS cvr
FROM ads AS a
LEFT JOIN sales AS s
    ON s.local_day = a.day AND s.marketplace_id = a.marketplace_id AND s.currency = a.currency
